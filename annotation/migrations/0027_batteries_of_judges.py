"""Judges are tried on the battery: a run with its report, and a row for each case."""

import django.db.models.deletion
import webapp.ids
from django.conf import settings
from django.db import migrations, models

from webapp.db import same_project

LINKS = [
    ("annotation_batteryrun", "version_id", "rubrics_rubricversion"),
    ("annotation_batteryrun", "spec_id", "rubrics_spec"),
    ("annotation_batteryrun", "judge_id", "rubrics_judge"),
    ("annotation_batteryitem", "run_id", "annotation_batteryrun"),
    ("annotation_batteryitem", "judge_call_id", "rubrics_judgecall"),
]


class Migration(migrations.Migration):

    dependencies = [
        ('accounts', '0005_token_scope_and_expiry_required'),
        ('annotation', '0026_fits_name_what_they_learned_from'),
        ('rubrics', '0008_no_delete_no_truncate'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='BatteryRun',
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
                ('waits_until', models.DateTimeField(null=True)),
                ('waits_for', models.UUIDField(null=True)),
                ('waits', models.PositiveSmallIntegerField(default=0)),
                ('error', models.TextField(blank=True)),
                ('cases_hash', models.CharField(max_length=64)),
                ('report', models.JSONField(null=True)),
                ('created_by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('judge', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='rubrics.judge')),
                ('project', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='accounts.project')),
                ('spec', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='rubrics.spec')),
                ('version', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='rubrics.rubricversion')),
            ],
            options={
                'abstract': False,
                'indexes': [models.Index(condition=models.Q(('status__in', ['pending', 'running'])), fields=['status', 'heartbeat_at'], name='batteryrun_open')],
                'constraints': [
                    models.UniqueConstraint(fields=('project', 'id'), name='annotation_batteryrun_in_project'),
                    models.UniqueConstraint(fields=('project', 'number'), name='batteryrun_number'),
                    models.UniqueConstraint(fields=('project', 'idempotency_key'), name='batteryrun_once'),
                    models.CheckConstraint(condition=models.Q(('status__in', ['pending', 'running', 'succeeded', 'failed', 'cancelled'])), name='batteryrun_known_status'),
                    models.CheckConstraint(condition=models.Q(models.Q(('claim__isnull', False), ('status', 'running')), models.Q(models.Q(('status', 'running'), _negated=True), ('claim__isnull', True)), _connector='OR'), name='batteryrun_claimed_while_running'),
                    models.UniqueConstraint(condition=models.Q(('status__in', ['pending', 'running'])), fields=('judge', 'version'), name='one_battery_under_way'),
                    models.CheckConstraint(condition=models.Q(models.Q(('status', 'succeeded'), _negated=True), ('report__isnull', False), _connector='OR'), name='finished_battery_has_a_report'),
                ],
            },
        ),
        migrations.CreateModel(
            name='BatteryItem',
            fields=[
                ('id', models.UUIDField(default=webapp.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('position', models.PositiveIntegerField()),
                ('case', models.CharField(max_length=80)),
                ('context_hash', models.CharField(max_length=64)),
                ('normal_hash', models.CharField(blank=True, max_length=64)),
                ('state', models.CharField(choices=[('waiting', 'Waiting'), ('done', 'Judged'), ('failed', 'Failed')], default='waiting', max_length=7)),
                ('scores', models.JSONField(default=dict)),
                ('error', models.TextField(blank=True)),
                ('ended_at', models.DateTimeField(null=True)),
                ('judge_call', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='rubrics.judgecall')),
                ('project', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='accounts.project')),
                ('run', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='items', to='annotation.batteryrun')),
            ],
            options={
                'ordering': ['position'],
                'abstract': False,
                'indexes': [models.Index(fields=['run', 'state', 'position'], name='annotation__run_id_51696b_idx'), models.Index(fields=['project', 'normal_hash'], name='battery_normal_hash')],
                'constraints': [
                    models.UniqueConstraint(fields=('project', 'id'), name='annotation_batteryitem_in_project'),
                    models.UniqueConstraint(fields=('run', 'case'), name='battery_case_once'),
                    models.UniqueConstraint(fields=('run', 'position'), name='battery_position'),
                    models.CheckConstraint(condition=models.Q(models.Q(('state', 'waiting'), ('ended_at', None)), models.Q(models.Q(('state', 'waiting'), _negated=True), ('ended_at__isnull', False)), _connector='OR'), name='battery_item_ended'),
                    models.CheckConstraint(condition=models.Q(models.Q(('state', 'failed'), models.Q(('error', ''), _negated=True)), models.Q(models.Q(('state', 'failed'), _negated=True), ('error', '')), _connector='OR'), name='battery_item_error'),
                ],
            },
        ),
        *(same_project(*link) for link in LINKS),
    ]
