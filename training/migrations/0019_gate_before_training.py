"""Rules that rubric and judge must meet before training, and what each run was started with."""

import django.db.models.deletion
import webapp.ids
from django.conf import settings
from django.db import migrations, models

from webapp.db import same_project


class Migration(migrations.Migration):

    dependencies = [
        ('accounts', '0005_token_scope_and_expiry_required'),
        ('annotation', '0027_batteries_of_judges'),
        ('rubrics', '0008_no_delete_no_truncate'),
        ('training', '0018_recorded_runs'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='GateRule',
            fields=[
                ('id', models.UUIDField(default=webapp.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('about', models.CharField(choices=[('people', 'People agree with each other'), ('judge', 'The judge agrees with people'), ('battery', 'The judge passed the battery')], max_length=7)),
                ('criterion', models.CharField(blank=True, max_length=64)),
                ('statistic', models.CharField(blank=True, choices=[('alpha', 'Krippendorff’s alpha'), ('ac2', 'Gwet’s AC2'), ('same', 'Same level (share of pairs, 0 to 1)')], max_length=5)),
                ('least', models.FloatField(null=True)),
                ('items', models.PositiveIntegerField(null=True)),
                ('created_at', models.DateTimeField(auto_now_add=True)),
            ],
            options={
                'ordering': ['pk'],
                'abstract': False,
            },
        ),
        migrations.AddField(
            model_name='trainingrun',
            name='gate',
            field=models.CharField(choices=[('not_set', 'Not set'), ('met', 'Met'), ('not_met', 'Not met')], default='not_set', max_length=10),
        ),
        migrations.AddField(
            model_name='trainingrun',
            name='gate_checks',
            field=models.JSONField(default=list),
        ),
        migrations.AddField(
            model_name='trainingrun',
            name='gate_reason',
            field=models.TextField(blank=True, max_length=2000),
        ),
        migrations.AddConstraint(
            model_name='trainingrun',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('gate', 'not_met'), models.Q(('gate_reason', ''), _negated=True)), models.Q(('gate__in', ['not_set', 'met']), ('gate_reason', '')), _connector='OR'), name='gate_not_met_has_a_reason'),
        ),
        migrations.AddField(
            model_name='gaterule',
            name='created_by',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='gaterule',
            name='project',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='accounts.project'),
        ),
        migrations.AddField(
            model_name='gaterule',
            name='rubric',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.CASCADE, related_name='gate_rules', to='rubrics.rubric'),
        ),
        migrations.AddConstraint(
            model_name='gaterule',
            constraint=models.UniqueConstraint(fields=('project', 'id'), name='training_gaterule_in_project'),
        ),
        migrations.AddConstraint(
            model_name='gaterule',
            constraint=models.UniqueConstraint(fields=('project', 'about', 'rubric', 'criterion', 'statistic'), name='gate_rule_once', nulls_distinct=False),
        ),
        migrations.AddConstraint(
            model_name='gaterule',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('about', 'battery'), ('criterion', ''), ('items', None), ('least', None), ('rubric', None), ('statistic', '')), models.Q(('about__in', ['people', 'judge']), ('items__gte', 1), ('least__gte', -1), ('least__lte', 1), ('rubric__isnull', False), ('statistic__in', ['alpha', 'ac2', 'same'])), _connector='OR'), name='gate_rule_is_whole'),
        ),
        same_project("training_gaterule", "rubric_id", "rubrics_rubric"),
    ]
