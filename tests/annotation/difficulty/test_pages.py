"""The pages of difficulty runs and their API."""

from uuid import UUID

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from annotation.difficulty import live, work
from annotation.models import Collection, DifficultyRun
from annotation.ratings.services import NewScore, external_rater, submit_rating
from tests.conftest import Cast
from tests.support.difficulty import K, everything, mixed, planned
from tests.support.evaluations import model, rated_corpus
from tests.support.pages import html_of
from tests.support.stored import as_shown

pytestmark = [pytest.mark.slow, pytest.mark.django_db(transaction=True)]

PROMPTS = 24


@pytest.fixture
def lead(client: Client, cast: Cast) -> Client:
    client.force_login(cast.leads[0])
    return client


@pytest.fixture
def run(cast: Cast) -> DifficultyRun:
    version, judge = rated_corpus(cast)
    with model(cast, "Mixed", mixed) as (mixed_at, _):
        run = planned(cast, everything(cast), version, judge, mixed_at)
        work.work(str(run.pk))
    run.refresh_from_db()
    return run


def url(name: str, run: DifficultyRun) -> str:
    return reverse(name, kwargs={"project_id": run.project_id, "run_id": run.pk})


def api(name: str, run: DifficultyRun) -> str:
    return reverse(name, kwargs={"project_id": run.project_id, "id": run.pk})


def test_an_empty_project_says_what_to_do(lead: Client, cast: Cast) -> None:
    where = {"project_id": cast.project.pk}
    assert "No difficulty runs yet" in html_of(lead.get(reverse("difficulty_runs", kwargs=where)))
    page = html_of(lead.get(reverse("difficulty_new", kwargs=where)))
    for words in ("no set", "no published rubric", "no judge", "no endpoint"):
        assert words in page
    assert 'type="submit" disabled' in page


def test_the_page_shows_shares_a_chart_and_a_table(lead: Client, run: DifficultyRun) -> None:
    page = html_of(lead.get(url("difficulty_run", run)))
    assert f"{PROMPTS} of {PROMPTS} prompts measured" in page
    assert 'id="difficulty-chart"' in page and "The numbers as a table" in page
    # All texts are of one profile, so that dialogues are resampled.
    hard = run.prompts.filter(p_fail__gte=0.5).count()
    assert hard > 1 and f"{hard} of {PROMPTS} prompts are hard for " in page
    assert "Share of hard prompts" in page and "resamples 24 dialogues" in page
    assert "Make a set of the easy prompts" in page and "Make a set of the hard prompts" in page
    assert "Train SFT on easy" not in page
    assert "must be met" in page
    listed = html_of(lead.get(reverse("difficulty_runs", kwargs={"project_id": run.project_id})))
    assert f"{run}</a>" in listed and f"{PROMPTS} of {PROMPTS}" in listed


def test_two_clicks_make_one_set_and_training_takes_both(lead: Client, run: DifficultyRun) -> None:
    first, second = (lead.post(url("difficulty_set", run), {"difficulty": "hard"}) for _ in "ab")
    assert first["HX-Redirect"] == second["HX-Redirect"]
    shown = html_of(lead.get(first["HX-Redirect"]))
    assert f"Supporter turns that were hard in {run}" in shown
    lead.post(url("difficulty_set", run), {"difficulty": "easy"})
    easy, hard = (
        Collection.objects.get(query__difficulty=name, query__difficulty_run=str(run.pk))
        for name in ("easy", "hard")
    )
    page = html_of(lead.get(url("difficulty_run", run)))
    assert "Make a set" not in page and "Train SFT on easy, GRPO on hard" in page
    form = lead.get(
        reverse("training_new", kwargs={"project_id": run.project_id}),
        {"plan": "sft_grpo", "collection": str(easy.pk), "grpo_collection": str(hard.pk)},
    )
    chosen = as_shown(form)
    assert UUID(chosen["collection"]) == easy.pk and UUID(chosen["grpo_collection"]) == hard.pk
    assert chosen["plan"] == "sft_grpo"


def test_a_refused_set_says_why(lead: Client, run: DifficultyRun) -> None:
    answer = lead.post(url("difficulty_set", run), {"difficulty": "odd"})
    assert "must be easy or hard" in html_of(lead.get(answer["HX-Redirect"]))
    assert not Collection.objects.filter(query__has_key="difficulty").exists()


def test_a_prompt_shows_its_replies_and_why_they_failed(lead: Client, run: DifficultyRun) -> None:
    hard = run.prompts.filter(p_fail=1.0).first()
    page = html_of(lead.get(url("difficulty_replies", run) + f"?prompt={hard.position}"))
    assert f"This prompt is hard: pFAIL 1.00, {K} of {K} replies judged" in page
    assert f"Prompt {hard.position + 1} of {PROMPTS}" in page
    assert page.count('<p dir="auto">Get over it.') == K and page.count("Fell short") >= K
    assert "at least 2" in page and "Reached" in page and "1 (met)" in page
    assert "Why Warmth fell short" in page
    last = html_of(lead.get(url("difficulty_replies", run) + "?prompt=999"))
    assert f"Prompt {PROMPTS} of {PROMPTS}" in last and "Next prompt" not in last
    assert lead.get(url("difficulty_replies", run) + "?prompt=x").status_code == 200


def test_a_verdict_without_all_scores_is_shown_without_its_reasons(
    lead: Client, run: DifficultyRun
) -> None:
    """As one of an earlier release may be, which asked a judge for less."""
    hard = run.prompts.filter(p_fail=1.0).first()
    judged = hard.replies.select_related("target").first()
    rater = external_rater(project=run.project, label="Before")
    rating = submit_rating(
        target=judged.target,
        spec=run.spec,
        rater=rater,
        purpose="import",
        scores=[NewScore("warmth", 1)],
    ).rating
    hard.replies.create(
        project=run.project, number=K, raw=judged.raw, target=judged.target, rating=rating,
        verdict="fail",
    )  # fmt: skip
    page = html_of(lead.get(url("difficulty_replies", run) + f"?prompt={hard.position}"))
    assert page.count('<p dir="auto">Get over it.') == K + 1
    assert page.count("Why Warmth fell short") == K


def test_prompts_are_listed_by_difficulty(lead: Client, run: DifficultyRun, monkeypatch) -> None:
    hard = run.prompts.filter(p_fail__gte=0.5).count()
    page = html_of(lead.get(url("difficulty_prompts", run) + "?difficulty=hard"))
    assert page.count("<td>Hard</td>") == hard and "<td>Easy</td>" not in page
    assert "No prompts of this kind" in html_of(
        lead.get(url("difficulty_prompts", run) + "?difficulty=none")
    )
    monkeypatch.setattr("annotation.difficulty.queries.PAGE_SIZE", 20)
    first = html_of(lead.get(url("difficulty_prompts", run)))
    assert "after=19" in first
    rest = html_of(lead.get(url("difficulty_prompts", run) + "?after=19"))
    assert rest.count('<th scope="row"') == PROMPTS - 20 and "Next prompts" not in rest


def test_the_form_asks_for_the_levels_of_a_version_and_starts_one_run(
    lead: Client, run: DifficultyRun
) -> None:
    address = reverse("difficulty_new", kwargs={"project_id": run.project_id})
    shown = as_shown(lead.get(address)) | {
        "prompts": "2",
        "level_warmth": "3",
        "collection": str(run.collection_id),
    }
    assert {name for name in shown if name.startswith("level_")} == {
        "level_format", "level_warmth", "level_asks",
    }  # fmt: skip
    first, second = (lead.post(address, shown) for _ in range(2))
    made = DifficultyRun.objects.exclude(pk=run.pk).get()
    assert first.url == second.url == url("difficulty_run", made)
    assert (made.thresholds["warmth"], made.replies, made.split) == (3, 8, "train")
    page = html_of(lead.get(first.url))
    assert "so far" in page and f'ws-connect="/live/difficulty/{made.pk}/"' in page
    for changes, words in (
        ({"replies": "99"}, "less than or equal to 32"),
        ({"version": str(run.pk)}, "Select a valid choice"),
        ({"split": "validation"}, "no texts in its validation split"),
    ):
        refused = html_of(lead.post(address, shown | {"key": "other"} | changes))
        assert words in refused
    assert DifficultyRun.objects.count() == 2


def test_the_api_starts_shows_and_lists(lead: Client, run: DifficultyRun) -> None:
    body = {
        "collection": str(run.collection_id),
        "prompts": 2,
        "endpoint": str(run.endpoint_id),
        "version": str(run.version_id),
        "judge": str(run.judge_id),
    }
    address = reverse("api_difficulty_list", kwargs={"project_id": run.project_id})
    made, again = (
        lead.post(
            address, body, content_type="application/json", headers={"Idempotency-Key": "one"}
        )
        for _ in range(2)
    )
    assert made.status_code == 201, made.content
    assert made.json()["id"] == again.json()["id"] and made.json()["replies"] == 8
    assert made.json()["share_hard"] is None and made.json()["prompts"] == 2
    one = lead.get(api("api_difficulty_retrieve", run)).json()
    assert sum(part["count"] for part in one["parts"]) == PROMPTS == one["share_hard"]["n"]
    assert sum(each["easy"] + each["hard"] for each in one["histogram"]) == PROMPTS
    listed = lead.get(api("api_difficulty_prompts", run), {"difficulty": "hard"}).json()["results"]
    assert listed and {row["difficulty"] for row in listed} == {"hard"}
    assert all(row["k"] == row["judged"] == K and row["p_fail"] >= 0.5 for row in listed)
    replies = lead.get(api("api_difficulty_replies", run), {"prompt": listed[0]["id"]}).json()
    verdicts = [row["verdict"] for row in replies["results"]]
    assert verdicts.count("fail") / K == listed[0]["p_fail"]
    sets = [
        lead.post(
            api("api_difficulty_set", run), {"difficulty": "hard"}, content_type="application/json"
        )
        for _ in range(2)
    ]
    assert [one.status_code for one in sets] == [201, 201]
    assert sets[0].json() == sets[1].json()
    assert sets[0].json()["query"]["difficulty"] == "hard"


PAGES = ("difficulty_run", "difficulty_prompts", "difficulty_replies")


def test_pages_ask_as_much_for_many_prompts_as_for_few(
    lead: Client, cast: Cast, run: DifficultyRun
) -> None:
    index = reverse("difficulty_runs", kwargs={"project_id": run.project_id})
    one = _queries(lead, index)
    with model(cast, "Again", mixed) as (mixed_at, _):
        few = planned(cast, run.collection, run.version, run.judge, mixed_at, prompts=6, replies=2)
        work.work(str(few.pk))
    assert _queries(lead, index) == one
    asked = [[_queries(lead, url(name, each)) for name in PAGES] for each in (few, run)]
    assert asked[0] == asked[1]


def _queries(client: Client, address: str) -> int:
    client.get(address)
    with CaptureQueriesContext(connection) as asked:
        assert client.get(address).status_code == 200
    return len(asked)


def test_the_live_part_is_that_of_the_page(cast: Cast, run: DifficultyRun) -> None:
    parts = live.render(run, cast.member(cast.leads[0]))
    assert len(parts) == len(live.PARTS) and all("hx-swap-oob" in part for part in parts)
