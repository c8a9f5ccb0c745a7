"""Targets and attempts have a hash that is the same where two texts say the same. Those that are
there get theirs."""

from collections import defaultdict

from django.db import migrations, models

from annotation.ratings.same_text import dialogue_hash, normal_hash

CHUNK = 1_000


def fill(apps, schema_editor):
    for model, words in (("Target", _words_of_targets), ("Attempt", _words_of_attempts)):
        table = apps.get_model("annotation", model)
        # These rows never change otherwise; the hash is no change of what they say.
        schema_editor.execute(f"ALTER TABLE {table._meta.db_table} DISABLE TRIGGER USER")
        ids = list(table.objects.values_list("pk", flat=True))
        for start in range(0, len(ids), CHUNK):
            rows = list(table.objects.filter(pk__in=ids[start : start + CHUNK]))
            said = words(apps, rows)
            for row in rows:
                row.normal_hash = said[row.pk]
            table.objects.bulk_update(rows, ["normal_hash"])
        schema_editor.execute(f"ALTER TABLE {table._meta.db_table} ENABLE TRIGGER USER")


def _words_of_targets(apps, rows):
    turns = apps.get_model("annotation", "Turn").objects
    texts = dict(turns.filter(pk__in=[row.turn_id for row in rows]).values_list("pk", "text"))
    spoken = defaultdict(list)
    in_dialogues = turns.filter(dialogue__in=[row.dialogue_id for row in rows])
    for dialogue, role, text in in_dialogues.order_by("position").values_list(
        "dialogue_id", "role", "text"
    ):
        spoken[dialogue].append((role, text))
    return {row.pk: _hash_of(row, texts, spoken) for row in rows}


def _hash_of(row, texts, spoken):
    if row.kind == "turn":
        return normal_hash(texts[row.turn_id])
    if row.kind == "dialogue":
        return dialogue_hash(spoken[row.dialogue_id])
    return normal_hash(row.context["candidate"]["response"])


def _words_of_attempts(apps, rows):
    return {row.pk: normal_hash(row.text) for row in rows}


class Migration(migrations.Migration):

    dependencies = [
        ('annotation', '0021_broken_lines_are_counted'),
    ]

    operations = [
        migrations.AddField(
            model_name='target',
            name='normal_hash',
            field=models.CharField(blank=True, max_length=64, null=True),
        ),
        migrations.AddField(
            model_name='attempt',
            name='normal_hash',
            field=models.CharField(blank=True, max_length=64, null=True),
        ),
        migrations.RunPython(fill, migrations.RunPython.noop),
    ]
