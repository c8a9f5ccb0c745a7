from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("annotation", "0016_blind_comparisons")]

    operations = [
        migrations.AddField(
            model_name="assignment",
            name="skipped_at",
            field=models.DateTimeField(null=True),
        ),
    ]
