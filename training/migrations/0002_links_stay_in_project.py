from django.db import migrations

from webapp.db import same_project

LINKS = [
    ("training_trainingrun", "base_id", "training_checkpoint"),
    ("training_trainingrun", "train_snapshot_id", "annotation_snapshot"),
    ("training_trainingrun", "held_out_snapshot_id", "annotation_snapshot"),
    ("training_trainingrun", "version_id", "rubrics_rubricversion"),
    ("training_trainingrun", "spec_id", "rubrics_spec"),
    ("training_trainingrun", "judge_id", "rubrics_judge"),
    ("training_rollout", "run_id", "training_trainingrun"),
    ("training_checkpoint", "run_id", "training_trainingrun"),
    ("training_evaluation", "run_id", "training_trainingrun"),
]


class Migration(migrations.Migration):
    dependencies = [("training", "0001_start")]

    operations = [same_project(*link) for link in LINKS]
