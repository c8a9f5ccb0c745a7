"""The playground: what is scored, what is refused, and who sees what."""

import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from django.test import Client

from annotation.impact import services, work
from annotation.impact.live import render_playground
from annotation.impact.results import playground_state
from annotation.models import (
    Item,
    PlaygroundRun,
    Queue,
    QueueRater,
    Rating,
    Target,
    TrialScore,
    Turn,
)
from annotation.ratings.targets import targets_for
from rubrics.core.spec import from_json, spec_hash
from rubrics.models import RubricVersion, Spec
from rubrics.writing.services import rubric_create
from tests.conftest import Cast
from tests.data_station.builders import WHOLE, added, parsed
from tests.impact.builders import (
    RUBRIC,
    by_the_anchors,
    draft_of,
    one_turn,
    reader,
    reading,
    reworded,
    tried,
    written,
)
from tests.judging.builders import (
    learned_judge,
    llm_judge,
    rated,
    reply,
    snapshot,
    texts,
    version_of,
)
from tests.llm.servers import Stub, answer, refusal
from tests.rubrics.probes import PROBES
from tests.support.pages import html_of
from webapp.accounts.models import Membership
from webapp.errors import Refused
from webapp.ids import new_id
from webapp.llm.models import Endpoint

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def script() -> Stub:
    return reader()


@pytest.fixture
def voice(cast: Cast, script: Stub, monkeypatch: pytest.MonkeyPatch) -> Iterator[Endpoint]:
    with reading(cast, script, monkeypatch) as endpoint:
        yield endpoint


@pytest.fixture
def client(cast: Cast) -> Client:
    client = Client()
    client.force_login(cast.clinicians[0])
    return client


def worked(run: PlaygroundRun) -> PlaygroundRun:
    work.work(PlaygroundRun, str(run.pk))
    return PlaygroundRun.objects.select_related(
        "before", "after", "judge", "project", "version__rubric"
    ).get(pk=run.pk)


def state_of(cast: Cast, run: PlaygroundRun) -> Any:
    return playground_state(run, cast.member(cast.clinicians[0]))


def shown(cast: Cast, run: PlaygroundRun) -> str:
    return html_of(render_playground(run, cast.member(cast.clinicians[0])))


def url(cast: Cast, draft: RubricVersion) -> str:
    return f"/p/{cast.project.pk}/rubrics/versions/{draft.pk}/playground/"


def test_a_turn_is_scored_by_the_draft_and_by_the_published_text(
    cast: Cast, voice: Endpoint
) -> None:
    turn = one_turn(cast, "I hear how lonely that is.")
    draft = reworded(cast, draft_of(cast))
    run = worked(tried(cast, draft, llm_judge(cast, voice), [turn]))
    assert run.status == "succeeded"
    assert run.after.hash == spec_hash(from_json(draft.draft))
    (row,) = state_of(cast, run).rows
    given = {cell.criterion.uid: (cell.before.value, cell.after.value) for cell in row.cells}
    assert given == {"format": (1.0, 1.0), "warmth": (3.0, 2.0), "asks": (0.0, 0.0)}
    assert (row.total_before, row.total_after) == (0.5, 0.25)
    page = shown(cast, run)
    assert "judge 2 on 1 to 3, before 3" in page
    assert "Warmth by its anchors." in page and run.after.hash[:6] in page


def test_a_pasted_reply_becomes_a_text_with_frozen_context(cast: Cast, voice: Endpoint) -> None:
    draft = draft_of(cast)
    pasted = services.Pasted(
        raw=reply("That sounds heavy, I am here."),
        situation="After the funeral.",
        history=[{"role": "seeker", "text": "She is gone."}],
    )
    run = worked(tried(cast, draft, llm_judge(cast, voice), pasted=pasted))
    target = Target.objects.get(kind="text")
    assert target.context["situation"] == "After the funeral."
    assert target.context["history"] == [{"role": "seeker", "text": "She is gone."}]
    assert state_of(cast, run).rows[0].total_after == 0.5
    again = tried(cast, draft, llm_judge(cast, voice), pasted=pasted)
    assert again.items.get().target == target


def test_another_reply_in_the_place_of_a_turn(cast: Cast, script: Stub, voice: Endpoint) -> None:
    turn = one_turn(cast, "Get over it.")
    pasted = services.Pasted(raw="You miss her so much. What then?", after=turn.pk)
    worked(tried(cast, draft_of(cast), llm_judge(cast, voice), pasted=pasted))
    asked = script.bodies[0]["messages"][1]["content"]
    assert "It is late." in asked and "You miss her" in asked and "Get over it" not in asked


def test_scores_turn_stale_when_the_draft_moves_on_and_fresh_when_it_comes_back(
    cast: Cast, voice: Endpoint
) -> None:
    turn = one_turn(cast, "Get over it.")
    draft = draft_of(cast)
    before = from_json(draft.draft)
    run = worked(tried(cast, draft, llm_judge(cast, voice), [turn]))
    assert not state_of(cast, run).is_stale
    reworded(cast, draft)
    assert "The draft has changed since." in shown(cast, run)
    run.version.refresh_from_db()
    assert state_of(cast, run).is_stale
    written(cast, draft, before)
    run.version.refresh_from_db()
    assert not state_of(cast, run).is_stale


def test_a_first_draft_has_no_hollow_marks(cast: Cast, voice: Endpoint) -> None:
    turn = one_turn(cast, "You miss her so much.")
    rubric = rubric_create(project=cast.project, actor=cast.clinicians[0], name="New")
    draft = written(cast, rubric.versions.get(), replace(RUBRIC, title="New"))
    run = worked(tried(cast, draft, llm_judge(cast, voice), [turn]))
    page = shown(cast, run)
    assert run.before is None and "as published" not in page and "before" not in page
    assert state_of(cast, run).rows[0].total_after == 0.5


def test_a_criterion_that_is_not_finished_is_left_unscored(cast: Cast, voice: Endpoint) -> None:
    turn = one_turn(cast, "You miss her so much.")
    draft = draft_of(cast)
    spec = from_json(draft.draft)
    unfinished = replace(spec.criteria[1], uid="new", meaning_id="new", name="", levels=())
    draft = written(cast, draft, replace(spec, criteria=(*spec.criteria, unfinished)))
    run = worked(tried(cast, draft, llm_judge(cast, voice), [turn]))
    page = shown(cast, run)
    assert "The criterion has no scale." in page and "undefined" in page


def test_a_judge_that_fails_says_so_in_words(cast: Cast, script: Stub, voice: Endpoint) -> None:
    turn = one_turn(cast, "You miss her so much.")
    script.reply = lambda body, count: refusal(401, "wrong key")
    run = worked(tried(cast, draft_of(cast), llm_judge(cast, voice), [turn]))
    page = shown(cast, run)
    assert run.status == "failed" and "refuses the key" in page
    assert "The judge gave no scores." in page
    # The next try asks again.
    script.reply = lambda body, count: answer(by_the_anchors(body))
    again = worked(tried(cast, run.version, run.judge, [turn]))
    assert again.status == "succeeded" and state_of(cast, again).rows[0].total_after == 0.5


def test_one_criterion_that_fails_leaves_the_others(
    cast: Cast, script: Stub, voice: Endpoint
) -> None:
    turn = one_turn(cast, "You miss her so much.")
    script.reply = lambda body, count: answer(
        "5/5!" if "Asks on" in body["messages"][0]["content"] else by_the_anchors(body)
    )
    run = worked(tried(cast, draft_of(cast), llm_judge(cast, voice), [turn]))
    assert run.status == "succeeded"
    (row,) = state_of(cast, run).rows
    status = {cell.criterion.uid: cell.after.status for cell in row.cells}
    assert status == {"format": "scored", "warmth": "scored", "asks": "failed"}
    assert row.total_after is None
    assert "not one complete JSON object" in shown(cast, run)


def test_a_learned_judge_does_not_pretend(cast: Cast) -> None:
    turns = texts(cast, 24)
    version = version_of(cast, RUBRIC)
    rated(cast, turns, version)
    judge = learned_judge(cast, version)
    from rubrics.writing.services import draft_open

    draft = reworded(cast, draft_open(rubric=version.rubric, actor=cast.clinicians[0]))
    run = worked(tried(cast, draft, judge, turns[:1]))
    page = shown(cast, run)
    assert "This judge does not read wording." in page and "none of Warmth" in page
    (row,) = state_of(cast, run).rows
    by_uid = {cell.criterion.uid: cell for cell in row.cells}
    assert by_uid["warmth"].after.status == "not_scored"
    assert by_uid["asks"].after.value is not None and row.total_after is None


def test_judged_text_is_data(cast: Cast, script: Stub, voice: Endpoint) -> None:
    judge, draft = llm_judge(cast, voice), draft_of(cast)
    script.reply = lambda body, count: answer(
        json.dumps(
            {"c1": {"evidence": ["<b>x</b>"], "rationale": "<script>alert(1)</script>", "score": 1}}
        )
    )
    for probe in PROBES.values():
        run = worked(tried(cast, draft, judge, pasted=services.Pasted(raw=f"Well. {probe}")))
        page = shown(cast, run)
        assert "<script>alert" not in page and "&lt;script&gt;alert(1)" in page
        PlaygroundRun.objects.filter(status="pending").delete()


# What is refused


@pytest.mark.parametrize("raw", ["   ", "\n\t "])
def test_an_empty_paste(cast: Cast, voice: Endpoint, client: Client, raw: str) -> None:
    draft = draft_of(cast)
    found = post(client, cast, draft, judge=llm_judge(cast, voice).pk, text=raw)
    assert found.status_code == 409 and "The reply is empty." in html_of(found)
    assert not PlaygroundRun.objects.exists() and not Target.objects.exists()


def test_no_text_at_all(cast: Cast, voice: Endpoint, client: Client) -> None:
    found = post(client, cast, draft_of(cast), judge=llm_judge(cast, voice).pk)
    assert found.status_code == 409 and "Pick a text of the project" in html_of(found)
    assert found["HX-Retarget"] == "#playground-refused"


def test_a_huge_paste(cast: Cast, voice: Endpoint, client: Client) -> None:
    draft = draft_of(cast)
    found = post(client, cast, draft, judge=llm_judge(cast, voice).pk, text="long " * 5_000)
    assert found.status_code == 409
    assert "At most 20,000 characters can be scored at once; this has 25,000." in html_of(found)
    assert not Target.objects.exists() and Spec.objects.count() == 1


def test_characters_that_no_database_keeps(cast: Cast, voice: Endpoint) -> None:
    pasted = services.Pasted(raw="Zero \0 and half \ud83d.")
    run = worked(tried(cast, draft_of(cast), llm_judge(cast, voice), pasted=pasted))
    assert run.status == "succeeded"


def test_a_judge_of_another_project(cast: Cast, client: Client) -> None:
    found = post(client, cast, draft_of(cast), judge=new_id(), text="Well.")
    assert found.status_code == 400 and "Choose a judge." in html_of(found)


def test_a_turn_of_another_project(cast: Cast, voice: Endpoint, client: Client) -> None:
    other = added(cast.other_project, parsed(1))[0]
    turn = Turn.objects.filter(dialogue=other, role="supporter").first()
    draft, judge = draft_of(cast), llm_judge(cast, voice)
    for fields in ({"turns": [turn.pk]}, {"text": "Well.", "after": turn.pk}):
        found = post(client, cast, draft, judge=judge.pk, **fields)
        assert found.status_code == 409 and "not in this project" in html_of(found)


def test_twice_at_once_is_one_try(cast: Cast, voice: Endpoint, client: Client) -> None:
    turn = one_turn(cast, "Get over it.")
    draft, judge = draft_of(cast), llm_judge(cast, voice)
    for _ in range(2):
        found = post(client, cast, draft, judge=judge.pk, turns=[turn.pk], key="one")
        assert found.status_code == 200 and "/live/playground/" in html_of(found)
    assert PlaygroundRun.objects.count() == 1


def test_a_storm_of_clicks_fills_no_queue(cast: Cast, voice: Endpoint, client: Client) -> None:
    turn = one_turn(cast, "Get over it.")
    draft, judge = draft_of(cast), llm_judge(cast, voice)
    found = [post(client, cast, draft, judge=judge.pk, turns=[turn.pk]) for _ in range(6)]
    assert [each.status_code for each in found] == [200] * 2 + [429] * 4
    assert "Your last tries are still being scored" in html_of(found[-1])
    assert PlaygroundRun.objects.count() == services.MAX_OPEN_TRIES
    # Another person, and oneself once they are scored, may.
    colleague = Client()
    colleague.force_login(cast.clinicians[1])
    assert post(colleague, cast, draft, judge=judge.pk, turns=[turn.pk]).status_code == 200
    for run in PlaygroundRun.objects.all():
        worked(run)
    assert post(client, cast, draft, judge=judge.pk, turns=[turn.pk]).status_code == 200


def test_whoever_loses_the_role_sees_and_tries_no_more(
    cast: Cast, voice: Endpoint, client: Client
) -> None:
    turn = one_turn(cast, "Get over it.")
    draft, judge = draft_of(cast), llm_judge(cast, voice)
    assert post(client, cast, draft, judge=judge.pk, turns=[turn.pk]).status_code == 200
    run = PlaygroundRun.objects.get()
    Membership.objects.filter(user=cast.clinicians[0]).update(role="annotator")
    worked(run)
    assert client.get(f"/p/{cast.project.pk}/rubrics/playground/{run.pk}/").status_code == 403
    assert post(client, cast, draft, judge=judge.pk, turns=[turn.pk]).status_code == 403
    assert client.get(url(cast, draft)).status_code == 403


def test_a_rubric_of_dialogues_is_tried_on_dialogues(
    cast: Cast, script: Stub, voice: Endpoint
) -> None:
    dialogue = added(cast.project, parsed(5))[0]
    draft = draft_of(cast, WHOLE)
    judge = llm_judge(cast, voice)
    script.reply = lambda body, count: answer(
        json.dumps({"c1": {"evidence": [], "rationale": "Felt.", "score": 4}})
    )
    run = worked(tried(cast, draft, judge, dialogues=[dialogue.pk]))
    assert state_of(cast, run).rows[0].total_after == 0.75
    turn = dialogue.turns.filter(role="supporter").first()
    with pytest.raises(Refused, match="whole dialogues"):
        tried(cast, draft, judge, [turn])
    with pytest.raises(Refused, match="single replies"):
        tried(cast, draft_of(cast), judge, dialogues=[dialogue.pk])


# Blindness, records


def test_what_one_still_rates_is_neither_offered_nor_scored_nor_shown(
    cast: Cast, voice: Endpoint, client: Client
) -> None:
    turn = one_turn(cast, "Get over it.")
    draft, judge = draft_of(cast), llm_judge(cast, voice)
    run = worked(tried(cast, draft, judge, [turn]))
    queue = Queue.objects.create(
        project=cast.project,
        number=1,
        name="Q",
        version=RubricVersion.objects.get(rubric=draft.rubric, number=1),
        snapshot=snapshot(cast),
    )
    QueueRater.objects.create(project=cast.project, queue=queue, user=cast.clinicians[0])
    target = targets_for(project=cast.project, turns=[turn.pk])[0]
    Item.objects.create(project=cast.project, queue=queue, position=0, target=target)
    with pytest.raises(Refused, match="You still rate"):
        tried(cast, draft, judge, [turn])
    # Pasted it is the same text, in its place or on its own.
    for pasted in (
        services.Pasted(raw=turn.raw, after=turn.pk),
        services.Pasted(raw=turn.raw),
        services.Pasted(raw=f" {turn.text}\n"),
    ):
        with pytest.raises(Refused, match="You still rate"):
            tried(cast, draft, judge, pasted=pasted)
    by_colleague = services.playground_start(
        version=draft,
        actor=cast.clinicians[1],
        key=new_id().hex,
        judge=judge,
        pasted=services.Pasted(raw=turn.raw),
    )
    assert state_of(cast, worked(by_colleague)).trial.hidden == 1
    state = state_of(cast, run)
    assert state.rows == [] and state.trial.hidden == 1
    assert "left out" in shown(cast, run) and "Get over it." not in shown(cast, run)
    picks = client.get(f"{url(cast, draft)}texts/", {"q": "Get over"}).content
    assert b"No text has these words." in picks
    # A colleague without a place in the queue sees them.
    colleague = playground_state(run, cast.member(cast.clinicians[1]))
    assert len(colleague.rows) == 1


def test_trying_leaves_no_rating_and_no_version(cast: Cast, voice: Endpoint) -> None:
    turn = one_turn(cast, "Get over it.")
    draft = reworded(cast, draft_of(cast))
    run = worked(tried(cast, draft, llm_judge(cast, voice), [turn]))
    assert TrialScore.objects.exists() and not Rating.objects.exists()
    assert not RubricVersion.objects.filter(spec=run.after).exists()


# The page


def test_the_picker_finds_words_and_numbers(cast: Cast, client: Client) -> None:
    turns = texts(cast, 24)
    draft = draft_of(cast)
    found = html_of(client.get(f"{url(cast, draft)}texts/", {"q": "get OVER"}))
    assert found.count("data-pk=") == 4 and "After: Night" in found
    number = turns[3].dialogue.number
    found = html_of(client.get(f"{url(cast, draft)}texts/", {"q": str(number)}))
    assert found.count("data-pk=") == 1 and str(turns[3].pk) in found
    assert html_of(client.get(f"{url(cast, draft)}texts/")).count("data-pk=") == 12


def test_the_pane_without_a_judge_says_what_to_do(cast: Cast, client: Client) -> None:
    page = client.get(url(cast, draft_of(cast))).content
    assert b"No judge yet" in page and b"See the judges" in page


def test_the_pane_shows_the_last_try(cast: Cast, voice: Endpoint, client: Client) -> None:
    turn = one_turn(cast, "Get over it.")
    draft = draft_of(cast)
    judge = llm_judge(cast, voice)
    assert "Scores appear here" in html_of(client.get(url(cast, draft)))
    run = worked(tried(cast, draft, judge, [turn]))
    page = html_of(client.get(url(cast, draft)))
    assert str(run.pk) in page and "ws-connect" not in page
    # Others have tries of their own.
    colleague = Client()
    colleague.force_login(cast.clinicians[1])
    assert str(run.pk) not in html_of(colleague.get(url(cast, draft)))


def test_before_the_scores_there_are_rows_to_wait_for(
    cast: Cast, voice: Endpoint, client: Client
) -> None:
    turn = one_turn(cast, "Get over it.")
    draft = draft_of(cast)
    page = post(client, cast, draft, judge=llm_judge(cast, voice).pk, turns=[turn.pk])
    content = html_of(page)
    assert content.count("Not scored yet") == 3 and "Queued" in content


def test_the_home_page_lists_previews_and_no_tries(
    cast: Cast, voice: Endpoint, client: Client
) -> None:
    from webapp.home.queries import runs_of

    turn = one_turn(cast, "Get over it.")
    worked(tried(cast, draft_of(cast), llm_judge(cast, voice), [turn]))
    assert runs_of(cast.member(cast.clinicians[0])) == []


def post(client: Client, cast: Cast, draft: RubricVersion, **fields: Any) -> Any:
    return client.post(
        url(cast, draft),
        {"key": new_id().hex, "text": "", "history": "", "situation": ""} | fields,
        headers={"HX-Request": "true"},
    )
