"""Who still has to judge a pair sees nothing of it: no answer, score, figure, call or export."""

from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from annotation.calls.queries import visible_calls
from annotation.comparisons import services
from annotation.models import PairJudgement
from annotation.ratings.blindness import blind_among, hidden_targets
from annotation.ratings.services import NewScore, rater_for_judge, submit_rating
from tests.conftest import Cast
from tests.support.comparisons import WARM, reply
from tests.support.exports import rows_for
from tests.support.objects import Setting
from tests.support.pages import html_of
from tests.training.comparisons.conftest import PROMPTS, Evaluated
from training.comparisons.queries import comparisons_of, results_of
from training.evaluation.hidden import hidden_positions
from training.models import Answer, AnswerRating, EvaluationComparison, EvaluationJudge
from webapp.accounts.access import Member
from webapp.accounts.models import User
from webapp.llm.models import ModelCall


@pytest.fixture
def blind(evaluated: Evaluated) -> Member:
    """A lead who judges as well."""
    return evaluated.cast.member(evaluated.cast.leads[1])


@pytest.fixture
def link(evaluated: Evaluated, blind: Member) -> EvaluationComparison:
    scored(evaluated)
    people = [*evaluated.cast.annotators, blind.user]
    return evaluated.compare(raters=people, overlap=2)


def scored(evaluated: Evaluated) -> None:
    """A judge's rating of every answer, and the call that made each."""
    setting = Setting(evaluated.cast.project, evaluated.cast.leads[0])
    judge = setting["judge_id"]
    EvaluationJudge.objects.create(
        project=evaluated.run.project, run=evaluated.run, judge=judge, is_reward=False
    )
    for answer in Answer.objects.filter(system__run=evaluated.run):
        assert answer.target is not None
        rating = submit_rating(
            target=answer.target,
            spec=evaluated.run.spec,
            rater=rater_for_judge(judge=judge),
            purpose="judge",
            scores=[NewScore("empathy", 3), NewScore("plan", 1)],
        ).rating
        AnswerRating.objects.create(
            project=evaluated.run.project, answer=answer, judge=judge, rating=rating
        )
        ModelCall.objects.create(
            project=evaluated.run.project,
            endpoint=setting["endpoint_id"],
            purpose="supporter",
            request={},
            made_for=answer.pk,
        )


def judge_all(evaluated: Evaluated, link: EvaluationComparison, user: User) -> None:
    """All pairs, longer ago than they could be taken back."""
    for _ in range(PROMPTS):
        evaluated.at_desk(link).judge(user, "first")
    PairJudgement.objects.filter(rater__user=user).update(
        submitted_at=timezone.now() - timedelta(hours=1)
    )


def shown_answers(client: Client, evaluated: Evaluated) -> int:
    where = {"project_id": evaluated.run.project_id, "id": evaluated.run.pk}
    answer = client.get(reverse("api_evaluation_answers", kwargs=where)).json()
    return len(answer["results"])


def test_pages_api_calls_and_exports_leave_it_out(
    evaluated: Evaluated, link: EvaluationComparison, blind: Member, client: Client
) -> None:
    cast, run = evaluated.cast, evaluated.run
    client.force_login(blind.user)
    judge_all(evaluated, link, cast.annotators[0])
    # All but the prompt with identical answers, which nobody judges.
    assert len(hidden_positions(run, blind)) == PROMPTS
    assert hidden_targets(blind.user, blind.project).count() == 3 * PROMPTS
    assert shown_answers(client, evaluated) == 3
    where = {"project_id": run.project_id, "run_id": run.pk}
    page = html_of(client.get(reverse("evaluation_answers", kwargs=where) + "?prompt=0"))
    assert "Warm words" not in page
    [found] = results_of(comparisons_of(run), blind)
    assert (found.hidden, found.judged, found.wins, found.win_rate) == (PROMPTS, PROMPTS, 0, None)
    page = html_of(client.get(reverse("comparisons", kwargs=where)))
    assert "You still have to judge or rate 6 of these pairs." in page
    assert "Win rate of" not in page
    page = html_of(client.get(reverse("evaluation", kwargs=where)))
    assert "100.0 %" not in page.partition("What people chose")[2]
    one = {"project_id": run.project_id, "id": run.pk, "comparison_id": link.comparison_id}
    results = client.get(reverse("api_evaluation_comparison", kwargs=one)).json()["results"]
    assert (results["win_rate"], results["wins"], results["hidden"]) == (None, 0, PROMPTS)
    assert visible_calls(blind).count() == 3
    comparison = str(link.comparison_id)
    for table in ("pair_judgements", "pair_preferences"):
        assert rows_for(cast, blind.user, table, comparison=comparison) == []
    assert len(rows_for(cast, blind.user, "ratings", raters="judge")) == 2 * 2

    # Another lead, who judges nothing, sees it all.
    other = cast.member(cast.leads[0])
    client.force_login(other.user)
    page = html_of(client.get(reverse("evaluation", kwargs=where)))
    assert "100.0 %" in page.partition("What people chose")[2]
    assert shown_answers(client, evaluated) == 3 * (PROMPTS + 1)
    assert visible_calls(other).count() == 3 * (PROMPTS + 1)
    assert results_of(comparisons_of(run), other)[0].wins == PROMPTS
    assert len(rows_for(cast, other.user, "pair_judgements", comparison=comparison)) == PROMPTS


def test_eyes_open_a_minute_after_the_own_judgement(
    evaluated: Evaluated, link: EvaluationComparison, blind: Member
) -> None:
    done = evaluated.at_desk(link).judge(blind.user, "first")
    assert len(hidden_positions(evaluated.run, blind)) == PROMPTS
    PairJudgement.objects.filter(pk=done.pk).update(
        submitted_at=timezone.now() - timedelta(minutes=2)
    )
    assert len(hidden_positions(evaluated.run, blind)) == PROMPTS - 1
    assert results_of(comparisons_of(evaluated.run), blind)[0].wins == 1
    services.comparison_close(comparison=link.comparison, actor=evaluated.cast.leads[0])
    assert hidden_positions(evaluated.run, blind) == set()


def test_the_same_words_elsewhere_are_hidden_too(
    evaluated: Evaluated, link: EvaluationComparison, blind: Member, cast: Cast
) -> None:
    prompts = [pair.prompt for pair in link.comparison.pairs.filter(is_identical=False)]
    pasted = reply(prompts[1], WARM.format(n=0))
    other = reply(prompts[1], "Something else.")
    found = blind_among(blind.user, blind.project, [pasted.pk, other.pk])
    assert found == {pasted.pk}
    assert not blind_among(cast.leads[0], blind.project, [pasted.pk])


def test_who_could_read_the_results_meanwhile_gets_none_of_those_pairs(
    evaluated: Evaluated, link: EvaluationComparison, blind: Member
) -> None:
    lead, ana = evaluated.cast.leads[0], evaluated.cast.annotators[0]
    at_desk = evaluated.at_desk(link)
    read = at_desk.judge(ana, "first").pair_id
    services.comparison_close(comparison=link.comparison, actor=lead)
    services.comparison_open(comparison=link.comparison, actor=lead)
    assert at_desk.claim(blind.user).pair_id != read
    # An annotator reads no results, so nothing changes for them.
    assert at_desk.claim(evaluated.cast.annotators[1]).pair_id == read
