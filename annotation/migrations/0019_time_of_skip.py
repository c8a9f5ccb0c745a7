from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("annotation", "0018_runs_wait_in_the_queue")]

    operations = [
        migrations.AddField(
            model_name="assignment",
            name="skipped_at",
            field=models.DateTimeField(null=True),
        ),
    ]
