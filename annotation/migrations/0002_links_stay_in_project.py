from django.db import migrations

from webapp.db import same_project

LINKS = [
    ("annotation_dialogue", "profile_id", "annotation_profile"),
    ("annotation_turn", "dialogue_id", "annotation_dialogue"),
    ("annotation_target", "turn_id", "annotation_turn"),
    ("annotation_target", "dialogue_id", "annotation_dialogue"),
    ("annotation_snapshot", "collection_id", "annotation_collection"),
    ("annotation_snapshotmember", "snapshot_id", "annotation_snapshot"),
    ("annotation_snapshotmember", "target_id", "annotation_target"),
    ("annotation_rater", "judge_id", "rubrics_judge"),
    ("annotation_rating", "target_id", "annotation_target"),
    ("annotation_rating", "spec_id", "rubrics_spec"),
    ("annotation_rating", "rater_id", "annotation_rater"),
    ("annotation_score", "rating_id", "annotation_rating"),
    ("annotation_score", "judge_call_id", "rubrics_judgecall"),
    ("annotation_evidence", "score_id", "annotation_score"),
    ("annotation_queue", "version_id", "rubrics_rubricversion"),
    ("annotation_queue", "snapshot_id", "annotation_snapshot"),
    ("annotation_queuerater", "queue_id", "annotation_queue"),
    ("annotation_item", "queue_id", "annotation_queue"),
    ("annotation_item", "target_id", "annotation_target"),
    ("annotation_assignment", "item_id", "annotation_item"),
    ("annotation_assignment", "rater_id", "annotation_rater"),
    ("annotation_assignment", "rating_id", "annotation_rating"),
    ("annotation_importrun", "file_id", "files_storedfile"),
    ("annotation_importrun", "collection_id", "annotation_collection"),
    ("annotation_importline", "run_id", "annotation_importrun"),
    ("annotation_importline", "dialogue_id", "annotation_dialogue"),
    ("annotation_generationrun", "supporter_id", "llm_endpoint"),
    ("annotation_generationrun", "simulator_id", "llm_endpoint"),
    ("annotation_generationrun", "collection_id", "annotation_collection"),
    ("annotation_generationitem", "run_id", "annotation_generationrun"),
    ("annotation_generationitem", "profile_id", "annotation_profile"),
    ("annotation_generationitem", "dialogue_id", "annotation_dialogue"),
    ("annotation_judgerun", "snapshot_id", "annotation_snapshot"),
    ("annotation_judgerun", "version_id", "rubrics_rubricversion"),
    ("annotation_judgerun", "spec_id", "rubrics_spec"),
    ("annotation_judgerun", "judge_id", "rubrics_judge"),
    ("annotation_judgeitem", "run_id", "annotation_judgerun"),
    ("annotation_judgeitem", "target_id", "annotation_target"),
    ("annotation_judgeitem", "rating_id", "annotation_rating"),
    ("annotation_fitrun", "version_id", "rubrics_rubricversion"),
    ("annotation_fitrun", "judge_id", "rubrics_judge"),
]


class Migration(migrations.Migration):
    dependencies = [("annotation", "0001_start")]

    operations = [same_project(*link) for link in LINKS]
