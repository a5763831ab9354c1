from typing import Any

from django.core.management.base import BaseCommand
from django.db import transaction

from pixels.models import Credential, PixelSecrets
from pixels.models.sealed import CannotOpen


class Command(BaseCommand):
    help = (
        "Seals all stored credentials and secret options with the first of CREDENTIAL_KEYS. "
        "Afterwards the others can be taken out. Can be stopped and run again at any time."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        done = unreadable = 0
        for rows in (
            Credential.objects.select_related("connection"),
            PixelSecrets.objects.select_related("pixel"),
        ):
            for pk in rows.values_list("pk", flat=True):
                with transaction.atomic():
                    sealed = rows.select_for_update(of=("self",)).filter(pk=pk).first()
                    if sealed is None:
                        continue
                    try:
                        sealed.reseal()
                    except CannotOpen:
                        unreadable += 1
                    else:
                        done += 1
        self.stdout.write(f"Sealed again: {done}. Could not be read with any key: {unreadable}.")
