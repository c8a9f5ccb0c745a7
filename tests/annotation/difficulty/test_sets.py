"""Easy and hard prompts as sets: made once, frozen, exported and trained on."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from django.db import connection

from annotation.corpus.set_query import SetQuery
from annotation.difficulty.services import set_create
from annotation.exports.sft import SFT
from annotation.models import Collection, DifficultyPrompt, DifficultyRun, Target
from annotation.models.corpus import Split
from annotation.ratings.targets import targets_for
from annotation.sets.queries import in_words, names_in, size_of
from annotation.sets.services import collection_create, freeze, freeze_split, measured_set
from tests.conftest import Cast
from tests.support.judge_runs import texts
from tests.support.objects import RUNS, Setting
from tests.support.waiting import SHORT_S
from webapp.accounts.numbers import next_number
from webapp.audit.models import Entry
from webapp.errors import Refused

P_FAILS = (0.0, 0.25, 0.5, 1.0, None)


@pytest.fixture
def run(cast: Cast) -> DifficultyRun:
    """Ended, with two easy prompts, two hard ones and one without pFAIL."""
    run = RUNS["difficulty"](Setting(cast.project, cast.leads[0]))
    # The sets and the snapshot of the run took the first numbers.
    for name in ("collection", "collection", "snapshot"):
        next_number(cast.project, name)
    turns = texts(cast, len(P_FAILS) + 1, first=100)
    targets = targets_for(project=cast.project, turns=[turn.pk for turn in turns])
    for position, (target, p_fail) in enumerate(zip(targets, P_FAILS, strict=False)):
        DifficultyPrompt.objects.create(
            project=cast.project, run=run, position=position, target=target, k=4,
            judged=0 if p_fail is None else 4, p_fail=p_fail,
        )  # fmt: skip
    return run


def made(cast: Cast, run: DifficultyRun, difficulty: str) -> Collection:
    return set_create(run=run, actor=cast.leads[0], difficulty=difficulty)


def members(snapshot) -> list[int]:
    targets = Target.objects.filter(pk__in=snapshot.members.values("target"))
    return sorted(targets.values_list("turn__dialogue__number", flat=True))


def test_a_prompt_at_one_half_is_hard(cast: Cast, run: DifficultyRun) -> None:
    numbers = list(
        run.prompts.order_by("position").values_list("target__turn__dialogue__number", flat=True)
    )
    easy, hard = (
        freeze(collection=made(cast, run, name), actor=cast.leads[0]) for name in ("easy", "hard")
    )
    assert members(easy) == numbers[:2]
    assert members(hard) == numbers[2:4]
    query = SetQuery.from_json(hard.collection.query)
    assert size_of(member=cast.member(cast.leads[0]), query=query) == 2


def test_a_second_click_leads_to_the_same_set(cast: Cast, run: DifficultyRun) -> None:
    first = made(cast, run, "hard")
    assert made(cast, run, "hard") == first
    assert first.name == f"Difficulty run {run.number}: hard prompts"
    assert Entry.objects.filter(action="collection.created", object_id=first.pk).count() == 1


@pytest.mark.django_db(transaction=True)
def test_two_clicks_at_once_make_one_set(cast: Cast, run: DifficultyRun) -> None:
    together = Barrier(2)

    def click(_: int) -> Collection:
        together.wait(SHORT_S)
        try:
            return made(cast, run, "easy")
        finally:
            connection.close()

    with ThreadPoolExecutor(2) as pool:
        first, second = pool.map(click, range(2))
    assert first == second
    assert Collection.objects.filter(query__difficulty="easy").count() == 1


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"status": "pending", "ended_at": None}, "not_ended"),
        ({"nothing": True}, "empty"),
        ({"difficulty": "odd"}, "difficulty"),
    ],
)
def test_a_set_needs_an_ended_run_with_such_prompts(
    cast: Cast, run: DifficultyRun, change: dict, code: str
) -> None:
    difficulty = change.pop("difficulty", "hard")
    if change.pop("nothing", False):
        run.prompts.all().delete()
    DifficultyRun.objects.filter(pk=run.pk).update(**change)
    run.refresh_from_db()
    with pytest.raises(Refused) as refused:
        made(cast, run, difficulty)
    assert refused.value.code == code


def test_the_query_is_said_in_words(cast: Cast, run: DifficultyRun) -> None:
    query = SetQuery.from_json(made(cast, run, "easy").query | {"split": "train"})
    words = in_words(query, names_in(cast.project, [query]))
    assert words == (
        f"Supporter turns in the train split, that were easy in Difficulty run {run.number}"
    )


@pytest.mark.parametrize(
    "query",
    [
        {"difficulty": "easy"},
        {"difficulty_run": "0190b5a0-0000-7000-8000-000000000000"},
        {"difficulty_run": "x", "difficulty": "easy"},
        {"difficulty_run": "0190b5a0-0000-7000-8000-000000000000", "difficulty": "odd"},
        {
            "difficulty_run": "0190b5a0-0000-7000-8000-000000000000",
            "difficulty": "easy",
            "kind": "dialogue",
        },
    ],
)
def test_a_broken_query_is_refused(query: dict[str, str]) -> None:
    with pytest.raises(Refused):
        SetQuery.from_json(query)


def test_a_run_of_another_project_is_refused(cast: Cast) -> None:
    other = RUNS["difficulty"](Setting(cast.other_project, cast.stranger))
    query = SetQuery(difficulty_run=str(other.pk), difficulty="easy")
    with pytest.raises(Refused, match="not in the project"):
        collection_create(project=cast.project, actor=cast.leads[0], name="Theirs", query=query)


def test_a_split_of_it_is_frozen_and_the_others_come_from_the_whole_set(
    cast: Cast, run: DifficultyRun
) -> None:
    easy = made(cast, run, "easy")
    train = freeze_split(easy, Split.TRAIN, actor=cast.leads[0], seed=1, limit=100)
    assert train.members.count() == 2
    assert train.collection.query == easy.query | {"split": "train"}
    with pytest.raises(Refused, match="no texts in its test split"):
        freeze_split(easy, Split.TEST, actor=cast.leads[0], seed=1, limit=100)
    assert measured_set(easy) == run.collection == measured_set(run.collection)


def test_an_export_for_sft_has_these_replies_only(cast: Cast, run: DifficultyRun) -> None:
    hard = made(cast, run, "hard")
    frozen = freeze(collection=hard, actor=cast.leads[0])
    for filters in ({"set": str(hard.pk)}, {"snapshot": str(frozen.pk)}):
        rows = SFT.select(cast.member(cast.leads[0]), filters)
        found = [row["dialogue"] for chunk in rows.chunks() for _, row in chunk.rows]
        assert sorted(found) == members(frozen)
