from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("training", "0016_models_of_packages"),
    ]

    operations = [
        migrations.AlterField(
            model_name="checkpoint",
            name="origin",
            field=models.CharField(
                choices=[
                    ("starter", "Starter of earlier versions"),
                    ("run", "Training run"),
                    ("upload", "Upload"),
                    ("path", "Folder on the server"),
                    ("hub", "Hugging Face Hub"),
                    ("package", "Package with a model"),
                ],
                max_length=7,
            ),
        ),
    ]
