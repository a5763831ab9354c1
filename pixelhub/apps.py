import logging

from django.apps import AppConfig
from django.conf import settings

logger = logging.getLogger(__name__)


class PixelHubConfig(AppConfig):
    name = "pixelhub"
    verbose_name = "PixelHub"

    def ready(self) -> None:
        from . import checks  # noqa: F401  (registers them)

        for old in settings.OLD_NAMES_IN_USE:
            logger.warning("%s is called %s now; the old name still works.", old, settings.OLD_NAMES[old])
