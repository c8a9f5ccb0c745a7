import django.db.models.deletion
import webapp.ids
from django.conf import settings
from django.db import migrations, models

from webapp.db import same_project

# The starter lies in the checkout; other models from outside were named by their folder.
ORIGINS = '''
UPDATE training_checkpoint SET origin = CASE
  WHEN run_id IS NOT NULL THEN 'run'
  WHEN path LIKE 'training/starter/%' THEN 'starter'
  ELSE 'path' END;
UPDATE training_checkpoint SET source = path WHERE origin = 'path';
SET CONSTRAINTS ALL IMMEDIATE;
'''
LINKS = [
    ("training_checkpoint", "endpoint_id", "llm_endpoint"),
    ("training_modelfetch", "checkpoint_id", "training_checkpoint"),
    ("training_fetchfile", "run_id", "training_modelfetch"),
]


class Migration(migrations.Migration):

    dependencies = [
        ('accounts', '0003_deleted_in_background'),
        ('llm', '0004_calls_for_proposals'),
        ('training', '0003_emotion_match_where_known'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='FetchFile',
            fields=[
                ('id', models.UUIDField(default=webapp.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('name', models.CharField(max_length=200)),
                ('size', models.BigIntegerField()),
                ('sha256', models.CharField(blank=True, max_length=64)),
                ('received', models.BigIntegerField(default=0)),
            ],
            options={
                'ordering': ['name'],
                'abstract': False,
            },
        ),
        migrations.CreateModel(
            name='ModelFetch',
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
                ('name', models.CharField(max_length=120)),
                ('licence', models.CharField(blank=True, max_length=120)),
                ('repo', models.CharField(max_length=200)),
                ('revision', models.CharField(max_length=120)),
                ('commit', models.CharField(blank=True, max_length=64)),
            ],
            options={
                'abstract': False,
            },
        ),
        migrations.AddField(
            model_name='checkpoint',
            name='created_by',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='checkpoint',
            name='endpoint',
            field=models.OneToOneField(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='checkpoint', to='llm.endpoint'),
        ),
        migrations.AddField(
            model_name='checkpoint',
            name='licence',
            field=models.CharField(blank=True, max_length=120),
        ),
        migrations.AddField(
            model_name='checkpoint',
            name='origin',
            field=models.CharField(choices=[('starter', 'Starter model'), ('run', 'Training run'), ('upload', 'Upload'), ('path', 'Folder on the server'), ('hub', 'Hugging Face Hub')], default='path', max_length=7),
            preserve_default=False,
        ),
        migrations.AddField(
            model_name='checkpoint',
            name='revision',
            field=models.CharField(blank=True, max_length=64),
        ),
        migrations.AddField(
            model_name='checkpoint',
            name='source',
            field=models.CharField(blank=True, max_length=400),
        ),
        migrations.AddField(
            model_name='fetchfile',
            name='project',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='accounts.project'),
        ),
        migrations.AddField(
            model_name='modelfetch',
            name='checkpoint',
            field=models.OneToOneField(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='fetch', to='training.checkpoint'),
        ),
        migrations.AddField(
            model_name='modelfetch',
            name='created_by',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='modelfetch',
            name='project',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='accounts.project'),
        ),
        migrations.AddField(
            model_name='fetchfile',
            name='run',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='files', to='training.modelfetch'),
        ),
        migrations.AddIndex(
            model_name='modelfetch',
            index=models.Index(condition=models.Q(('status__in', ['pending', 'running'])), fields=['status', 'heartbeat_at'], name='modelfetch_open'),
        ),
        migrations.AddConstraint(
            model_name='modelfetch',
            constraint=models.UniqueConstraint(fields=('project', 'id'), name='training_modelfetch_in_project'),
        ),
        migrations.AddConstraint(
            model_name='modelfetch',
            constraint=models.UniqueConstraint(fields=('project', 'number'), name='modelfetch_number'),
        ),
        migrations.AddConstraint(
            model_name='modelfetch',
            constraint=models.UniqueConstraint(fields=('project', 'idempotency_key'), name='modelfetch_once'),
        ),
        migrations.AddConstraint(
            model_name='modelfetch',
            constraint=models.CheckConstraint(condition=models.Q(('status__in', ['pending', 'running', 'succeeded', 'failed', 'cancelled'])), name='modelfetch_known_status'),
        ),
        migrations.AddConstraint(
            model_name='modelfetch',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('claim__isnull', False), ('status', 'running')), models.Q(models.Q(('status', 'running'), _negated=True), ('claim__isnull', True)), _connector='OR'), name='modelfetch_claimed_while_running'),
        ),
        migrations.AddConstraint(
            model_name='fetchfile',
            constraint=models.UniqueConstraint(fields=('project', 'id'), name='training_fetchfile_in_project'),
        ),
        migrations.AddConstraint(
            model_name='fetchfile',
            constraint=models.UniqueConstraint(fields=('run', 'name'), name='fetch_file'),
        ),
        migrations.AddConstraint(
            model_name='fetchfile',
            constraint=models.CheckConstraint(condition=models.Q(('received__gte', 0), ('received__lte', models.F('size'))), name='fetch_received'),
        ),
        migrations.RunSQL(ORIGINS, migrations.RunSQL.noop),
        migrations.AddConstraint(
            model_name='checkpoint',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('origin', 'run'), ('run__isnull', False)), models.Q(('origin__in', ['starter', 'upload', 'path', 'hub']), ('run', None)), _connector='OR'), name='checkpoint_origin'),
        ),
        *(same_project(*link) for link in LINKS),
    ]
