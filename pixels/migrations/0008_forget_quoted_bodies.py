from django.db import migrations

WORDS = {"Connection": "test_words", "SyncRun": "error_words", "Pixel": "error_words"}


def forget(apps, schema_editor):
    """Earlier versions stored bodies that they had not parsed, and may so have stored a credential in clear. What was
    quoted cannot be told from what was parsed, so all of it goes; the next error brings new words."""
    for model, field in WORDS.items():
        apps.get_model("pixels", model).objects.exclude(**{field: ""}).update(**{field: ""})


class Migration(migrations.Migration):
    dependencies = [("pixels", "0007_confirmed_counts_and_constraints")]

    operations = [migrations.RunPython(forget, migrations.RunPython.noop, elidable=True)]
