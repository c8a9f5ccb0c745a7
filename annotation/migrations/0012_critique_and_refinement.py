"""The critic of a generation, and the attempts at each reply with their verdicts."""

import django.db.models.deletion
import pgtrigger.compiler
import pgtrigger.migrations
import webapp.ids
from django.db import migrations, models

from webapp.db import same_project

LINKS = [
    ("annotation_generationcritic", "run_id", "annotation_generationrun"),
    ("annotation_generationcritic", "version_id", "rubrics_rubricversion"),
    ("annotation_generationcritic", "spec_id", "rubrics_spec"),
    ("annotation_generationcritic", "judge_id", "rubrics_judge"),
    ("annotation_attempt", "dialogue_id", "annotation_dialogue"),
    ("annotation_attempt", "judge_call_id", "rubrics_judgecall"),
]


class Migration(migrations.Migration):

    dependencies = [
        ('accounts', '0003_deleted_in_background'),
        ('annotation', '0011_plainer_labels'),
        ('rubrics', '0005_calls_name_their_judge_call'),
    ]

    operations = [
        migrations.CreateModel(
            name='Attempt',
            fields=[
                ('id', models.UUIDField(default=webapp.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('position', models.PositiveSmallIntegerField()),
                ('number', models.PositiveSmallIntegerField()),
                ('text', models.TextField()),
                ('understanding', models.TextField(blank=True)),
                ('reasoning', models.TextField(blank=True)),
                ('emotion', models.TextField(blank=True)),
                ('raw', models.TextField()),
                ('seed', models.PositiveIntegerField()),
                ('context_hash', models.CharField(max_length=64)),
                ('created_at', models.DateTimeField(auto_now_add=True)),
                ('verdict', models.CharField(choices=[('waiting', 'Waiting'), ('error', 'No verdict'), ('fail', 'FAIL'), ('pass', 'PASS'), ('solved', 'SOLVED')], default='waiting', max_length=7)),
                ('scores', models.JSONField(default=dict)),
                ('total', models.FloatField(null=True)),
                ('critique', models.TextField(blank=True)),
                ('error', models.TextField(blank=True)),
                ('judged_at', models.DateTimeField(null=True)),
            ],
            options={
                'ordering': ['position', 'number'],
                'abstract': False,
            },
        ),
        migrations.CreateModel(
            name='GenerationCritic',
            fields=[
                ('id', models.UUIDField(default=webapp.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('thresholds', models.JSONField()),
                ('revisions', models.PositiveSmallIntegerField(default=5)),
                ('solved_total', models.FloatField(null=True)),
                ('solved_from', models.PositiveSmallIntegerField()),
                ('profile_criterion', models.CharField(blank=True, max_length=64)),
            ],
            options={
                'abstract': False,
            },
        ),
        migrations.AddField(
            model_name='generationitem',
            name='drop_reason',
            field=models.CharField(blank=True, choices=[('no_pass', 'A reply never passed'), ('structure', 'Broken structure'), ('profile', 'Contradicts the profile'), ('emotion', 'Emotion jump'), ('duplicate', 'Near-duplicate')], max_length=9),
        ),
        migrations.AlterField(
            model_name='generationitem',
            name='state',
            field=models.CharField(choices=[('waiting', 'Waiting'), ('done', 'Done'), ('failed', 'Failed'), ('dropped', 'Dropped')], default='waiting', max_length=7),
        ),
        migrations.AddConstraint(
            model_name='generationitem',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('state', 'dropped'), models.Q(('drop_reason', ''), _negated=True)), models.Q(models.Q(('state', 'dropped'), _negated=True), ('drop_reason', '')), _connector='OR'), name='drop_reason_where_dropped'),
        ),
        migrations.AddField(
            model_name='attempt',
            name='dialogue',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='attempts', to='annotation.dialogue'),
        ),
        migrations.AddField(
            model_name='attempt',
            name='judge_call',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='rubrics.judgecall'),
        ),
        migrations.AddField(
            model_name='attempt',
            name='project',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='accounts.project'),
        ),
        migrations.AddField(
            model_name='generationcritic',
            name='judge',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='rubrics.judge'),
        ),
        migrations.AddField(
            model_name='generationcritic',
            name='project',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='accounts.project'),
        ),
        migrations.AddField(
            model_name='generationcritic',
            name='run',
            field=models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, related_name='critic', to='annotation.generationrun'),
        ),
        migrations.AddField(
            model_name='generationcritic',
            name='spec',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='rubrics.spec'),
        ),
        migrations.AddField(
            model_name='generationcritic',
            name='version',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='rubrics.rubricversion'),
        ),
        migrations.AddIndex(
            model_name='attempt',
            index=models.Index(fields=['context_hash'], name='annotation__context_0ce346_idx'),
        ),
        migrations.AddConstraint(
            model_name='attempt',
            constraint=models.UniqueConstraint(fields=('project', 'id'), name='annotation_attempt_in_project'),
        ),
        migrations.AddConstraint(
            model_name='attempt',
            constraint=models.UniqueConstraint(fields=('dialogue', 'position', 'number'), name='attempt_number'),
        ),
        migrations.AddConstraint(
            model_name='attempt',
            constraint=models.UniqueConstraint(condition=models.Q(('verdict__in', ['pass', 'solved'])), fields=('dialogue', 'position'), name='one_accepted_attempt'),
        ),
        migrations.AddConstraint(
            model_name='attempt',
            constraint=models.CheckConstraint(condition=models.Q(('number__gte', 1)), name='attempt_counts_from_1'),
        ),
        migrations.AddConstraint(
            model_name='attempt',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('error', ''), ('judged_at', None), ('verdict', 'waiting')), models.Q(('judged_at', None), ('verdict', 'error'), models.Q(('error', ''), _negated=True)), models.Q(('error', ''), ('judged_at__isnull', False), ('verdict__in', ['fail', 'pass', 'solved'])), _connector='OR'), name='attempt_verdict'),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='attempt',
            trigger=pgtrigger.compiler.Trigger(name='frozen', sql=pgtrigger.compiler.UpsertTriggerSql(func="IF (OLD.verdict IN ('fail', 'pass', 'solved')) AND to_jsonb(OLD) IS DISTINCT FROM to_jsonb(NEW) THEN RAISE EXCEPTION '% is immutable', TG_TABLE_NAME USING ERRCODE = 'restrict_violation'; END IF; RETURN NEW;", hash='67ebd661ea745fe32a3e319dee404b999b4ffa7f', operation='UPDATE', pgid='pgtrigger_frozen_866c5', table='annotation_attempt', when='BEFORE')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='attempt',
            trigger=pgtrigger.compiler.Trigger(name='words_frozen', sql=pgtrigger.compiler.UpsertTriggerSql(func="IF to_jsonb(OLD) - 'verdict' - 'scores' - 'total' - 'critique' - 'error' - 'judge_call_id' - 'judged_at' IS DISTINCT FROM to_jsonb(NEW) - 'verdict' - 'scores' - 'total' - 'critique' - 'error' - 'judge_call_id' - 'judged_at' THEN RAISE EXCEPTION '% is immutable', TG_TABLE_NAME USING ERRCODE = 'restrict_violation'; END IF; RETURN NEW;", hash='d0859de28db6e4d23f6a504354e31692a204ec69', operation='UPDATE', pgid='pgtrigger_words_frozen_bc654', table='annotation_attempt', when='BEFORE')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='attempt',
            trigger=pgtrigger.compiler.Trigger(name='undeletable', sql=pgtrigger.compiler.UpsertTriggerSql(func="IF coalesce(current_setting('kardia.deleting_project', true), '') <> OLD.project_id::text THEN RAISE EXCEPTION '% can not be deleted', TG_TABLE_NAME USING ERRCODE = 'restrict_violation'; END IF; RETURN OLD;", hash='cec7e3d45ad3d6874d933cb2d5b35ff11a2de19f', operation='DELETE', pgid='pgtrigger_undeletable_1bd15', table='annotation_attempt', when='BEFORE')),
        ),
        migrations.AddConstraint(
            model_name='generationcritic',
            constraint=models.UniqueConstraint(fields=('project', 'id'), name='annotation_generationcritic_in_project'),
        ),
        migrations.AddConstraint(
            model_name='generationcritic',
            constraint=models.CheckConstraint(condition=models.Q(('revisions__lte', 10)), name='critic_revisions'),
        ),
        migrations.AddConstraint(
            model_name='generationcritic',
            constraint=models.CheckConstraint(condition=models.Q(('solved_from__range', (1, 10))), name='critic_solved_from'),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='generationcritic',
            trigger=pgtrigger.compiler.Trigger(name='frozen', sql=pgtrigger.compiler.UpsertTriggerSql(func="IF to_jsonb(OLD) IS DISTINCT FROM to_jsonb(NEW) THEN RAISE EXCEPTION '% is immutable', TG_TABLE_NAME USING ERRCODE = 'restrict_violation'; END IF; RETURN NEW;", hash='2319e52c890e4201d84621e85da8ebb9bd586e22', operation='UPDATE', pgid='pgtrigger_frozen_2c914', table='annotation_generationcritic', when='BEFORE')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='generationcritic',
            trigger=pgtrigger.compiler.Trigger(name='undeletable', sql=pgtrigger.compiler.UpsertTriggerSql(func="IF coalesce(current_setting('kardia.deleting_project', true), '') <> OLD.project_id::text THEN RAISE EXCEPTION '% can not be deleted', TG_TABLE_NAME USING ERRCODE = 'restrict_violation'; END IF; RETURN OLD;", hash='fd23e114c03621abb592733181fb27f9aa6fc5d1', operation='DELETE', pgid='pgtrigger_undeletable_0a191', table='annotation_generationcritic', when='BEFORE')),
        ),
        *(same_project(*link) for link in LINKS),
    ]
