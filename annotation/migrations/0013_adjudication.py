"""Adjudications with their decisions, and how far apart raters must be for one."""

import django.db.models.deletion
import pgtrigger.compiler
import pgtrigger.migrations
import webapp.ids
from django.conf import settings
from django.db import migrations, models


from webapp.db import same_project

LINKS = [
    ("annotation_adjudication", "item_id", "annotation_item"),
    ("annotation_adjudication", "adjudicator_id", "annotation_rater"),
    ("annotation_adjudication", "rating_id", "annotation_rating"),
    ("annotation_decision", "adjudication_id", "annotation_adjudication"),
    ("annotation_decision", "score_id", "annotation_score"),
    ("annotation_overriddenscore", "decision_id", "annotation_decision"),
    ("annotation_overriddenscore", "score_id", "annotation_score"),
]


class Migration(migrations.Migration):

    dependencies = [
        ('accounts', '0003_deleted_in_background'),
        ("annotation", "0012_critique_and_refinement"),
        ('rubrics', '0005_calls_name_their_judge_call'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='Adjudication',
            fields=[
                ('id', models.UUIDField(default=webapp.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('state', models.CharField(choices=[('reserved', 'Reserved'), ('submitted', 'Submitted'), ('released', 'Released')], default='reserved', max_length=9)),
                ('leased_until', models.DateTimeField()),
                ('draft', models.JSONField(default=dict)),
                ('draft_revision', models.PositiveIntegerField(default=0)),
                ('draft_saved_at', models.DateTimeField(null=True)),
                ('active_seconds', models.FloatField(default=0)),
                ('created_at', models.DateTimeField(auto_now_add=True)),
                ('submitted_at', models.DateTimeField(null=True)),
            ],
            options={
                'abstract': False,
            },
        ),
        migrations.CreateModel(
            name='Decision',
            fields=[
                ('id', models.UUIDField(default=webapp.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('cause', models.CharField(blank=True, choices=[('ambiguous_rubric', 'Ambiguous rubric'), ('guidance_gap', 'Gap in the guidance'), ('rater_error', 'Rater error'), ('hard_case', 'Hard case'), ('legitimate_difference', 'Legitimate difference')], max_length=21)),
            ],
            options={
                'abstract': False,
            },
        ),
        migrations.CreateModel(
            name='OverriddenScore',
            fields=[
                ('id', models.UUIDField(default=webapp.ids.new_id, editable=False, primary_key=True, serialize=False)),
            ],
            options={
                'abstract': False,
            },
        ),
        migrations.AddField(
            model_name='queue',
            name='adjudicate_from',
            field=models.PositiveSmallIntegerField(default=2),
        ),
        migrations.AddConstraint(
            model_name='queue',
            constraint=models.CheckConstraint(condition=models.Q(('adjudicate_from__range', (1, 10))), name='queue_adjudicate_from'),
        ),
        migrations.AddField(
            model_name='adjudication',
            name='adjudicator',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='adjudications', to='annotation.rater'),
        ),
        migrations.AddField(
            model_name='adjudication',
            name='item',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='adjudications', to='annotation.item'),
        ),
        migrations.AddField(
            model_name='adjudication',
            name='project',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='accounts.project'),
        ),
        migrations.AddField(
            model_name='adjudication',
            name='rating',
            field=models.OneToOneField(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='annotation.rating'),
        ),
        migrations.AddField(
            model_name='decision',
            name='adjudication',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='decisions', to='annotation.adjudication'),
        ),
        migrations.AddField(
            model_name='decision',
            name='project',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='accounts.project'),
        ),
        migrations.AddField(
            model_name='decision',
            name='score',
            field=models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, related_name='decision', to='annotation.score'),
        ),
        migrations.AddField(
            model_name='overriddenscore',
            name='decision',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='overridden', to='annotation.decision'),
        ),
        migrations.AddField(
            model_name='overriddenscore',
            name='project',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='accounts.project'),
        ),
        migrations.AddField(
            model_name='overriddenscore',
            name='score',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='annotation.score'),
        ),
        migrations.AddIndex(
            model_name='adjudication',
            index=models.Index(fields=['adjudicator', 'state'], name='annotation__adjudic_94cad7_idx'),
        ),
        migrations.AddConstraint(
            model_name='adjudication',
            constraint=models.UniqueConstraint(fields=('project', 'id'), name='annotation_adjudication_in_project'),
        ),
        migrations.AddConstraint(
            model_name='adjudication',
            constraint=models.UniqueConstraint(fields=('item', 'adjudicator'), name='one_adjudication_of_a_person'),
        ),
        migrations.AddConstraint(
            model_name='adjudication',
            constraint=models.UniqueConstraint(condition=models.Q(('state__in', ['reserved', 'submitted'])), fields=('item',), name='one_adjudication_at_a_time'),
        ),
        migrations.AddConstraint(
            model_name='adjudication',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('rating__isnull', False), ('state', 'submitted'), ('submitted_at__isnull', False)), models.Q(models.Q(('state', 'submitted'), _negated=True), ('rating', None)), _connector='OR'), name='adjudicated_where_submitted'),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='adjudication',
            trigger=pgtrigger.compiler.Trigger(name='frozen', sql=pgtrigger.compiler.UpsertTriggerSql(func="IF (OLD.state = 'submitted') AND to_jsonb(OLD) - 'state' - 'rating_id' - 'submitted_at' - 'leased_until' IS DISTINCT FROM to_jsonb(NEW) - 'state' - 'rating_id' - 'submitted_at' - 'leased_until' THEN RAISE EXCEPTION '% is immutable', TG_TABLE_NAME USING ERRCODE = 'restrict_violation'; END IF; RETURN NEW;", hash='d7ebd2ed297ff9173d2acc0e15f3d60284a24dbc', operation='UPDATE', pgid='pgtrigger_frozen_e98af', table='annotation_adjudication', when='BEFORE')),
        ),
        migrations.AddConstraint(
            model_name='decision',
            constraint=models.UniqueConstraint(fields=('project', 'id'), name='annotation_decision_in_project'),
        ),
        migrations.AddConstraint(
            model_name='decision',
            constraint=models.CheckConstraint(condition=models.Q(('cause__in', ['', 'ambiguous_rubric', 'guidance_gap', 'rater_error', 'hard_case', 'legitimate_difference'])), name='known_cause'),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='decision',
            trigger=pgtrigger.compiler.Trigger(name='frozen', sql=pgtrigger.compiler.UpsertTriggerSql(func="IF to_jsonb(OLD) IS DISTINCT FROM to_jsonb(NEW) THEN RAISE EXCEPTION '% is immutable', TG_TABLE_NAME USING ERRCODE = 'restrict_violation'; END IF; RETURN NEW;", hash='7f34c8988240b87da925db144c2b0bbb502c039f', operation='UPDATE', pgid='pgtrigger_frozen_e78c9', table='annotation_decision', when='BEFORE')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='decision',
            trigger=pgtrigger.compiler.Trigger(name='undeletable', sql=pgtrigger.compiler.UpsertTriggerSql(func="IF coalesce(current_setting('kardia.deleting_project', true), '') <> OLD.project_id::text THEN RAISE EXCEPTION '% can not be deleted', TG_TABLE_NAME USING ERRCODE = 'restrict_violation'; END IF; RETURN OLD;", hash='9bcc9b7724d7fd82440a0358a7b3ff9602b5ecba', operation='DELETE', pgid='pgtrigger_undeletable_38d29', table='annotation_decision', when='BEFORE')),
        ),
        migrations.AddConstraint(
            model_name='overriddenscore',
            constraint=models.UniqueConstraint(fields=('project', 'id'), name='annotation_overriddenscore_in_project'),
        ),
        migrations.AddConstraint(
            model_name='overriddenscore',
            constraint=models.UniqueConstraint(fields=('decision', 'score'), name='overridden_once'),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='overriddenscore',
            trigger=pgtrigger.compiler.Trigger(name='frozen', sql=pgtrigger.compiler.UpsertTriggerSql(func="IF to_jsonb(OLD) IS DISTINCT FROM to_jsonb(NEW) THEN RAISE EXCEPTION '% is immutable', TG_TABLE_NAME USING ERRCODE = 'restrict_violation'; END IF; RETURN NEW;", hash='253f120b095bba391093463486f1572d8660e243', operation='UPDATE', pgid='pgtrigger_frozen_dd342', table='annotation_overriddenscore', when='BEFORE')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='overriddenscore',
            trigger=pgtrigger.compiler.Trigger(name='undeletable', sql=pgtrigger.compiler.UpsertTriggerSql(func="IF coalesce(current_setting('kardia.deleting_project', true), '') <> OLD.project_id::text THEN RAISE EXCEPTION '% can not be deleted', TG_TABLE_NAME USING ERRCODE = 'restrict_violation'; END IF; RETURN OLD;", hash='2329b5be72a68da21d1fb914816ffae0abbe1518', operation='DELETE', pgid='pgtrigger_undeletable_96a1f', table='annotation_overriddenscore', when='BEFORE')),
        ),
        *(same_project(*link) for link in LINKS),
    ]
