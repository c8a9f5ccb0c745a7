import django.db.models.deletion
from django.db import migrations, models
from django.db.models import Q


class Migration(migrations.Migration):
    dependencies = [
        ("training", "0014_rollouts_count_what_the_judge_did_not_read"),
        ("rubrics", "0001_start"),
    ]

    operations = [
        migrations.AlterField(
            model_name="trainingrun",
            name="judge",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="rubrics.judge",
            ),
        ),
        migrations.AddConstraint(
            model_name="trainingrun",
            constraint=models.CheckConstraint(
                condition=Q(judge__isnull=False) | Q(method="sft", then_snapshot__isnull=True),
                name="grpo_has_a_judge",
            ),
        ),
        migrations.AddField(
            model_name="modelfetch",
            name="can_go_on",
            field=models.BooleanField(default=True),
        ),
    ]
