"""The Celery application. Messages carry ids only; the database row is the truth, and a message only notifies."""

import os

from celery import Celery
from kombu.transport import TRANSPORT_ALIASES

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "pixelhub.settings")

# For all forms of a Redis address: redis://, rediss:// and redis+socket://.
TRANSPORT_ALIASES["redis"] = TRANSPORT_ALIASES["rediss"] = "pixelhub.redis_transport:Transport"

app = Celery("pixelhub")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
