"""The playground: what is scored, what is refused, and who sees what."""

import json
from dataclasses import replace

import pytest

from annotation.impact import services
from annotation.models import DraftScore, PlaygroundRun, Rating, Target
from rubrics.core.spec import from_json, spec_hash
from rubrics.models import RubricVersion
from rubrics.writing.services import rubric_create
from tests.conftest import Cast
from tests.support.dialogues import WHOLE, added, parsed
from tests.support.impact import (
    RUBRIC,
    by_the_anchors,
    draft_of,
    one_turn,
    reworded,
    tried,
    written,
)
from tests.support.judge_runs import learned_judge, llm_judge, rated, reply, texts, version_of
from tests.support.playground import shown, state_of, worked
from tests.support.probes import PROBES
from tests.support.servers import Stub, answer, refusal
from webapp.errors import Refused
from webapp.llm.models import Endpoint

pytestmark = pytest.mark.django_db(transaction=True)


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
    assert "judge 2 on a scale from 1 to 3, before 3" in page
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
    assert "This judge does not read the wording." in page and "wording of Warmth" in page
    (row,) = state_of(cast, run).rows
    by_uid = {cell.criterion.uid: cell for cell in row.cells}
    assert by_uid["warmth"].after.status == "not_scored"
    assert by_uid["asks"].after.value is not None and row.total_after is None


@pytest.mark.slow
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


def test_trying_leaves_no_rating_and_no_version(cast: Cast, voice: Endpoint) -> None:
    turn = one_turn(cast, "Get over it.")
    draft = reworded(cast, draft_of(cast))
    run = worked(tried(cast, draft, llm_judge(cast, voice), [turn]))
    assert DraftScore.objects.exists() and not Rating.objects.exists()
    assert not RubricVersion.objects.filter(spec=run.after).exists()
