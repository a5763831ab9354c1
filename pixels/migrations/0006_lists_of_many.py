from django.db import migrations, models

from pixels.models.pixel import Sought

F = models.F


class Migration(migrations.Migration):
    dependencies = [
        ("pixels", "0005_operations_gates_and_drift"),
    ]

    operations = [
        migrations.RemoveIndex(model_name="pixel", name="pixel_list"),
        migrations.AddIndex(
            model_name="pixel",
            index=models.Index(
                *(F("team"), F("created_at"), F("id"), F("archived_at"), F("lifecycle"), F("remote")),
                *(F("error_code"), F("connection"), F("website"), F("name"), F("remote_id")),
                Sought("name", "remote_id"),
                name="pixel_list",
            ),
        ),
        migrations.AddIndex(
            model_name="pixel",
            index=models.Index(
                fields=["connection", "archived_at", "lifecycle", "remote", "error_code"], name="pixel_of_connection"
            ),
        ),
    ]
