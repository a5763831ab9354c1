from django.apps import AppConfig


class PixelsConfig(AppConfig):
    name = "pixels"
    verbose_name = "Pixels"

    def ready(self) -> None:
        from . import checks  # noqa: F401  (registers them)
