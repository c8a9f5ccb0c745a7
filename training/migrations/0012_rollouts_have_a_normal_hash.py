"""Rollouts have a hash that is the same where two texts say the same. Those that are there get
theirs."""

from django.db import migrations, models

from annotation.formats.records import supporter_turn
from annotation.ratings.same_text import normal_hash

CHUNK = 1_000


def fill(apps, schema_editor):
    table = apps.get_model("training", "Rollout")
    ids = list(table.objects.values_list("pk", flat=True))
    for start in range(0, len(ids), CHUNK):
        rows = list(table.objects.filter(pk__in=ids[start : start + CHUNK]).only("raw", "spans"))
        for row in rows:
            said = row.spans["response"] if row.spans else supporter_turn(row.raw)[0].text
            row.normal_hash = normal_hash(said)
        table.objects.bulk_update(rows, ["normal_hash"])


class Migration(migrations.Migration):

    dependencies = [
        ('training', '0011_models_and_comparisons_once'),
    ]

    operations = [
        migrations.AddField(
            model_name='rollout',
            name='normal_hash',
            field=models.CharField(blank=True, max_length=64, null=True),
        ),
        migrations.RunPython(fill, migrations.RunPython.noop),
        migrations.AlterField(
            model_name='rollout',
            name='normal_hash',
            field=models.CharField(blank=True, max_length=64),
        ),
        migrations.AddIndex(
            model_name='rollout',
            index=models.Index(fields=['project', 'normal_hash'], name='rollout_normal_hash'),
        ),
    ]
