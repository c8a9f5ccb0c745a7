"""Real objects for the arguments of URLs. The test of permissions asks here for a value of each
`<argument>` of each URL; whoever adds an argument adds its builder.

A builder takes the Setting (a project and the person who will ask) and returns a row, or any
other value that goes into the URL. `setting["rubric_id"]` gives another builder's row, the same
one every time, so that objects that belong together do.
"""

from collections.abc import Callable
from fnmatch import fnmatch
from typing import Any

from django.db.models import Model

from tests.support.rows import (
    adjudication,
    assignment,
    checkpoint,
    collection,
    comment,
    comparison,
    concern,
    contested_item,
    decision,
    dialogue,
    draft,
    endpoint,
    endpoint_test,
    gate_rule,
    instance_invitation,
    invitation,
    item,
    judge,
    judgement,
    model_call,
    price,
    queue,
    rubric,
    snapshot,
    spec_hash,
    stored_file,
    target,
    thread,
    token,
    version,
)
from tests.support.run_rows import (
    battery_run,
    difficulty_run,
    evaluation_run,
    export_run,
    fit_run,
    generation_run,
    impact_run,
    import_run,
    judge_run,
    model_fetch,
    playground_run,
    suggestion,
    suggestion_run,
    training_run,
)
from webapp.accounts.models import Project, User


class Setting:
    """A project and the person who asks, with the rows made so far."""

    def __init__(self, project: Project, person: User) -> None:
        self.project = project
        self.person = person
        self._made: dict[str, Any] = {}

    def __getitem__(self, argument: str) -> Any:
        return self.of("", argument)

    def of(self, url_name: str, argument: str) -> Any:
        """The row for an argument of a URL."""
        pattern, builder = _builder(url_name, argument)
        if pattern not in self._made:
            self._made[pattern] = builder(self)
        return self._made[pattern]

    def value(self, url_name: str, argument: str) -> Any:
        """What stands in the URL."""
        made = self.of(url_name, argument)
        return made.pk if isinstance(made, Model) else made


def _builder(url_name: str, argument: str) -> tuple[str, Callable[[Setting], Any]]:
    for pattern, builder in BUILDERS.items():
        if fnmatch(f"{url_name}.{argument}", pattern):
            return pattern, builder
    raise LookupError(
        f"The URL {url_name} has the argument <{argument}>, which has no builder: add one to "
        "BUILDERS, so that the test of permissions can ask for a "
        "real object."
    )


# The kinds of run.
RUNS: dict[str, Callable[[Setting], Any]] = {
    "export": export_run,
    "import": import_run,
    "generation": generation_run,
    "judging": judge_run,
    "fit": fit_run,
    "battery": battery_run,
    "playground": playground_run,
    "impact": impact_run,
    "suggestion": suggestion_run,
    "training": training_run,
    "difficulty": difficulty_run,
    "evaluation": evaluation_run,
    "fetch": model_fetch,
}

# What else has one.
TOPICS: dict[str, Callable[[Setting], Any]] = {"rubric-threads": rubric}

# "<url_name>.<argument>", with * for any text; the first that fits is taken.
BUILDERS: dict[str, Callable[[Setting], Any]] = {
    "admin_invitation_revoke.invitation_id": instance_invitation,
    "api_instance_invitation_revoke.invitation_id": instance_invitation,
    "*.invitation_id": invitation,
    "invitation.token": lambda setting: "unknown",
    "*.token_id": token,
    "*.uidb36": lambda setting: "1a",
    "account_reset_password_from_key.key": lambda setting: "unknown",
    "*.user_id": lambda setting: setting.person,
    "*.endpoint_id": endpoint,
    "*.call_id": model_call,
    "*.concern_id": concern,
    "*.test_id": endpoint_test,
    "*.price_id": price,
    "rubric_edit.version_id": draft,
    "rubric_draft_save.version_id": draft,
    "rubric_merge.version_id": draft,
    "rubric_presence.version_id": draft,
    "*.version_id": version,
    ".published_id": version,
    "*.rubric_id": rubric,
    "*.object_kind": lambda setting: "rubric",
    "*.object_id": rubric,
    "*.thread_id": thread,
    "*.comment_id": comment,
    "api_thread_*.id": thread,
    "api_comment_*.id": comment,
    "*.spec_hash": spec_hash,
    "*.dialogue_id": dialogue,
    "*.target_id": target,
    "*.set_id": collection,
    "*.snapshot_id": snapshot,
    "*.queue_id": queue,
    "*adjudicat*.item_id": contested_item,
    "*.item_id": item,
    "*.adjudication_id": adjudication,
    "*.decision_id": decision,
    "*.assignment_id": assignment,
    "*.comparison_id": comparison,
    "*.judgement_id": judgement,
    # The evaluation that a comparison is of.
    ".evaluated_id": evaluation_run,
    "comparison*.run_id": lambda setting: setting["evaluated_id"],
    "api_evaluation_comparison*.id": lambda setting: setting["evaluated_id"],
    "*.file_id": stored_file,
    "*.judge_id": judge,
    "*.checkpoint_id": checkpoint,
    **{f"run_*({kind}).run_id": builder for kind, builder in RUNS.items()},
    "export*.run_id": export_run,
    "api_export*.id": export_run,
    "import_*.run_id": import_run,
    "api_import*.run_id": import_run,
    "generation_*.run_id": generation_run,
    "api_generation*.run_id": generation_run,
    "judge_run*.run_id": judge_run,
    "api_judge_run*.run_id": judge_run,
    "fit_*.run_id": fit_run,
    "battery_*.run_id": battery_run,
    "api_fit*.run_id": fit_run,
    "training_*.run_id": training_run,
    "difficulty_*.run_id": difficulty_run,
    "evaluation*.run_id": evaluation_run,
    "evaluation_export.form": lambda setting: "csv",
    "model_fetch*.run_id": model_fetch,
    "playground_*.run_id": playground_run,
    "impact_*.run_id": impact_run,
    "*.suggestion_id": suggestion,
    "api_playground_run.id": playground_run,
    "api_playground_*.id": version,
    "api_impact_*.id": impact_run,
    "api_suggestion_run*.id": suggestion_run,
    "api_suggestion_*.id": suggestion,
    "api_suggestions.id": version,
    "api_rubric_version_list.id": rubric,
    "api_rubric_version_*.id": version,
    "api_rubric_*.id": rubric,
    "api_spec_*.hash": spec_hash,
    "api_dialogue_*.id": dialogue,
    "api_import_*.id": import_run,
    "api_set_*.id": collection,
    "api_snapshot_*.id": snapshot,
    "api_generation*.id": generation_run,
    "api_judge_run*.id": judge_run,
    "api_fit*.id": fit_run,
    "api_battery*.id": battery_run,
    "api_training*.id": training_run,
    "api_difficulty*.id": difficulty_run,
    "api_evaluation*.id": evaluation_run,
    "api_judge_*.id": judge,
    "api_checkpoint_*.id": checkpoint,
    "*.rule_id": gate_rule,
    "api_gate_*.id": gate_rule,
    "api_fetch_model*.id": model_fetch,
    "api_training*.run_id": training_run,
}
