from django.apps import AppConfig


class PixelsConfig(AppConfig):
    name = "pixels"
    verbose_name = "Pixels"

    def ready(self) -> None:
        from accounts.activity import register

        from . import checks  # noqa: F401  (registers them)
        from .messages import activity

        register(activity.KINDS, activity.VERBS, activity.DETAILS)
