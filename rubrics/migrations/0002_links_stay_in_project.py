from django.db import migrations

from webapp.db import same_project

LINKS = [
    ("rubrics_rubricversion", "rubric_id", "rubrics_rubric"),
    ("rubrics_rubricversion", "spec_id", "rubrics_spec"),
    ("rubrics_criterion", "version_id", "rubrics_rubricversion"),
    ("rubrics_level", "criterion_id", "rubrics_criterion"),
    ("rubrics_judge", "endpoint_id", "llm_endpoint"),
    ("rubrics_judge", "artefact_id", "files_storedfile"),
    ("rubrics_judgecall", "judge_id", "rubrics_judge"),
    ("rubrics_judgecall", "spec_id", "rubrics_spec"),
    ("rubrics_judgecall", "model_call_id", "llm_modelcall"),
]


class Migration(migrations.Migration):
    dependencies = [("rubrics", "0001_start")]

    operations = [same_project(*link) for link in LINKS]
