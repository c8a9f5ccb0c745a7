"""Fits record the texts that they learned from, and what these ratings are worth."""

import django.db.models.deletion
import pgtrigger.compiler
import pgtrigger.migrations
import webapp.ids
from django.db import migrations, models

from webapp.db import same_project

LINKS = [
    ("annotation_fitsource", "run_id", "annotation_fitrun"),
    ("annotation_fitsource", "target_id", "annotation_target"),
]

class Migration(migrations.Migration):

    dependencies = [
        ('accounts', '0005_token_scope_and_expiry_required'),
        ('annotation', '0025_authors_who_rate'),
    ]

    operations = [
        migrations.AddField(
            model_name='fitrun',
            name='basis',
            field=models.JSONField(default=dict),
        ),
        migrations.CreateModel(
            name='FitSource',
            fields=[
                ('id', models.UUIDField(default=webapp.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('project', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='accounts.project')),
                ('run', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='sources', to='annotation.fitrun')),
                ('target', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='annotation.target')),
            ],
            options={
                'abstract': False,
                'constraints': [models.UniqueConstraint(fields=('project', 'id'), name='annotation_fitsource_in_project'), models.UniqueConstraint(fields=('run', 'target'), name='fit_source_once')],
            },
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='fitsource',
            trigger=pgtrigger.compiler.Trigger(name='frozen', sql=pgtrigger.compiler.UpsertTriggerSql(func="IF to_jsonb(OLD) IS DISTINCT FROM to_jsonb(NEW) THEN RAISE EXCEPTION '% is immutable', TG_TABLE_NAME USING ERRCODE = 'restrict_violation'; END IF; RETURN NEW;", hash='af3656b95d296a0149615a806cb45b42e621026b', operation='UPDATE', pgid='pgtrigger_frozen_6c831', table='annotation_fitsource', when='BEFORE')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='fitsource',
            trigger=pgtrigger.compiler.Trigger(name='undeletable', sql=pgtrigger.compiler.UpsertTriggerSql(func="IF coalesce(current_setting('kardia.deleting_project', true), '') <> OLD.project_id::text THEN RAISE EXCEPTION '% can not be deleted', TG_TABLE_NAME USING ERRCODE = 'restrict_violation'; END IF; RETURN OLD;", hash='3cb2ed2eb6890631a4c382cecf56d830a0efe02c', operation='DELETE', pgid='pgtrigger_undeletable_4f878', table='annotation_fitsource', when='BEFORE')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='fitsource',
            trigger=pgtrigger.compiler.Trigger(name='no_truncate', sql=pgtrigger.compiler.UpsertTriggerSql(func="RAISE EXCEPTION '% can not be truncated', TG_TABLE_NAME USING ERRCODE = 'restrict_violation';", hash='9f696273de7c1861fd7379c4e0a7de42b6d71fd7', level='STATEMENT', operation='TRUNCATE', pgid='pgtrigger_no_truncate_3f425', table='annotation_fitsource', when='BEFORE')),
        ),
        *(same_project(*link) for link in LINKS),
    ]
