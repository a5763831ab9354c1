from django.db import migrations, models
from django.db.models import Q
from django.db.models.functions import Now


def say_when_it_ended(apps, schema_editor):
    """For the constraints below; only rows that were edited by hand lack it."""
    for name, is_open in (("Operation", ["pending", "in_flight"]), ("SyncRun", ["queued", "running"])):
        rows = apps.get_model("pixels", name).objects
        rows.filter(finished_at__isnull=True).exclude(state__in=is_open).update(finished_at=Now())
        rows.filter(finished_at__isnull=False, state__in=is_open).update(finished_at=None)


class Migration(migrations.Migration):
    dependencies = [("pixels", "0006_lists_of_many")]

    operations = [
        # From yes or no to how many: a person confirms what was shown, and no more.
        migrations.RemoveField(model_name="syncrun", name="confirmed"),
        migrations.AddField(model_name="syncrun", name="confirmed", field=models.PositiveIntegerField(default=0)),
        migrations.AddField(model_name="syncrun", name="lacking", field=models.PositiveIntegerField(default=0)),
        migrations.AddField(
            model_name="adaccount", name="fires_seen_at", field=models.DateTimeField(blank=True, null=True)
        ),
        migrations.AddField(
            model_name="pixel", name="twins", field=models.JSONField(blank=True, default=list, editable=False)
        ),
        migrations.AddField(model_name="gate", name="reads_refused", field=models.JSONField(default=list)),
        migrations.AddField(model_name="gate", name="writes_refused", field=models.JSONField(default=list)),
        migrations.RunPython(say_when_it_ended, migrations.RunPython.noop, elidable=True),
        migrations.AddConstraint(
            model_name="operation",
            constraint=models.CheckConstraint(
                condition=Q(state__in=["pending", "in_flight"], finished_at__isnull=True)
                | Q(state__in=["done", "failed", "unknown", "cancelled"], finished_at__isnull=False),
                name="operation_open_until_finished",
            ),
        ),
        migrations.AddConstraint(
            model_name="syncrun",
            constraint=models.CheckConstraint(
                condition=Q(state__in=["queued", "running"], finished_at__isnull=True)
                | Q(state__in=["done", "failed", "stopped"], finished_at__isnull=False),
                name="sync_run_open_until_finished",
            ),
        ),
    ]
