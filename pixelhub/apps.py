from django.apps import AppConfig


class PixelHubConfig(AppConfig):
    name = "pixelhub"
    verbose_name = "PixelHub"

    def ready(self) -> None:
        from . import checks  # noqa: F401  (registers them)
