from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("training", "0010_runs_wait_in_the_queue"),
    ]

    operations = [
        migrations.AddField(
            model_name="checkpoint",
            name="idempotency_key",
            field=models.CharField(blank=True, default="", max_length=64),
        ),
        migrations.AddField(
            model_name="evaluationcomparison",
            name="idempotency_key",
            field=models.CharField(blank=True, default="", max_length=64),
        ),
        migrations.AddConstraint(
            model_name="checkpoint",
            constraint=models.UniqueConstraint(
                condition=models.Q(("idempotency_key", ""), _negated=True),
                fields=("project", "idempotency_key"),
                name="checkpoint_once",
            ),
        ),
        migrations.AddConstraint(
            model_name="evaluationcomparison",
            constraint=models.UniqueConstraint(
                condition=models.Q(("idempotency_key", ""), _negated=True),
                fields=("run", "idempotency_key"),
                name="comparison_once",
            ),
        ),
    ]
