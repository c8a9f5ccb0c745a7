from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("accounts", "0004_token_scope_and_expiry")]

    operations = [
        migrations.AlterField(
            model_name="apitoken",
            name="scope",
            field=models.CharField(
                max_length=10,
                choices=[
                    ("read", "Read"),
                    ("write", "Read and write"),
                    ("administer", "Administer"),
                ],
            ),
        ),
        migrations.AlterField(
            model_name="apitoken", name="expires_at", field=models.DateTimeField()
        ),
        migrations.AddConstraint(
            model_name="apitoken",
            constraint=models.CheckConstraint(
                condition=models.Q(scope__in=["read", "write", "administer"]),
                name="known_token_scope",
            ),
        ),
    ]
