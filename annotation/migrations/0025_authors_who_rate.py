from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('accounts', '0005_token_scope_and_expiry_required'),
        ('annotation', '0024_no_delete_no_truncate'),
        ('rubrics', '0008_no_delete_no_truncate'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.RemoveConstraint(
            model_name='rater',
            name='rater_parts',
        ),
        migrations.RemoveConstraint(
            model_name='rater',
            name='rater_label',
        ),
        migrations.AlterField(
            model_name='rater',
            name='kind',
            field=models.CharField(choices=[('person', 'Person'), ('judge', 'Judge'), ('external', 'Source rater'), ('author', 'Author'), ('construction', 'Synthetic')], max_length=12),
        ),
        migrations.AddConstraint(
            model_name='rater',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('judge', None), ('kind', 'person'), ('label', ''), ('user__isnull', False)), models.Q(('judge__isnull', False), ('kind', 'judge'), ('label', ''), ('user', None)), models.Q(('judge', None), ('kind__in', ['external', 'author', 'construction']), ('user', None), models.Q(('label', ''), _negated=True)), _connector='OR'), name='rater_parts'),
        ),
        migrations.AddConstraint(
            model_name='rater',
            constraint=models.UniqueConstraint(condition=models.Q(('kind__in', ['external', 'author', 'construction'])), fields=('project', 'kind', 'label'), name='rater_label'),
        ),
    ]
