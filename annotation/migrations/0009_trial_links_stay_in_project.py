from django.db import migrations

from webapp.db import same_project

LINKS = [
    ("annotation_trialscore", "judge_id", "rubrics_judge"),
    ("annotation_trialscore", "target_id", "annotation_target"),
    ("annotation_trialscore", "spec_id", "rubrics_spec"),
    ("annotation_trialscore", "judge_call_id", "rubrics_judgecall"),
    ("annotation_playgroundrun", "version_id", "rubrics_rubricversion"),
    ("annotation_playgroundrun", "judge_id", "rubrics_judge"),
    ("annotation_playgroundrun", "after_id", "rubrics_spec"),
    ("annotation_playgroundrun", "before_id", "rubrics_spec"),
    ("annotation_playgrounditem", "run_id", "annotation_playgroundrun"),
    ("annotation_playgrounditem", "target_id", "annotation_target"),
    ("annotation_impactrun", "version_id", "rubrics_rubricversion"),
    ("annotation_impactrun", "base_id", "rubrics_rubricversion"),
    ("annotation_impactrun", "judge_id", "rubrics_judge"),
    ("annotation_impactrun", "after_id", "rubrics_spec"),
    ("annotation_impactrun", "before_id", "rubrics_spec"),
    ("annotation_impactitem", "run_id", "annotation_impactrun"),
    ("annotation_impactitem", "target_id", "annotation_target"),
    ("annotation_suggestionrun", "version_id", "rubrics_rubricversion"),
    ("annotation_suggestionrun", "spec_id", "rubrics_spec"),
    ("annotation_suggestionrun", "endpoint_id", "llm_endpoint"),
    ("annotation_suggestionsource", "run_id", "annotation_suggestionrun"),
    ("annotation_suggestionsource", "target_id", "annotation_target"),
    ("annotation_suggestion", "run_id", "annotation_suggestionrun"),
    ("annotation_suggestion", "version_id", "rubrics_rubricversion"),
]


class Migration(migrations.Migration):
    dependencies = [("annotation", "0008_drafts_tried_out")]

    operations = [same_project(*link) for link in LINKS]
