"""Rows keep the code of a message and its parameters in place of an English sentence.

What is stored already stays as it is, with the code "literal".
"""

from django.db import migrations, models
from django.db.models import F, TextField, Value
from django.db.models.fields.json import KT
from django.db.models.functions import Cast, Coalesce, JSONObject, Left

LITERAL = "literal"
# Model, the column of the sentence before, columns of the code and of the parameters.
COLUMNS = [
    ("Pixel", "error_sentence", "error_message", "error_params"),
    ("Operation", "error_sentence", "error_message", "error_params"),
    ("SyncRun", "error_sentence", "error_message", "error_params"),
    ("Connection", "test_sentence", "test_message", "test_params"),
    ("Connection", "ad_accounts_error", "ad_accounts_error", "ad_accounts_error_params"),
]


def carry_over(apps, schema_editor):
    for model, sentence, code, params in COLUMNS:
        said = {"text": F(sentence)} | ({"advice": F("error_advice")} if model == "Pixel" else {})
        rows = apps.get_model("pixels", model).objects.exclude(**{sentence: ""})
        rows.update(**{params: JSONObject(**said), code: LITERAL})
    for run in _stopped(apps):
        run.cursor["stopped"] = [LITERAL, {"text": run.cursor["stopped"]}]
        run.save(update_fields=["cursor"])
    _check_now(schema_editor)


def carry_back(apps, schema_editor):
    """A sentence that was stored after the change is named by its code."""
    for model, sentence, code, params in COLUMNS:
        rows = apps.get_model("pixels", model).objects.exclude(**{code: ""})
        rows.update(**{sentence: Left(Coalesce(KT(f"{params}__text"), Cast(code, TextField())), 500)})
        if model == "Pixel":
            rows.update(error_advice=Left(Coalesce(KT(f"{params}__advice"), Value("", TextField())), 500))
    for run in _stopped(apps):
        code, params = run.cursor["stopped"]
        run.cursor["stopped"] = params.get("text", code)
        run.save(update_fields=["cursor"])
    _check_now(schema_editor)


def _stopped(apps):
    """Open runs whose cursor says why one of their lists was not concluded."""
    runs = apps.get_model("pixels", "SyncRun").objects.exclude(cursor=None)
    return [run for run in runs if run.cursor.get("stopped")]


def _check_now(schema_editor):
    """PostgreSQL alters no table while checks of a row that was written twice wait for the end of the transaction."""
    schema_editor.connection.check_constraints()


class Migration(migrations.Migration):
    dependencies = [("pixels", "0010_unconfirmed_operations")]

    operations = [
        *(
            migrations.AddField(model, f"{name}_message", models.CharField(blank=True, max_length=64))
            for model, name in [
                ("pixel", "error"),
                ("operation", "error"),
                ("syncrun", "error"),
                ("connection", "test"),
            ]
        ),
        *(
            migrations.AddField(model, f"{name}_params", models.JSONField(blank=True, default=dict))
            for model, name in [
                ("pixel", "error"),
                ("operation", "error"),
                ("syncrun", "error"),
                ("connection", "test"),
                ("connection", "ad_accounts_error"),
            ]
        ),
        migrations.RunPython(carry_over, carry_back),
        migrations.RemoveField("pixel", "error_sentence"),
        migrations.RemoveField("pixel", "error_advice"),
        migrations.RemoveField("operation", "error_sentence"),
        migrations.RemoveField("syncrun", "error_sentence"),
        migrations.RemoveField("connection", "test_sentence"),
        migrations.AlterField("connection", "ad_accounts_error", models.CharField(blank=True, max_length=64)),
    ]
