from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('annotation', '0022_texts_have_a_normal_hash'),
    ]

    operations = [
        migrations.AlterField(
            model_name='target',
            name='normal_hash',
            field=models.CharField(blank=True, max_length=64),
        ),
        migrations.AlterField(
            model_name='attempt',
            name='normal_hash',
            field=models.CharField(blank=True, max_length=64),
        ),
        migrations.AddIndex(
            model_name='target',
            index=models.Index(fields=['project', 'normal_hash'], name='target_normal_hash'),
        ),
        migrations.AddIndex(
            model_name='attempt',
            index=models.Index(fields=['project', 'normal_hash'], name='attempt_normal_hash'),
        ),
    ]
