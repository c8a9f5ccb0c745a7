"""Difficulty runs: fresh replies to prompts, each with a verdict."""

import django.db.models.deletion
import pgtrigger.compiler
import pgtrigger.migrations
import webapp.ids
from django.conf import settings
from django.db import migrations, models

from webapp.db import same_project

LINKS = [
    ("annotation_difficultyrun", "collection_id", "annotation_collection"),
    ("annotation_difficultyrun", "snapshot_id", "annotation_snapshot"),
    ("annotation_difficultyrun", "endpoint_id", "llm_endpoint"),
    ("annotation_difficultyrun", "version_id", "rubrics_rubricversion"),
    ("annotation_difficultyrun", "spec_id", "rubrics_spec"),
    ("annotation_difficultyrun", "judge_id", "rubrics_judge"),
    ("annotation_difficultyprompt", "run_id", "annotation_difficultyrun"),
    ("annotation_difficultyprompt", "target_id", "annotation_target"),
    ("annotation_difficultyreply", "prompt_id", "annotation_difficultyprompt"),
    ("annotation_difficultyreply", "target_id", "annotation_target"),
    ("annotation_difficultyreply", "rating_id", "annotation_rating"),
]


class Migration(migrations.Migration):

    dependencies = [
        ('accounts', '0003_deleted_in_background'),
        ('annotation', '0014_exports'),
        ('llm', '0004_calls_for_proposals'),
        ('rubrics', '0005_calls_name_their_judge_call'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='DifficultyRun',
            fields=[
                ('id', models.UUIDField(default=webapp.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('number', models.PositiveIntegerField()),
                ('status', models.CharField(choices=[('pending', 'Queued'), ('running', 'Running'), ('succeeded', 'Finished'), ('failed', 'Failed'), ('cancelled', 'Stopped')], default='pending', max_length=9)),
                ('idempotency_key', models.CharField(max_length=64)),
                ('created_at', models.DateTimeField(auto_now_add=True)),
                ('started_at', models.DateTimeField(null=True)),
                ('ended_at', models.DateTimeField(null=True)),
                ('claim', models.UUIDField(null=True)),
                ('heartbeat_at', models.DateTimeField(null=True)),
                ('cancel_requested_at', models.DateTimeField(null=True)),
                ('attempt', models.PositiveIntegerField(default=0)),
                ('error', models.TextField(blank=True)),
                ('split', models.CharField(choices=[('train', 'Train'), ('validation', 'Validation'), ('test', 'Test')], max_length=10)),
                ('thresholds', models.JSONField()),
                ('replies', models.PositiveSmallIntegerField(default=8)),
                ('max_tokens', models.PositiveIntegerField()),
                ('temperature', models.FloatField()),
                ('seed', models.PositiveIntegerField()),
                ('collection', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='annotation.collection')),
                ('created_by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('endpoint', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='llm.endpoint')),
                ('judge', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='rubrics.judge')),
                ('project', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='accounts.project')),
                ('snapshot', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='annotation.snapshot')),
                ('spec', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='rubrics.spec')),
                ('version', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='rubrics.rubricversion')),
            ],
            options={
                'abstract': False,
            },
        ),
        migrations.CreateModel(
            name='DifficultyPrompt',
            fields=[
                ('id', models.UUIDField(default=webapp.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('position', models.PositiveIntegerField()),
                ('k', models.PositiveSmallIntegerField()),
                ('judged', models.PositiveSmallIntegerField(default=0)),
                ('p_fail', models.FloatField(null=True)),
                ('project', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='accounts.project')),
                ('target', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='difficulty_prompts', to='annotation.target')),
                ('run', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='prompts', to='annotation.difficultyrun')),
            ],
            options={
                'ordering': ['position'],
                'abstract': False,
            },
        ),
        migrations.CreateModel(
            name='DifficultyReply',
            fields=[
                ('id', models.UUIDField(default=webapp.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('number', models.PositiveSmallIntegerField()),
                ('raw', models.TextField(blank=True)),
                ('verdict', models.CharField(blank=True, choices=[('pass', 'PASS'), ('fail', 'FAIL')], max_length=4)),
                ('error', models.TextField(blank=True)),
                ('project', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='accounts.project')),
                ('prompt', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='replies', to='annotation.difficultyprompt')),
                ('rating', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='annotation.rating')),
                ('target', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='annotation.target')),
            ],
            options={
                'ordering': ['number'],
                'abstract': False,
                'constraints': [models.UniqueConstraint(fields=('project', 'id'), name='annotation_difficultyreply_in_project'), models.UniqueConstraint(fields=('prompt', 'number'), name='difficulty_reply_number'), models.CheckConstraint(condition=models.Q(models.Q(('rating', None), ('verdict', '')), models.Q(('error', ''), ('rating__isnull', False), ('target__isnull', False), ('verdict__in', ['pass', 'fail'])), models.Q(('rating__isnull', False), ('target__isnull', False), ('verdict', ''), models.Q(('error', ''), _negated=True)), _connector='OR'), name='verdict_or_error')],
            },
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='difficultyreply',
            trigger=pgtrigger.compiler.Trigger(name='frozen', sql=pgtrigger.compiler.UpsertTriggerSql(func="IF (OLD.rating_id IS NOT NULL) AND to_jsonb(OLD) IS DISTINCT FROM to_jsonb(NEW) THEN RAISE EXCEPTION '% is immutable', TG_TABLE_NAME USING ERRCODE = 'restrict_violation'; END IF; RETURN NEW;", hash='83e2cf5a0a43cb19bf6be85e43ae378d8341b5b3', operation='UPDATE', pgid='pgtrigger_frozen_1be86', table='annotation_difficultyreply', when='BEFORE')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='difficultyreply',
            trigger=pgtrigger.compiler.Trigger(name='words_frozen', sql=pgtrigger.compiler.UpsertTriggerSql(func="IF (OLD.target_id IS NOT NULL) AND to_jsonb(OLD) - 'rating_id' - 'verdict' - 'error' IS DISTINCT FROM to_jsonb(NEW) - 'rating_id' - 'verdict' - 'error' THEN RAISE EXCEPTION '% is immutable', TG_TABLE_NAME USING ERRCODE = 'restrict_violation'; END IF; RETURN NEW;", hash='42aa5e3b6ac3b0ee220f9f87dadd4ead94de2d4a', operation='UPDATE', pgid='pgtrigger_words_frozen_e1a61', table='annotation_difficultyreply', when='BEFORE')),
        ),
        migrations.AddIndex(
            model_name='difficultyrun',
            index=models.Index(condition=models.Q(('status__in', ['pending', 'running'])), fields=['status', 'heartbeat_at'], name='difficultyrun_open'),
        ),
        migrations.AddConstraint(
            model_name='difficultyrun',
            constraint=models.UniqueConstraint(fields=('project', 'id'), name='annotation_difficultyrun_in_project'),
        ),
        migrations.AddConstraint(
            model_name='difficultyrun',
            constraint=models.UniqueConstraint(fields=('project', 'number'), name='difficultyrun_number'),
        ),
        migrations.AddConstraint(
            model_name='difficultyrun',
            constraint=models.UniqueConstraint(fields=('project', 'idempotency_key'), name='difficultyrun_once'),
        ),
        migrations.AddConstraint(
            model_name='difficultyrun',
            constraint=models.CheckConstraint(condition=models.Q(('status__in', ['pending', 'running', 'succeeded', 'failed', 'cancelled'])), name='difficultyrun_known_status'),
        ),
        migrations.AddConstraint(
            model_name='difficultyrun',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('claim__isnull', False), ('status', 'running')), models.Q(models.Q(('status', 'running'), _negated=True), ('claim__isnull', True)), _connector='OR'), name='difficultyrun_claimed_while_running'),
        ),
        migrations.AddConstraint(
            model_name='difficultyrun',
            constraint=models.CheckConstraint(condition=models.Q(('replies__range', (2, 32))), name='difficulty_replies'),
        ),
        migrations.AddIndex(
            model_name='difficultyprompt',
            index=models.Index(fields=['run', 'p_fail'], name='annotation__run_id_2e37d8_idx'),
        ),
        migrations.AddConstraint(
            model_name='difficultyprompt',
            constraint=models.UniqueConstraint(fields=('project', 'id'), name='annotation_difficultyprompt_in_project'),
        ),
        migrations.AddConstraint(
            model_name='difficultyprompt',
            constraint=models.UniqueConstraint(fields=('run', 'target'), name='difficulty_prompt_once'),
        ),
        migrations.AddConstraint(
            model_name='difficultyprompt',
            constraint=models.UniqueConstraint(fields=('run', 'position'), name='difficulty_position'),
        ),
        migrations.AddConstraint(
            model_name='difficultyprompt',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('judged', 0), ('p_fail', None)), models.Q(('judged__gt', 0), ('judged__lte', models.F('k')), ('p_fail__range', (0.0, 1.0))), _connector='OR'), name='p_fail_of_judged'),
        ),
        *(same_project(*link) for link in LINKS),
    ]
