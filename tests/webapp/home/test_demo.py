"""The demo: the written corpus in a project with people, sets, a queue and a judge."""

from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from annotation.corpus.set_query import SetQuery
from annotation.demo.written import other_replies, written_dialogues
from annotation.models import (
    Collection,
    Dialogue,
    FitRun,
    Item,
    Queue,
    Rater,
    Rating,
    Score,
    Target,
    Turn,
)
from annotation.sets.queries import size_of
from rubrics.demo.kardia import KARDIA
from rubrics.models import RubricVersion
from tests.support.objects import Setting
from tests.support.pages import html_of
from tests.support.run_rows import fit_run
from training.models import ModelFetch
from webapp.accounts.access import find_member
from webapp.accounts.models import Project, User
from webapp.home import demo, demo_corpus

# Models whose rows the demo makes.
MADE = (Project, User, Dialogue, Turn, Target, Rater, Rating, Score, RubricVersion, Collection,
        Queue, Item, FitRun, ModelFetch)  # fmt: skip


class Killed(Exception):
    """The start ends here."""


@pytest.fixture(autouse=True)
def at_home(db: None, settings: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.VAR_DIR = tmp_path
    monkeypatch.setattr(demo.package, "find", lambda: tmp_path / "small.gguf")


def loaded() -> Project:
    demo.load()
    return Project.objects.get(name=demo.PROJECT)


def counts() -> dict[str, int]:
    return {model.__name__: model._default_manager.count() for model in MADE}


def test_each_dialogue_is_there_in_the_split_that_the_files_name() -> None:
    project = loaded()
    written, others = written_dialogues(), other_replies()
    found = {
        source: dict(rows.values_list("source_key", "split"))
        for source in ("written", "other replies")
        for rows in [Dialogue.objects.filter(project=project, source=source)]
    }
    split_of = {each.id: each.split for each in written}
    assert found["written"] == split_of
    assert found["other replies"] == {each.id: split_of[each.dialogue] for each in others}
    # Lists begin with the newest: whole dialogues, not parts of them.
    assert Dialogue.objects.order_by("number").last().source == "written"  # type: ignore[union-attr]


def test_sets_and_queue_say_what_is_in_them() -> None:
    project = loaded()
    member = find_member(User.objects.get(email="lead@kardia.example"), project.pk)
    assert member is not None
    sizes = {
        row.name: size_of(member=member, query=SetQuery.from_json(row.query))
        for row in Collection.objects.filter(project=project)
    }
    turns = Turn.objects.filter(dialogue__source="written", role=Turn.Role.SUPPORTER)
    in_test = {each.id for each in written_dialogues() if each.split == "test"}
    assert sizes == {
        "Written dialogues": turns.count(),
        "Other replies": len(other_replies()),
        "Written dialogues, test split": turns.filter(dialogue__split="test").count(),
        "Other replies, test split": sum(each.dialogue in in_test for each in other_replies()),
    }
    queue = Queue.objects.get(project=project)
    assert (queue.name, queue.overlap) == ("Replies in written dialogues", 2)
    sources = queue.items.values_list("target__turn__dialogue__source", flat=True)
    assert Counter(sources) == {"written": 24}
    # No judge of the demo learns from these.
    splits = queue.items.values_list("target__turn__dialogue__split", flat=True)
    assert set(splits) == {"test"}


def test_the_levels_of_both_authors_are_ratings_of_the_last_replies(client: Client) -> None:
    project = loaded()
    criteria = {criterion.uid: criterion.name for criterion in KARDIA.judge_criteria}
    given: dict[tuple[str, str], dict[str, Any]] = {}
    whys: dict[tuple[str, str], set[str]] = {}
    for score in Score.objects.select_related("rating__rater", "rating__target__turn__dialogue"):
        turn = score.rating.target.turn
        assert turn is not None and score.rating.rater.kind == Rater.Kind.AUTHOR
        assert score.rating.purpose == Rating.Purpose.IMPORT
        key = (turn.dialogue.source_key, score.rating.rater.label)
        given.setdefault(key, {"turn": turn.position})[criteria[score.criterion_uid]] = score.value
        whys.setdefault(key, set()).add(score.rationale)
    expected = {
        (reply.id, f"Author {rating.author}"): ({"turn": reply.turn, **rating.levels}, {rating.why})
        for reply in other_replies()
        for rating in reply.ratings
    }
    assert {key: (given[key], whys[key]) for key in given} == expected

    client.force_login(User.objects.get(email="lead@kardia.example"))
    version = RubricVersion.objects.get(project=project, rubric__name=KARDIA.title)
    page = html_of(client.get(reverse("agreement", args=[project.pk]), {"version": version.pk}))
    assert "Compared with: Author A" in page and "Author B" in page
    fit = FitRun.objects.get(project=project)
    assert (fit.version, fit.rater_kinds) == (version, [Rater.Kind.AUTHOR])


@pytest.mark.parametrize("step", ["submit_ratings", "queue_create", "small_model_start"])
def test_a_start_that_was_killed_is_finished_by_the_next_one(
    step: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`step` is killed the second time that it is called, or the first where that is the only."""
    module = demo_corpus if step == "submit_ratings" else demo
    whole, calls = getattr(module, step), []

    def killed(*args: Any, **named: Any) -> Any:
        calls.append(step)
        if module is demo or len(calls) == 2:
            raise Killed
        return whole(*args, **named)

    with monkeypatch.context() as patched:
        patched.setattr(module, step, killed)
        with pytest.raises(Killed):
            demo.load()
    assert not FitRun.objects.exists()
    demo.load()
    found = counts()
    assert (found["Dialogue"], found["FitRun"], found["ModelFetch"]) == (194 + 480, 1, 1)
    ratings = sum(len(reply.ratings) for reply in other_replies())
    assert (found["Rating"], found["Score"]) == (ratings, 5 * ratings)
    demo.load()
    assert counts() == found


def test_without_the_package_of_the_small_model_the_demo_goes_without_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def missing() -> Path:
        raise demo.package.Unusable("It is not installed.")

    monkeypatch.setattr(demo.package, "find", missing)
    project = loaded()
    assert not ModelFetch.objects.exists()
    assert FitRun.objects.filter(project=project).exists()
    monkeypatch.setattr(demo.package, "find", lambda: Path("small.gguf"))
    demo.load()
    assert ModelFetch.objects.filter(project=project).count() == 1, "it came with a later start"


def test_the_list_of_passwords_is_written_again_where_it_is_missing(tmp_path: Path) -> None:
    demo.load()
    shown = tmp_path / "demo-passwords"
    before = shown.read_text()
    shown.unlink()
    demo.load()
    assert shown.read_text() == before


def test_the_demo_of_an_earlier_version_stays_as_it_is() -> None:
    admin = User.objects.create_user("admin@kardia.example", "secret", name="Ada", is_admin=True)
    old = Project.objects.create(name="Empathic support", created_by=admin)
    run = fit_run(Setting(old, admin))
    run.idempotency_key = demo.LAST_STEP
    run.save()
    before = Project.objects.values().get(pk=old.pk)
    new = loaded()
    assert new.pk != old.pk and new.created_by == admin
    assert Project.objects.values().get(pk=old.pk) == before
    assert not Dialogue.objects.filter(project=old).exists()
    assert list(FitRun.objects.filter(project=old)) == [run]
    assert FitRun.objects.filter(project=new).count() == 1
