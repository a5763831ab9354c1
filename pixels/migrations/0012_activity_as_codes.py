"""Lines of the activity log about websites, connections and pixels get their codes, after accounts 0002.

A line that no code stands for keeps its English.
"""

import re

from django.db import migrations

FIELDS = r"(?P<fields>\w+(, \w+)*)"
# (verb, kind) of a line: its codes, each with the form of its detail and the parameters in it.
CODES = {
    ("added", "website"): {"website.added": ""},
    ("changed", "website"): {"website.changed": ""},
    ("archived", "website"): {"website.archived": ""},
    ("restored", "website"): {"website.restored": ""},
    ("added", "connection"): {"connection.added": ""},
    ("replaced the credentials of", "connection"): {"connection.credentials_replaced": ""},
    ("added an ad account to", "connection"): {"connection.ad_account_added": "(?P<ad_account>.+)"},
    ("disconnected", "connection"): {"connection.disconnected": ""},
    ("started a sync of", "connection"): {"connection.sync_started": ""},
    ("confirmed what is gone and started a sync of", "connection"): {"connection.gone_confirmed": ""},
    ("created", "pixel"): {"pixel.created": ""},
    ("archived", "pixel"): {"pixel.archived": ""},
    ("restored", "pixel"): {"pixel.restored": ""},
    ("moved", "pixel"): {"pixel.moved_out": "to no website", "pixel.moved": "to (?P<website>.+)"},
    ("filled in the snippet of", "pixel"): {"pixel.snippet_filled_in": ""},
    ("asked to change", "pixel"): {"pixel.change_asked": FIELDS},
    ("asked to activate", "pixel"): {"pixel.activation_asked": ""},
    ("asked to deactivate", "pixel"): {"pixel.deactivation_asked": ""},
    ("asked to delete", "pixel"): {"pixel.delete_asked": ""},
    ("retried", "pixel"): {"pixel.retried": ""},
    ("cancelled the change of", "pixel"): {"pixel.change_cancelled": ""},
    ("cancelled the open work of", "pixel"): {"pixel.work_cancelled": ""},
    ("did not send a change, as theirs had changed too:", "pixel"): {"pixel.change_conflicted": FIELDS},
    ("adopted the provider's values of", "pixel"): {"pixel.theirs_adopted": FIELDS},
    ("asked to restore our values of", "pixel"): {"pixel.ours_asked": FIELDS},
    ("ignores differences of", "pixel"): {"pixel.drift_ignored": FIELDS},
    ("watches again for differences of", "pixel"): {"pixel.drift_watched": FIELDS},
    ("found after a lost answer", "pixel"): {"pixel.found": "as (?P<remote_id>.+)"},
    ("said that it is there:", "pixel"): {"pixel.exists_confirmed": "as (?P<remote_id>.+)"},
    ("said that it is not there and sent again:", "pixel"): {"pixel.absent_confirmed": ""},
    ("dismissed the message of", "pixel"): {"pixel.message_dismissed": ""},
}
BATCH = 1000


def to_codes(apps, schema_editor):
    rows = apps.get_model("accounts", "Activity").objects.filter(code="").order_by("pk")
    last = 0
    while batch := list(rows.filter(pk__gt=last)[:BATCH]):
        providers = _providers(apps, [row.target_id for row in batch if row.kind == "pixel"])
        for row in batch:
            _translate(row, providers)
        rows.bulk_update(batch, ["code", "params"])
        last = batch[-1].pk


def _providers(apps, ids):
    """The provider of each pixel, by the pixel's id as a text."""
    pixels = apps.get_model("pixels", "Pixel").objects.filter(pk__in=ids)
    return {str(pk): provider for pk, provider in pixels.values_list("pk", "connection__provider")}


def _translate(row, providers):
    for code, form in CODES.get((row.params["verb"], row.kind), {}).items():
        found = re.fullmatch(form, row.params["detail"])
        if found is None:
            continue
        params = found.groupdict()
        if "fields" in params:
            if row.target_id not in providers:
                return  # without its provider nobody knows what the fields are called
            params = {"provider": providers[row.target_id], "fields": params["fields"].split(", ")}
        row.code, row.params = code, params
        return


class Migration(migrations.Migration):
    dependencies = [("pixels", "0011_messages_as_codes"), ("accounts", "0002_activity_as_codes")]

    operations = [migrations.RunPython(to_codes, migrations.RunPython.noop)]
