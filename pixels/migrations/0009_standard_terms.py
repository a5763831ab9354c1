"""Columns and tables get the field's standard names; no value changes."""

import django.db.models.deletion
from django.db import migrations, models
from django.db.models import F, Q

from pixels.models.pixel import Sought

RENAMED = {
    "Connection": {
        "hinted_at": "last_enqueued_at",
        "turn_until": "drain_lease_until",
        "closed_until": "circuit_open_until",
        "told": "last_notified_state",
        "offered_at": "ad_accounts_listed_at",
        "offer_tried_at": "ad_accounts_tried_at",
        "offer_error": "ad_accounts_error",
        "test_words": "test_provider_message",
    },
    "AdAccount": {
        "fires_asked_at": "last_fired_report_asked_at",
        "fires_seen_at": "last_fired_report_seen_at",
        "fires_report": "last_fired_report_id",
    },
    "RateLimit": {"closed_until": "blocked_until"},
    "Operation": {
        "seen_before": "preexisting_ids",
        "doubts": "unconfirmed_count",
        "look_again_at": "duplicate_check_at",
        "looked_again": "duplicate_checks_done",
    },
    "SyncRun": {"deaths": "crashes", "place": "cursor", "error_words": "error_provider_message"},
    "Pixel": {
        "remote": "remote_status",
        "theirs": "remote_values",
        "agreed": "base_values",
        "twins": "duplicate_remote_ids",
        "digest": "remote_hash",
        "fires_seen_at": "last_fired_report_seen_at",
        "error_words": "error_provider_message",
    },
}
# The databases carry a renamed column along into its indexes; Django has to be told of that.
BEFORE = [
    migrations.RemoveIndex("operation", "operation_look_again"),
    *(migrations.RemoveIndex("pixel", name) for name in ("pixel_list", "pixel_of_connection", "pixel_unread")),
]
AFTER = [
    migrations.AddIndex(
        "operation",
        models.Index(
            fields=["duplicate_check_at"], condition=Q(duplicate_check_at__isnull=False), name="operation_look_again"
        ),
    ),
    migrations.AddIndex(
        "pixel",
        models.Index(
            *(F("team"), F("created_at"), F("id"), F("archived_at"), F("lifecycle"), F("remote_status")),
            *(F("error_code"), F("connection"), F("website"), F("name"), F("remote_id")),
            Sought("name", "remote_id"),
            name="pixel_list",
        ),
    ),
    migrations.AddIndex(
        "pixel",
        models.Index(
            fields=["connection", "archived_at", "lifecycle", "remote_status", "error_code"], name="pixel_of_connection"
        ),
    ),
    migrations.AddIndex(
        "pixel", models.Index(fields=["created_at"], condition=Q(remote_values__isnull=True), name="pixel_unread")
    ),
]


class Migration(migrations.Migration):
    dependencies = [("pixels", "0008_forget_quoted_bodies")]

    operations = [
        migrations.RenameModel("Gate", "RateLimit"),
        migrations.RenameModel("OfferedAdAccount", "AvailableAdAccount"),
        migrations.AlterField(
            "availableadaccount",
            "connection",
            models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE,
                related_name="available_ad_accounts",
                to="pixels.connection",
            ),
        ),
        migrations.SeparateDatabaseAndState(state_operations=BEFORE),
        *(migrations.RenameField(model, old, new) for model, names in RENAMED.items() for old, new in names.items()),
        migrations.SeparateDatabaseAndState(state_operations=AFTER),
        migrations.RenameIndex("operation", "operation_duplicate_check", old_name="operation_look_again"),
    ]
