import os

from django.core.exceptions import ImproperlyConfigured
from django.core.management.base import BaseCommand, CommandError

from pixelhub.local import broker


class Command(BaseCommand):
    help = "Runs the embedded broker in this process; `manage.py run` starts it unless REDIS_URL is set."
    requires_system_checks = ()

    def handle(self, *args, **options) -> None:
        try:
            command = broker.command()
        except ImproperlyConfigured as error:
            raise CommandError(str(error)) from error
        # This process becomes the server, so that signals reach it and no orphan is left behind.
        os.execv(command[0], command)
