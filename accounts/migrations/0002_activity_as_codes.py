"""The activity log keeps codes and parameters instead of English.

A line that no code of this app stands for keeps its verb and its detail among the parameters; other apps' migrations go
on from there (pixels 0012).
"""

import re

from django.db import migrations, models

ROLE = "(owner|admin|editor|viewer)"
# (verb, kind) of a line: its code, and the form of its detail with the parameters.
CODES = {
    ("created", "team"): ("team.created", ""),
    ("created", "invitation"): ("invitation.created", f"as (?P<role>{ROLE})"),
    ("accepted", "invitation"): ("invitation.accepted", f"as (?P<role>{ROLE})"),
    ("revoked", "invitation"): ("invitation.revoked", ""),
    ("changed", "member"): ("member.changed", f"(?P<before>{ROLE}) → (?P<after>{ROLE})"),
    ("removed", "member"): ("member.removed", f"was (?P<role>{ROLE})"),
}
BATCH = 1000


def to_codes(apps, schema_editor):
    rows = apps.get_model("accounts", "Activity").objects.order_by("pk")
    last = 0
    while batch := list(rows.filter(pk__gt=last)[:BATCH]):
        for row in batch:
            code, form = CODES.get((row.verb, row.kind), ("", None))
            found = re.fullmatch(form, row.detail) if form is not None else None
            if found:
                row.code, row.params = code, found.groupdict()
            else:
                row.params = {"verb": row.verb, "detail": row.detail}
        rows.bulk_update(batch, ["code", "params"])
        last = batch[-1].pk


def to_text(apps, schema_editor):
    """The former version shows the code where it had an English verb."""
    rows = apps.get_model("accounts", "Activity").objects.order_by("pk")
    last = 0
    while batch := list(rows.filter(pk__gt=last)[:BATCH]):
        for row in batch:
            row.verb, row.detail = row.params.get("verb", row.code), row.params.get("detail", "")
        rows.bulk_update(batch, ["verb", "detail"])
        last = batch[-1].pk


class Migration(migrations.Migration):
    dependencies = [("accounts", "0001_initial")]

    operations = [
        migrations.AddField("activity", "code", models.CharField(blank=True, max_length=50)),
        migrations.AddField("activity", "params", models.JSONField(blank=True, default=dict)),
        # Blank, so that the column can come back when this is undone.
        migrations.AlterField("activity", "verb", models.CharField(blank=True, max_length=50)),
        migrations.RunPython(to_codes, to_text),
        migrations.RemoveField("activity", "verb"),
        migrations.RemoveField("activity", "detail"),
    ]
