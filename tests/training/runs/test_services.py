"""Starting a run: what is refused before anything starts, and that one key is one run."""

import json
import math
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier

import pytest
from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, connection, transaction
from django.db.models import Q
from django.utils import timezone

from annotation.corpus.set_query import SetQuery
from annotation.difficulty.services import difficulty_start, set_create
from annotation.formats.records import plain_turn
from annotation.models import Collection, DifficultyRun, Snapshot
from annotation.sets.services import collection_create, freeze
from rubrics.models import RubricVersion
from tests.conftest import Cast
from tests.support.dialogues import WHOLE, published
from tests.support.waiting import SHORT_S
from tests.training.checkpoints.models import written
from tests.training.runs.worlds import GRPO, SFT, World, dialogues_in
from training import services
from training.folder import prepare
from training.limits import EQUAL_WEIGHTS, shares
from training.models import Checkpoint, TrainingRun
from training.reward_judges import require_judge
from training.trainer.config import read_spec
from webapp.audit.models import Entry
from webapp.errors import Refused
from webapp.llm.services import endpoint_archive

pytestmark = pytest.mark.django_db


def refused(ready: World, code: str, **changes: object) -> str:
    """The message of a refusal; nothing may be left behind."""
    with pytest.raises(Refused) as caught:
        ready.start(**changes)
    assert caught.value.code == code
    assert not TrainingRun.objects.exists() and not Snapshot.objects.exists()
    return str(caught.value)


def test_a_run_is_pinned_to_all_that_it_uses(ready: World) -> None:
    run = ready.start(seed=5)
    assert run.status == "pending" and run.steps_total == 4
    assert run.spec == ready.version.spec
    assert run.settings == {"grpo": GRPO, "reward": shares(EQUAL_WEIGHTS), "seed": 5}
    assert run.train_snapshot.members.count() == 4
    assert run.held_out_snapshot.members.count() == 3
    splits = run.held_out_snapshot.members.values_list("target__turn__dialogue__split", flat=True)
    assert set(splits) == {"test"}
    assert Entry.objects.filter(action="training.started", object_id=run.pk).count() == 1


def test_sft_imitates_replies_and_watches_the_validation_split(ready: World) -> None:
    dialogues_in(ready.project, "validation", 2)
    run = ready.start(sft=SFT, grpo=None, lora={"rank": 4, "alpha": 8})
    assert (run.method, run.steps_total) == ("sft", 4)
    assert run.settings["sft"] == SFT and run.settings["lora"] == {"rank": 4, "alpha": 8}
    assert run.then_settings is None and run.then_snapshot is None
    assert run.validation_snapshot is not None
    members = run.validation_snapshot.members
    splits = members.values_list("target__turn__dialogue__split", flat=True)
    assert set(splits) == {"validation"}


def test_sft_needs_no_judge(ready: World) -> None:
    run = ready.start(sft=SFT, grpo=None, judge=None)
    assert run.judge is None and run.judge_endpoint is None
    folder = prepare(run)
    assert "judge" not in json.loads((folder / "spec.json").read_text())
    assert read_spec(folder).judge is None
    require_judge(run)


def test_sft_keeps_no_judge_that_it_would_not_ask(ready: World) -> None:
    assert ready.start(sft=SFT, grpo=None).judge is None


def test_grpo_needs_a_judge(ready: World) -> None:
    assert "Choose a judge." in refused(ready, "no_judge", judge=None)
    assert "Choose a judge." in refused(ready, "no_judge", judge=None, sft=SFT)


def test_the_database_wants_a_judge_for_grpo(ready: World) -> None:
    run = ready.start()
    with pytest.raises(IntegrityError, match="grpo_has_a_judge"), transaction.atomic():
        TrainingRun.objects.filter(pk=run.pk).update(judge=None)


def test_sft_goes_without_validation_where_the_set_has_none(ready: World) -> None:
    assert ready.start(sft=SFT, grpo=None).validation_snapshot is None


def test_a_plan_keeps_what_its_second_run_needs(ready: World) -> None:
    hard = collection_create(
        project=ready.project,
        actor=ready.lead,
        name="Hard",
        query=SetQuery(source="kardiabench"),
    )
    run = ready.start(sft=SFT, grpo_collection=hard)
    assert run.method == "sft" and "grpo" not in run.settings
    assert run.then_settings["grpo"] == GRPO
    assert run.then_snapshot.collection.name.startswith("Hard")
    assert run.train_snapshot.collection.name.startswith("Everything")


def test_sft_learns_from_easy_prompts_and_grpo_from_hard_ones(ready: World) -> None:
    dialogues_in(ready.project, "train", 6, source="others")
    dialogues_in(ready.project, "validation", 2)
    judge = ready.judge
    assert judge.endpoint is not None
    measured = difficulty_start(
        project=ready.project, actor=ready.lead, key="measured", collection=ready.collection,
        prompts=12, endpoint=judge.endpoint, version=ready.version, judge=judge,
    )  # fmt: skip
    DifficultyRun.objects.filter(pk=measured.pk).update(status="succeeded")
    measured.refresh_from_db()
    for prompts, p_fail in ((Q(position__lt=6), 0.25), (Q(position__gte=6), 0.75)):
        measured.prompts.filter(prompts).update(judged=8, p_fail=p_fail)
    easy, hard = (
        set_create(run=measured, actor=ready.lead, difficulty=name) for name in ("easy", "hard")
    )
    run = ready.start(sft=SFT, collection=easy, grpo_collection=hard)
    found = [
        set(snapshot.members.values_list("target__difficulty_prompts__p_fail", flat=True))
        for snapshot in (run.train_snapshot, run.then_snapshot)
    ]
    assert found == [{0.25}, {0.75}]
    # Difficulty was measured on the train split only: the others come from the whole set.
    for snapshot, split in (
        (run.held_out_snapshot, "test"),
        (run.validation_snapshot, "validation"),
    ):
        splits = snapshot.members.values_list("target__turn__dialogue__split", flat=True)
        assert set(splits) == {split}
        assert snapshot.collection.name.startswith("Everything")


def test_a_set_without_whole_replies_teaches_nothing(ready: World) -> None:
    turns = (plain_turn("seeker", "Nobody calls."), plain_turn("supporter", "That is hard."))
    for split in ("train", "test"):
        dialogues_in(ready.project, split, 3, source="others", turns=turns)
    others = collection_create(
        project=ready.project, actor=ready.lead, name="Others", query=SetQuery(source="others")
    )
    message = refused(ready, "too_few_prompts", sft=SFT, grpo=None, collection=others)
    assert "no replies to imitate" in message


def test_the_same_key_is_the_same_run(ready: World) -> None:
    first, second = ready.start(key="twice"), ready.start(key="twice")
    assert first == second
    assert Snapshot.objects.count() == 2


@pytest.mark.django_db(transaction=True)
def test_two_clicks_at_once_freeze_the_prompts_once(ready: World) -> None:
    together = Barrier(2)

    def click(_: int) -> TrainingRun:
        together.wait(SHORT_S)
        try:
            return ready.start(key="double click")
        finally:
            connection.close()

    with ThreadPoolExecutor(2) as pool:
        first, second = pool.map(click, range(2))
    assert first == second
    assert Snapshot.objects.count() == 2


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"reward": {"format": -0.1, "emotion": 0.5, "rubric": 0.5}}, "reward"),
        ({"reward": {"format": math.nan, "emotion": 0.5, "rubric": 0.5}}, "reward"),
        ({"reward": {"format": 0.0, "emotion": 0.0, "rubric": 0.0}}, "reward"),
        ({"reward": {"format": 1.0}}, "reward"),
        ({"reward": {**EQUAL_WEIGHTS, "fluency": 1.0}}, "reward"),
        ({"grpo": {**GRPO, "warmup": 3}}, "settings"),
        ({"grpo": {k: v for k, v in GRPO.items() if k != "beta"}}, "settings"),
        ({"grpo": {**GRPO, "rollouts_per_prompt": 1}}, "rollouts_per_prompt"),
        ({"grpo": {**GRPO, "learning_rate": math.inf}}, "learning_rate"),
        ({"grpo": {**GRPO, "steps": 0}}, "steps"),
        ({"seed": -1}, "seed"),
        ({"grpo": None}, "settings"),
        ({"grpo": {**GRPO, "micro_batch": 0}}, "micro_batch"),
        ({"grpo": {**GRPO, "micro_batch": 3}}, "micro_batch"),
        ({"grpo": {**GRPO, "max_completion_tokens": 4096}}, "context"),
        ({"sft": {**SFT, "batch_size": 0}}, "batch_size"),
        ({"sft": {**SFT, "beta": 0.1}}, "settings"),
        ({"sft": SFT, "grpo": {**GRPO, "steps": 0}}, "steps"),
        ({"lora": {"rank": 0, "alpha": 1}}, "rank"),
        ({"lora": {"rank": 4}}, "settings"),
    ],
)
def test_settings_outside_their_range_are_refused(
    ready: World, changes: dict[str, object], code: str
) -> None:
    refused(ready, code, **changes)


def test_whole_replies_without_one_of_the_emotions_teach_nothing(ready: World) -> None:
    """Some turns have all spans and others an emotion, but none has both."""
    bare = (plain_turn("seeker", "Nobody calls."), plain_turn("supporter", "That is hard."))
    for split in ("train", "test"):
        dialogues_in(ready.project, split, 3, source="others", emotion="homesick")
        key = f"bare-{split}"
        dialogues_in(ready.project, split, 1, source="others", turns=bare, source_key=key)
    others = collection_create(
        project=ready.project, actor=ready.lead, name="Others", query=SetQuery(source="others")
    )
    message = refused(ready, "too_few_prompts", sft=SFT, grpo=None, collection=others)
    assert "no replies to imitate" in message and "one of the 32 emotions" in message


def test_an_unpublished_version_is_refused(ready: World) -> None:
    draft = RubricVersion.objects.create(
        project=ready.project, rubric=ready.version.rubric, number=2, draft=ready.version.draft
    )
    assert "Publish" in refused(ready, "not_published", version=draft)
    refused(ready, "not_published", version=draft, sft=SFT, grpo=None, judge=None)


def test_a_rubric_of_whole_dialogues_is_no_reward(ready: World) -> None:
    refused(ready, "target", version=published(ready.project, WHOLE))


def test_a_judge_without_its_endpoint_is_refused(ready: World) -> None:
    assert ready.judge.endpoint is not None
    endpoint_archive(endpoint=ready.judge.endpoint, actor=ready.lead)
    ready.judge.endpoint.refresh_from_db()
    refused(ready, "no_endpoint")


def test_a_judge_that_learned_other_words_is_refused(ready: World, monkeypatch) -> None:
    monkeypatch.setattr(ready.judge, "kind", "learned")
    message = refused(ready, "not_fitted")
    assert "Empathy" in message


def test_too_few_prompts_are_refused_with_both_numbers(ready: World) -> None:
    message = refused(ready, "too_few_prompts", grpo={**GRPO, "prompts_per_step": 5})
    assert "4 training prompts, but 5 are needed" in message


def test_dialogues_without_one_of_the_emotions_are_no_prompts(ready: World) -> None:
    for split in ("train", "test"):
        dialogues_in(ready.project, split, 3, source="others", emotion="homesick")
    others = collection_create(
        project=ready.project, actor=ready.lead, name="Others", query=SetQuery(source="others")
    )
    assert "0 training prompts" in refused(ready, "too_few_prompts", collection=others)


def test_a_set_without_a_test_split_is_refused(ready: World) -> None:
    only = collection_create(
        project=ready.project, actor=ready.lead, name="Other", query=SetQuery(source="nowhere")
    )
    assert "train split" in refused(ready, "empty_split", collection=only)


def _frozen(ready: World, split: str, **query: str) -> Snapshot:
    collection = collection_create(
        project=ready.project, actor=ready.lead, name=split, query=SetQuery(split=split, **query)
    )
    return freeze(collection=collection, actor=ready.lead)


def _start_on(ready: World, train: Snapshot, held_out: Snapshot) -> TrainingRun:
    asked = ready.asked()
    for name in ("collection", "prompts", "held_out_prompts"):
        del asked[name]
    return services.training_start(**asked, train=train, held_out=held_out)


@pytest.mark.parametrize("split", ["test", "validation"])
def test_only_the_train_split_is_trained_on(ready: World, split: str) -> None:
    dialogues_in(ready.project, "validation", 3)
    with pytest.raises(Refused) as caught:
        _start_on(ready, _frozen(ready, split), _frozen(ready, "test"))
    assert caught.value.code == "test_split"


def test_profiles_are_not_shared(ready: World) -> None:
    train = _frozen(ready, "train")
    with pytest.raises(Refused) as caught:
        _start_on(ready, train, train)
    assert caught.value.code == "shared_profiles"


def test_an_archived_project_starts_nothing(ready: World) -> None:
    ready.project.archived_at = timezone.now()
    ready.project.save()
    with pytest.raises(PermissionDenied):
        ready.start()


def test_a_base_that_was_deleted_meanwhile_is_refused(ready: World) -> None:
    Checkpoint.objects.filter(pk=ready.base.pk).delete()
    refused(ready, "no_base")


def test_the_parts_of_a_set_are_made_once(ready: World) -> None:
    ready.start()
    ready.start(seed=9)
    assert Collection.objects.count() == 3
    hashes = Snapshot.objects.values_list("hash", flat=True)
    assert len(set(hashes)) == 4, "another seed draws other prompts"


def test_nothing_starts_from_the_starter_of_earlier_versions(ready: World) -> None:
    """Its files are gone."""
    Checkpoint.objects.filter(pk=ready.base.pk).update(
        origin="starter", path="training/starter/models/starter-sft"
    )
    ready.base.refresh_from_db()
    assert "can’t be read" in refused(ready, "no_model")


def test_weights_from_outside_are_registered_by_their_hash(cast: Cast, tmp_path: Path) -> None:
    folder = tmp_path / "model"
    folder.mkdir()
    with pytest.raises(Refused):
        services.checkpoint_register(
            project=cast.project, actor=cast.leads[0], name="none", folder=folder
        )
    written(folder)
    row = services.checkpoint_register(
        project=cast.project, actor=cast.leads[0], name="mine", folder=folder
    )
    assert (row.number, row.path, len(row.sha256)) == (1, str(folder), 64)
