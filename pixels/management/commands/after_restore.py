from typing import Any

from django.core.management.base import BaseCommand

from pixels.services.restore import after_restore


class Command(BaseCommand):
    help = (
        "To be run once after a backup of the database was put back, before the workers are started: what was open in "
        "it is looked up at the providers before anything is sent."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        found = after_restore()
        self.stdout.write(
            f"To be looked up: {found['creates']} creates. Not sent again: {found['changes']} changes, told on their "
            f"pixels' pages. To be repeated: {found['deletes']} deletes. The next sync reads everything."
        )
