"""The scores of drafts get the name that the code uses, and so does what they are stored under."""

import django.db.models.deletion
import pgtrigger.compiler
import pgtrigger.migrations
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('accounts', '0003_deleted_in_background'),
        ('annotation', '0009_trial_links_stay_in_project'),
        ('rubrics', '0005_calls_name_their_judge_call'),
    ]

    operations = [
        pgtrigger.migrations.RemoveTrigger(model_name='trialscore', name='frozen'),
        pgtrigger.migrations.RemoveTrigger(model_name='trialscore', name='undeletable'),
        migrations.RemoveConstraint(model_name='trialscore', name='annotation_trialscore_in_project'),
        migrations.RemoveConstraint(model_name='trialscore', name='one_trial_score'),
        migrations.RemoveConstraint(model_name='trialscore', name='trial_value_where_scored'),
        migrations.RenameModel('TrialScore', 'DraftScore'),
        migrations.RenameField('draftscore', 'reading', 'pass_hash'),
        migrations.AlterField(
            model_name='draftscore',
            name='target',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='draft_scores', to='annotation.target'),
        ),
        migrations.AddConstraint(
            model_name='draftscore',
            constraint=models.UniqueConstraint(fields=('project', 'id'), name='annotation_draftscore_in_project'),
        ),
        migrations.AddConstraint(
            model_name='draftscore',
            constraint=models.UniqueConstraint(fields=('target', 'judge', 'criterion_uid', 'pass_hash'), name='one_draft_score'),
        ),
        migrations.AddConstraint(
            model_name='draftscore',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('status', 'scored'), ('value__isnull', False)), models.Q(models.Q(('status', 'scored'), _negated=True), ('value', None)), _connector='OR'), name='draft_score_value'),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='draftscore',
            trigger=pgtrigger.compiler.Trigger(name='frozen', sql=pgtrigger.compiler.UpsertTriggerSql(func="IF to_jsonb(OLD) IS DISTINCT FROM to_jsonb(NEW) THEN RAISE EXCEPTION '% is immutable', TG_TABLE_NAME USING ERRCODE = 'restrict_violation'; END IF; RETURN NEW;", hash='0bb345ebec467bcf7e0727e674bc1629358b90ec', operation='UPDATE', pgid='pgtrigger_frozen_cf6a5', table='annotation_draftscore', when='BEFORE')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='draftscore',
            trigger=pgtrigger.compiler.Trigger(name='undeletable', sql=pgtrigger.compiler.UpsertTriggerSql(func="IF coalesce(current_setting('kardia.deleting_project', true), '') <> OLD.project_id::text THEN RAISE EXCEPTION '% can not be deleted', TG_TABLE_NAME USING ERRCODE = 'restrict_violation'; END IF; RETURN OLD;", hash='0ade756c3204e381f49a35db7a5dbd98f837b564', operation='DELETE', pgid='pgtrigger_undeletable_ac4d2', table='annotation_draftscore', when='BEFORE')),
        ),
    ]
