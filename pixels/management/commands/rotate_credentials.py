from typing import Any

from django.core.management.base import BaseCommand
from django.db import transaction

from pixels.models import Credential
from pixels.models.sealed import CannotOpen


class Command(BaseCommand):
    help = (
        "Seals all stored credentials with the first of CREDENTIAL_KEYS. Afterwards the others can be taken out. "
        "Can be stopped and run again at any time."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        done = unreadable = 0
        for pk in Credential.objects.values_list("pk", flat=True):
            with transaction.atomic():
                credential = Credential.objects.select_for_update(of=("self",)).select_related("connection").get(pk=pk)
                try:
                    credential.reseal()
                except CannotOpen:
                    unreadable += 1
                else:
                    done += 1
        self.stdout.write(f"Sealed again: {done}. Could not be read with any key: {unreadable}.")
