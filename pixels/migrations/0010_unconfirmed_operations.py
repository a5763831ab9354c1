"""The mark `maybe_sent` becomes a time, and a create that waits for its look-up a state of its own."""

from django.db import migrations, models
from django.db.models import F, Q
from django.db.models.functions import Coalesce

OPEN = ["pending", "unconfirmed", "in_flight"]


def carry_over(apps, schema_editor):
    """When the request left was not recorded; it was after the operation's last failure, or its creation.

    No row is updated twice: PostgreSQL would put off a check of its foreign keys, and alter no table until then.
    """
    marked = apps.get_model("pixels", "Operation").objects.filter(maybe_sent=True)
    sent_at = Coalesce(F("trying_since"), F("created_at"))
    marked.exclude(state="pending").update(sent_at=sent_at)
    marked.filter(state="pending", kind="create").update(state="unconfirmed", sent_at=sent_at)


def carry_back(apps, schema_editor):
    operations = apps.get_model("pixels", "Operation").objects
    operations.exclude(state="unconfirmed").exclude(sent_at=None).update(maybe_sent=True)
    operations.filter(state="unconfirmed").update(state="pending", maybe_sent=True)


class Migration(migrations.Migration):
    dependencies = [("pixels", "0009_standard_terms")]

    operations = [
        migrations.AddField("operation", "sent_at", models.DateTimeField(blank=True, null=True)),
        migrations.RemoveConstraint("operation", "one_open_operation_per_pixel"),
        migrations.RemoveConstraint("operation", "operation_open_until_finished"),
        migrations.AlterField(
            "operation",
            "state",
            models.CharField(
                choices=[
                    ("pending", "Pending"),
                    ("unconfirmed", "Unconfirmed"),
                    ("in_flight", "In flight"),
                    ("done", "Done"),
                    ("failed", "Failed"),
                    ("unknown", "Unknown"),
                    ("cancelled", "Cancelled"),
                ],
                default="pending",
                max_length=12,
            ),
        ),
        migrations.RunPython(carry_over, carry_back),
        migrations.RemoveField("operation", "maybe_sent"),
        migrations.AddConstraint(
            "operation",
            models.UniqueConstraint(fields=["pixel"], condition=Q(state__in=OPEN), name="one_open_operation_per_pixel"),
        ),
        migrations.AddConstraint(
            "operation",
            models.CheckConstraint(
                condition=Q(state__in=OPEN, finished_at__isnull=True)
                | Q(state__in=["done", "failed", "unknown", "cancelled"], finished_at__isnull=False),
                name="operation_open_until_finished",
            ),
        ),
        migrations.AddConstraint(
            "operation",
            models.CheckConstraint(
                condition=Q(state="pending", sent_at__isnull=True)
                | Q(state="unconfirmed", sent_at__isnull=False, kind="create")
                | ~Q(state__in=["pending", "unconfirmed"]),
                name="operation_unconfirmed_while_sent",
            ),
        ),
    ]
