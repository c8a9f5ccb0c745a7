from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("annotation", "0020_concerns_are_handled"),
    ]

    operations = [
        migrations.AddField(
            model_name="importrun",
            name="broken_counted",
            field=models.PositiveIntegerField(default=0),
        ),
        migrations.AddField(
            model_name="importrun",
            name="counted_to",
            field=models.PositiveIntegerField(default=0),
        ),
    ]
