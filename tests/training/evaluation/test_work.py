"""An evaluation from its prompts to its tables: answers, ratings, failures, and what it resumes."""

import pytest

from annotation.corpus.services import split_for
from annotation.corpus.set_query import SetQuery
from annotation.formats.records import plain_turn, supporter_turn
from annotation.models import Rating
from annotation.sets.services import collection_create
from rubrics.models import Judge, RubricVersion
from tests.conftest import Cast
from tests.support.dialogues import added, parsed
from tests.support.evaluations import PROMPTS, cold, model, planned, prompts, rated_corpus, warm
from tests.support.judge_runs import llm_judge, reply, said
from tests.support.servers import answer, refusal
from training.evaluation import queries, work
from training.evaluation.limits import CORPUS
from training.models import Answer, AnswerRating, EvaluationRun
from webapp.llm.models import ModelCall
from webapp.runs import services as runs

pytestmark = [pytest.mark.slow, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def taught(cast: Cast) -> tuple[RubricVersion, Judge]:
    return rated_corpus(cast)


def done(run: EvaluationRun) -> EvaluationRun:
    work.work(str(run.pk))
    run.refresh_from_db()
    return run


def test_a_reason_about_an_answer_is_not_in_the_error_of_the_run(cast: Cast, taught) -> None:
    version, _ = taught
    collection = prompts(cast)
    with (
        model(cast, "Warm", warm) as (warm_at, _),
        model(cast, "Reader", lambda *_: answer(said(c1="planted", c2=1))) as (reader, _),
    ):
        judge = llm_judge(cast, reader, mode="all_in_one")
        run = done(planned(cast, collection, version, [judge], [warm_at], with_corpus=False))
    failed = f"No answer was rated: {PROMPTS} failed."
    assert run.error == f"{failed} The run’s page lists the reasons."
    assert all("planted" in each.error for each in AnswerRating.objects.all())


def test_every_system_answers_and_every_judge_rates(cast: Cast, taught) -> None:
    version, judge = taught
    collection = prompts(cast)
    reader = {"c1": 2, "c2": 1}
    with (
        model(cast, "Warm", warm) as (warm_at, stub),
        model(cast, "Cold", cold) as (cold_at, _),
        model(cast, "Reader", lambda *_: answer(said(**reader))) as (reader_at, _),
    ):
        second = llm_judge(cast, reader_at, mode="all_in_one")
        run = planned(cast, collection, version, [judge, second], [warm_at, cold_at])
        assert done(run).status == "succeeded", run.error
    answers = Answer.objects.filter(system__run=run)
    assert answers.count() == 3 * PROMPTS
    assert set(answers.values_list("format", "emotion_match")) == {(1.0, 1.0)}
    assert AnswerRating.objects.filter(rating__isnull=False).count() == 2 * 3 * PROMPTS
    assert ModelCall.objects.filter(run_id=run.pk, purpose="supporter").count() == 2 * PROMPTS
    assert stub.bodies[0]["temperature"] == 0.0
    # The prompt is the held-out turn's place: its own reply is not in it.
    assert "Number 50" not in str(stub.bodies[0]["messages"])

    tables = queries.tables_of(run, cast.member(cast.leads[0]), against=1)
    assert [str(table.judge) for table in tables] == ["Learned v1", "Reader v1"]
    learned = tables[0]
    assert (learned.n, learned.groups) == (PROMPTS, PROMPTS)
    names = [measure.label for measure in learned.measures]
    assert names == ["Emotion", "Warmth", "Asks on", "Rubric", "Format"]
    warmth = {str(row.system): row.cells[1] for row in learned.rows}
    assert set(warmth) == {"Warm", "Cold", CORPUS}
    assert warmth["Warm"].estimate.value > warmth["Cold"].estimate.value
    assert warmth["Warm"].is_clear and not warmth["Cold"].is_clear
    by_name = {str(each.system): each for each in learned.comparisons}
    assert "Warmth" in by_name["Warm"].above and by_name["Warm"].below == []
    # A judge that says the same of every text finds no difference.
    assert by_name["Warm"].differences[0].estimate.value == 0
    assert all(not each.above and not each.below for each in tables[1].comparisons)


def test_an_answer_to_a_cut_prompt_says_so_to_its_judges(cast: Cast, taught) -> None:
    version, _ = taught
    person = next(g for g in map(str, range(1000)) if split_for(cast.project, g) == "test")
    long = plain_turn("seeker", "It was long. " * 700)
    turns = (long, supporter_turn(reply("Yes."))[0]) * 2
    added(cast.project, parsed(900, turns=turns, split_group=person))
    collection = collection_create(
        project=cast.project, actor=cast.leads[0], name="Long", query=SetQuery()
    )
    with (
        model(cast, "Warm", warm) as (warm_at, _),
        model(cast, "Reader", lambda *_: answer(said(c1=2, c2=1))) as (reader_at, reader),
    ):
        judge = llm_judge(cast, reader_at, mode="all_in_one")
        run = planned(cast, collection, version, [judge], [warm_at], with_corpus=False)
        assert done(run).status == "succeeded", run.error
    shown = [body["messages"][-1]["content"] for body in reader.bodies]
    assert len(shown) == 2
    assert sum("(1 earlier exchanges are left out" in text for text in shown) == 1


def test_a_turn_that_answers_no_seeker_is_an_error_of_its_own(cast: Cast, taught) -> None:
    version, judge = taught
    person = next(g for g in map(str, range(1000)) if split_for(cast.project, g) == "test")
    twice = (supporter_turn(reply("Yes."))[0], supporter_turn(reply("And?"))[0])
    turns = (plain_turn("seeker", "It was long."), *twice)
    added(cast.project, parsed(900, turns=turns, split_group=person))
    collection = collection_create(
        project=cast.project, actor=cast.leads[0], name="Twice", query=SetQuery()
    )
    with model(cast, "Warm", warm) as (warm_at, _):
        run = planned(cast, collection, version, [judge], [warm_at], with_corpus=False)
        assert done(run).status == "succeeded", run.error
    good, bad = sorted(Answer.objects.values_list("error", flat=True))
    assert good == "" and "not the seeker’s" in bad


@pytest.mark.parametrize(
    ("bad", "words"),
    [(refusal(400, "no such model"), "no such model"), (answer("word " * 20_000), "is too long")],
)
def test_what_failed_is_told_and_tried_again(cast: Cast, taught, bad, words: str) -> None:
    version, judge = taught
    collection, broken = prompts(cast), [True]

    def speak(body, count):
        is_first = "Night 500" in body["messages"][-1]["content"]
        return bad if is_first and broken[0] else warm(body, count)

    with model(cast, "Shaky", speak) as (shaky, _):
        run = planned(cast, collection, version, [judge], [shaky], with_corpus=False)
        assert done(run).status == "succeeded"
        [failed] = Answer.objects.exclude(error="")
        assert words in failed.error
        assert queries.failed_among([run])
        state = queries.state_of(run, cast.member(cast.leads[0]))
        assert (state.progress.done, state.progress.total) == (2 * PROMPTS - 1, 2 * PROMPTS - 1)
        assert state.failures == [failed.error]
        table = queries.tables_of(run, cast.member(cast.leads[0]))[0]
        assert table.rows[0].cells[1].estimate.n == PROMPTS - 1
        broken[0] = False
        runs.resume(run, actor=cast.leads[0])
        assert done(run).status == "succeeded"
    assert not queries.failed_among([run])
    assert (
        queries.tables_of(run, cast.member(cast.leads[0]))[0].rows[0].cells[1].estimate.n == PROMPTS
    )


def test_equal_answers_are_one_text_with_one_rating(cast: Cast, taught) -> None:
    version, judge = taught
    collection = prompts(cast)
    with model(cast, "One", warm) as (one, _), model(cast, "Two", warm) as (two, _):
        run = planned(cast, collection, version, [judge], [one, two], with_corpus=False)
        assert done(run).status == "succeeded"
    answers = Answer.objects.filter(system__run=run)
    assert answers.values("target").distinct().count() == PROMPTS
    assert Rating.objects.filter(target__in=answers.values("target")).count() == PROMPTS
    [comparison] = queries.tables_of(run, cast.member(cast.leads[0]))[0].comparisons
    assert all(each.estimate.value == 0 for each in comparison.differences)


def test_a_server_that_refuses_every_prompt_keeps_what_there_is(cast: Cast, taught) -> None:
    version, judge = taught
    collection = prompts(cast)
    with model(cast, "Strict", lambda *_: refusal(400, "not this")) as (strict, _):
        run = planned(cast, collection, version, [judge], [strict])
        done(run)
    assert run.status == "succeeded"
    # The corpus was rated all the same.
    assert AnswerRating.objects.filter(rating__isnull=False).count() == PROMPTS
    assert Answer.objects.exclude(error="").count() == PROMPTS
    table = queries.tables_of(run, cast.member(cast.leads[0]))[0]
    assert table.rows[0].cells[1].estimate is None
