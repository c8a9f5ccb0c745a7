from django.db import migrations

from webapp.db import same_project

LINKS = [
    ("llm_modelcall", "endpoint_id", "llm_endpoint"),
]


class Migration(migrations.Migration):
    dependencies = [("llm", "0001_start")]

    operations = [same_project(*link) for link in LINKS]
