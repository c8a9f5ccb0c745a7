"""Whoever still has to rate a prompt's turn sees no reply to it, no score and no verdict."""

import pytest
from django.db.models import Q
from django.test import Client
from django.urls import reverse

from annotation.calls.queries import visible_calls
from annotation.difficulty import live, queries, work
from annotation.formats.records import plain_turn, supporter_turn
from annotation.models import DifficultyReply, DifficultyRun, Queue, QueueRater
from annotation.queues.services import queue_create
from annotation.ratings.targets import targets_for
from rubrics.models import JudgeCall
from tests.conftest import Cast
from tests.support.dialogues import added, parsed, supporter_turns
from tests.support.difficulty import K, everything, mixed, planned
from tests.support.evaluations import model, rated_corpus
from tests.support.judge_runs import llm_judge, said
from tests.support.judge_runs import reply as judge_reply
from tests.support.pages import html_of
from tests.support.servers import answer
from webapp.accounts.access import Member
from webapp.llm.models import ModelCall

pytestmark = [pytest.mark.slow, pytest.mark.django_db(transaction=True)]

PROMPTS = 3


@pytest.fixture
def run(cast: Cast) -> DifficultyRun:
    version, _ = rated_corpus(cast)
    with (
        model(cast, "Mixed", mixed) as (mixed_at, _),
        model(cast, "Reader", lambda *_: answer(said(c1=3, c2=1))) as (reader, _),
    ):
        judge = llm_judge(cast, reader, mode="all_in_one")
        run = planned(cast, everything(cast), version, judge, mixed_at, prompts=PROMPTS)
        work.work(str(run.pk))
    run.refresh_from_db()
    assert run.status == "succeeded", run.error
    return run


@pytest.fixture
def blind(cast: Cast, run: DifficultyRun) -> Member:
    """A lead who rates as well, with every prompt of the run on the desk."""
    rater = cast.leads[1]
    queue_create(
        project=cast.project,
        actor=cast.leads[0],
        name="Prompts",
        snapshot=run.snapshot,
        version=run.version,
        raters=[rater],
        overlap=1,
    )
    return cast.member(rater)


def test_nothing_of_a_hidden_prompt_is_shown(
    client: Client, run: DifficultyRun, blind: Member
) -> None:
    state = queries.state_of(run, blind)
    assert (state.hidden, state.measured, state.share) == (PROMPTS, 0, None)
    assert "difficulty-chart" not in "".join(live.render(run, blind))
    client.force_login(blind.user)
    where = {"project_id": run.project_id, "run_id": run.pk}
    page = html_of(client.get(reverse("difficulty_replies", kwargs=where)))
    assert "You still have to rate this text" in page
    for words in ("Get over it", "I hear how", "pFAIL", "FAIL<"):
        assert words not in page
    listed = html_of(client.get(reverse("difficulty_prompts", kwargs=where)))
    assert f"You still have to rate {PROMPTS} of these" in listed and "<tbody>" not in listed
    api = {"project_id": run.project_id, "id": run.pk}
    for name in ("api_difficulty_prompts", "api_difficulty_replies"):
        assert client.get(reverse(name, kwargs=api)).json()["results"] == []
    one = client.get(reverse("api_difficulty_retrieve", kwargs=api)).json()
    assert one["hidden"] == PROMPTS and one["share_hard"] is None
    assert {part["count"] for part in one["parts"]} == {0}


def test_the_list_of_runs_counts_no_hidden_prompt(
    client: Client, cast: Cast, run: DifficultyRun, blind: Member
) -> None:
    """Else the difference to the page of the run would tell what they are."""
    where = reverse("difficulty_runs", args=[run.project_id])
    for user, measured in ((blind.user, 0), (cast.leads[0], PROMPTS)):
        client.force_login(user)
        assert f"{measured} of {PROMPTS}" in html_of(client.get(where))


def test_the_calls_about_it_are_hidden_too(cast: Cast, run: DifficultyRun, blind: Member) -> None:
    replies = DifficultyReply.objects.filter(prompt__run=run).values("pk")
    judged = JudgeCall.objects.filter(run_id=run.pk).values("pk")
    everybody = visible_calls(cast.member(cast.leads[0]))
    assert everybody.filter(made_for__in=replies).count() == PROMPTS * K
    assert everybody.filter(made_for__in=judged).exists()
    assert ModelCall.objects.filter(run_id=run.pk).exists()
    assert not visible_calls(blind).filter(run_id=run.pk).exists()


def test_calls_about_the_same_words_elsewhere_are_hidden_too(
    cast: Cast, run: DifficultyRun
) -> None:
    """A reply to another prompt that says word for word what a text on the desk says."""
    one = DifficultyReply.objects.filter(prompt__run=run).first()
    assert one is not None and one.target is not None and one.target.context is not None
    member = cast.member(cast.leads[1])
    words = one.target.context["candidate"]["response"]
    turns = (plain_turn("seeker", "Hello."), supporter_turn(judge_reply(words))[0])
    [dialogue] = added(cast.project, parsed(900, turns=turns))
    [target] = targets_for(project=cast.project, turns=[supporter_turns(dialogue)[0].pk])
    calls = visible_calls(member)
    judged = JudgeCall.objects.filter(context_hash=one.target.context_hash).values("pk")
    about = Q(made_for=one.pk) | Q(made_for__in=judged)
    assert calls.filter(about).count() == 2
    queue = Queue.objects.create(
        project=cast.project, number=1, name="Q", version=run.version, snapshot=run.snapshot
    )
    QueueRater.objects.create(project=cast.project, queue=queue, user=member.user)
    queue.items.create(project=cast.project, position=0, target=target)
    assert not visible_calls(member).filter(about).exists()
    assert visible_calls(member).filter(run_id=run.pk).exists()


def test_others_see_it_all(cast: Cast, run: DifficultyRun, blind: Member) -> None:
    assert queries.state_of(run, cast.member(cast.leads[0])).measured == PROMPTS
