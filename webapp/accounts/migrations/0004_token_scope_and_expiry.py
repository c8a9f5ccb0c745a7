from datetime import timedelta

from django.db import migrations, models
from django.utils import timezone

# How long a token from before goes on working.
DAYS = 90


def fill(apps, schema_editor):
    """A script that works today goes on working: its token keeps what it could do."""
    apps.get_model("accounts", "ApiToken").objects.filter(scope=None).update(
        scope="administer", expires_at=timezone.now() + timedelta(days=DAYS)
    )


class Migration(migrations.Migration):
    dependencies = [("accounts", "0003_deleted_in_background")]

    operations = [
        migrations.AddField(
            model_name="apitoken",
            name="scope",
            field=models.CharField(
                max_length=10,
                null=True,
                choices=[
                    ("read", "Read"),
                    ("write", "Read and write"),
                    ("administer", "Administer"),
                ],
            ),
        ),
        migrations.AddField(
            model_name="apitoken", name="expires_at", field=models.DateTimeField(null=True)
        ),
        migrations.RunPython(fill, migrations.RunPython.noop),
    ]
