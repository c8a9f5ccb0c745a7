from django.db import migrations, models
from django.db.models import Q


class Migration(migrations.Migration):
    dependencies = [
        ("training", "0015_sft_needs_no_judge"),
    ]

    operations = [
        # Every download of before came from the hub.
        migrations.AddField(
            model_name="modelfetch",
            name="source",
            field=models.CharField(
                choices=[("hub", "Hugging Face Hub"), ("package", "Package with a model")],
                default="hub",
                max_length=7,
            ),
        ),
        migrations.AddConstraint(
            model_name="modelfetch",
            constraint=models.CheckConstraint(
                condition=Q(source__in=["hub", "package"]), name="modelfetch_known_source"
            ),
        ),
        migrations.AlterField(
            model_name="checkpoint",
            name="origin",
            field=models.CharField(
                choices=[
                    ("starter", "Starter model"),
                    ("run", "Training run"),
                    ("upload", "Upload"),
                    ("path", "Folder on the server"),
                    ("hub", "Hugging Face Hub"),
                    ("package", "Package with a model"),
                ],
                max_length=7,
            ),
        ),
        migrations.RemoveConstraint(model_name="checkpoint", name="checkpoint_origin"),
        migrations.AddConstraint(
            model_name="checkpoint",
            constraint=models.CheckConstraint(
                condition=Q(origin="run", run__isnull=False)
                | Q(origin__in=["starter", "upload", "path", "hub", "package"], run=None),
                name="checkpoint_origin",
            ),
        ),
        migrations.AddConstraint(
            model_name="checkpoint",
            constraint=models.UniqueConstraint(
                fields=["project", "source"],
                condition=Q(origin="package"),
                name="checkpoint_of_package",
            ),
        ),
    ]
