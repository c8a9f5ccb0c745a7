from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("training", "0017_starter_of_earlier_versions"),
    ]

    operations = [
        migrations.AddField(
            model_name="trainingrun",
            name="recorded",
            field=models.JSONField(null=True),
        ),
    ]
