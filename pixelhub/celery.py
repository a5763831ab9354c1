"""The Celery application. Messages carry ids only; the database row is the truth and a message only a hint."""

import os

from celery import Celery

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "pixelhub.settings")

app = Celery("pixelhub")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
