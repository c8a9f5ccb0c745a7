"""The pages of an evaluation, its exports and its API."""

import csv
import io
from dataclasses import replace

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from tests.conftest import Cast
from tests.support.evaluations import PROMPTS, cold, model, planned, prompts, rated_corpus, warm
from tests.support.judge_runs import RUBRIC
from tests.support.pages import html_of
from tests.support.servers import answer
from tests.support.stored import as_shown
from training.evaluation import work
from training.evaluation.live import render
from training.evaluation.queries import done_since
from training.models import AnswerRating, EvaluationRun

pytestmark = [pytest.mark.slow, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def lead(client: Client, cast: Cast) -> Client:
    client.force_login(cast.leads[0])
    return client


@pytest.fixture
def run(cast: Cast) -> EvaluationRun:
    """Two models and the corpus, rated."""
    version, judge = rated_corpus(cast)
    collection = prompts(cast)
    with model(cast, "=Warm", warm) as (warm_at, _), model(cast, "Cold_1", cold) as (cold_at, _):
        run = planned(cast, collection, version, [judge], [cold_at, warm_at])
        work.work(str(run.pk))
    run.refresh_from_db()
    return run


def url(name: str, run: EvaluationRun, **more: str) -> str:
    return reverse(name, kwargs={"project_id": run.project_id, "run_id": run.pk, **more})


def test_an_empty_project_says_what_to_do(lead: Client, cast: Cast) -> None:
    where = {"project_id": cast.project.pk}
    assert "No evaluations yet" in html_of(lead.get(reverse("evaluations", kwargs=where)))
    page = html_of(lead.get(reverse("evaluation_new", kwargs=where)))
    for words in ("no set", "no published rubric", "no judge", "no endpoint"):
        assert words in page
    assert 'type="submit" disabled' in page


def test_the_page_shows_tables_and_differences(lead: Client, run: EvaluationRun) -> None:
    page = html_of(lead.get(url("evaluation", run)))
    assert "Results by Learned v1" in page
    assert f"{PROMPTS} prompts of {PROMPTS} profiles" in page
    # Why there is no interval is said once, below the table.
    table, below = page.split("Results by Learned v1")[1].split("</table>")[:2]
    assert "no interval" in table and "alike" not in table
    assert below.count("No interval: all profiles are alike.") == 1
    # Whether the judge can be trusted is fetched, and leads to the figures of agreement.
    [judge] = run.judges.values_list("judge_id", flat=True)
    trust = f"{reverse('judge_trust', args=[run.project_id, judge])}?version={run.version_id}"
    assert f'hx-get="{trust}"' in page
    agreement = reverse("agreement", args=[run.project_id])
    assert f'href="{agreement}?version={run.version_id}"' in html_of(lead.get(trust))
    assert "=Warm against Cold_1" in page and "Clearly higher in Warmth" in page
    assert "By Learned v1: For =Warm, scores are clearly higher in Warmth" in page
    against = html_of(lead.get(url("evaluation", run) + "?against=1"))
    assert "Cold_1 against =Warm" in against and "Clearly lower in Warmth" in against
    assert "For Cold_1, scores are clearly lower in Warmth" in against
    # An address that somebody changed.
    assert lead.get(url("evaluation", run) + "?against=99").status_code == 200
    assert lead.get(url("evaluation", run) + "?against=x").status_code == 200


def test_the_reward_of_a_model_finds_nothing(lead: Client, run: EvaluationRun) -> None:
    run.judges.update(is_reward=True)
    page = html_of(lead.get(url("evaluation", run)))
    assert "This judge was the reward of one of these models." in page
    assert "Clearly higher in Warmth" in page and "scores are clearly" not in page


def test_the_page_says_where_answers_lack_what_a_criterion_reads(lead: Client, cast: Cast) -> None:
    warmth, asks = RUBRIC.judge_criteria
    reads = replace(RUBRIC, criteria=(warmth, replace(asks, spans=("reasoning",))))
    version, judge = rated_corpus(cast, reads)
    with model(cast, "Plain", lambda body, count: answer("I hear you.")) as (at, _):
        run = planned(cast, prompts(cast), version, [judge], [at])
        work.work(str(run.pk))
    page = html_of(lead.get(url("evaluation", run)))
    assert "gets the lowest level of Asks on. No judge is asked." in page
    assert "Replies that people wrote have only a response" in page


def test_answers_with_all_spans_need_no_such_words(lead: Client, run: EvaluationRun) -> None:
    assert "the lowest level there" not in html_of(lead.get(url("evaluation", run)))


def test_the_corpus_makes_no_evaluation_look_quick(run: EvaluationRun) -> None:
    """Its replies are there at once; the time that is left is that of the models and judges."""
    assert run.started_at is not None
    of_models, of_judges = 2 * PROMPTS, 3 * PROMPTS
    assert done_since(run, run.started_at) == of_models + of_judges
    assert done_since(run, timezone.now()) == 0


def test_what_was_found_and_what_to_do_come_when_the_run_ends(
    cast: Cast, run: EvaluationRun
) -> None:
    sent = html_of("".join(render(run, cast.member(cast.leads[0]))))
    assert 'id="run-links" hx-swap-oob="true"' in sent and "Compare with" in sent
    assert 'id="run-finding" hx-swap-oob="true"' in sent and "scores are clearly higher" in sent
    assert 'id="run-people" hx-swap-oob="true"' in sent and "No blind comparison yet" in sent


def test_the_answers_of_a_prompt_have_their_lines(lead: Client, run: EvaluationRun) -> None:
    page = html_of(lead.get(url("evaluation_answers", run)))
    assert f"Prompt 1 of {PROMPTS}" in page
    assert '<p dir="auto">I hear how lonely that is.<br>' in page and "Get over it." in page
    assert "Learned v1: Warmth" in page
    last = html_of(lead.get(url("evaluation_answers", run) + "?prompt=999"))
    assert f"Prompt {PROMPTS} of {PROMPTS}" in last and "Next prompt" not in last


def test_tables_leave_as_csv_markdown_and_latex(lead: Client, run: EvaluationRun) -> None:
    text = lead.get(url("evaluation_export", run, form="csv")).content.decode()
    rows = list(csv.DictReader(io.StringIO(text)))
    assert len(rows) == 3 * 5
    # A spreadsheet must not run a name.
    assert {row["system"] for row in rows} == {"Cold_1", "'=Warm", "Replies of the corpus"}
    assert all(int(row["n"]) == PROMPTS for row in rows)
    markdown = lead.get(url("evaluation_export", run, form="md")).content.decode()
    assert "| System | Emotion, % | Warmth | Asks on | Rubric | Format, % |" in markdown
    latex = lead.get(url("evaluation_export", run, form="tex")).content.decode()
    assert r"\toprule" in latex and r"Cold\_1 &" in latex and r"\textbf{" in latex
    assert lead.get(url("evaluation_export", run, form="exe")).status_code == 404


def test_the_form_starts_one_evaluation(lead: Client, run: EvaluationRun) -> None:
    address = reverse("evaluation_new", kwargs={"project_id": run.project_id})
    system = run.systems.get(name="Cold_1")
    shown = as_shown(lead.get(address)) | {
        "endpoints": [str(system.endpoint_id)],
        "judges": [str(run.judges.get().judge_id)],
        "prompts": "2",
    }
    first, second = (lead.post(address, shown) for _ in range(2))
    made = EvaluationRun.objects.exclude(pk=run.pk).get()
    assert first.url == second.url == url("evaluation", made)
    page = html_of(lead.get(first.url))
    assert "Answers so far" in page and f'ws-connect="/live/evaluation/{made.pk}/"' in page


def test_the_api_starts_shows_and_lists_answers(lead: Client, run: EvaluationRun) -> None:
    where = {"project_id": run.project_id}
    body = {
        "collection": str(run.snapshot.collection_id),
        "prompts": 2,
        "version": str(run.version_id),
        "judges": [str(run.judges.get().judge_id)],
        "endpoints": [],
    }
    whole = EvaluationRun.objects.get(pk=run.pk).snapshot.collection
    body["collection"] = str(type(whole).objects.get(project=run.project, name="Everything").pk)
    made = lead.post(
        reverse("api_evaluation_list", kwargs=where), body, content_type="application/json"
    )
    assert made.status_code == 201, made.content
    assert made.json()["systems"][0]["endpoint"] is None and made.json()["tables"] == []
    one = lead.get(reverse("api_evaluation_retrieve", kwargs={**where, "id": run.pk})).json()
    [table] = one["tables"]
    assert len(table["rows"]) == 3 and len(table["comparisons"]) == 2
    assert {cell["estimate"]["n"] for row in table["rows"] for cell in row["cells"]} == {PROMPTS}
    answers = lead.get(
        reverse("api_evaluation_answers", kwargs={**where, "id": run.pk}),
        {"system": one["systems"][0]["id"]},
    ).json()
    assert len(answers["results"]) == PROMPTS
    assert all(len(row["ratings"]) == 1 for row in answers["results"])


def test_pages_ask_as_much_for_many_answers_as_for_few(lead: Client, cast: Cast) -> None:
    version, judge = rated_corpus(cast)
    collection = prompts(cast)
    asked = []
    with model(cast, "Warm", warm) as (warm_at, _):
        for count in (2, PROMPTS):
            run = planned(cast, collection, version, [judge], [warm_at], prompts=count)
            work.work(str(run.pk))
            assert AnswerRating.objects.filter(answer__system__run=run).count() == 2 * count
            asked.append([_queries(lead, url(name, run)) for name in PAGES])
    assert asked[0] == asked[1]


PAGES = ("evaluation", "evaluation_answers")


def _queries(client: Client, address: str) -> int:
    client.get(address)
    with CaptureQueriesContext(connection) as asked:
        assert client.get(address).status_code == 200
    return len(asked)
