from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("training", "0013_no_delete_no_truncate"),
    ]

    operations = [
        migrations.AddField(
            model_name="rollout",
            name="cut",
            field=models.PositiveIntegerField(default=0),
        ),
    ]
