"""A generation with a critic: attempts, verdicts, critiques, drops."""

from collections.abc import Iterator
from functools import partial
from typing import Any

import pytest
from django.db import DatabaseError, IntegrityError, transaction

from annotation.generation import work as generation
from annotation.models import Attempt, GenerationItem, GenerationRun, Turn
from annotation.ratings.targets import targets_for
from rubrics.core.spec import to_json
from rubrics.models import JudgeCall, RubricVersion
from tests.conftest import Cast
from tests.support.dialogues import WHOLE, published
from tests.support.generation import REPLY, corpus, endpoint, planned, written
from tests.support.judge_runs import RUBRIC as FITTED
from tests.support.judge_runs import learned_judge, llm_judge, rated, texts, version_of
from tests.support.refinement import (
    attempts,
    is_critique,
    is_judge,
    refined,
    refining_run,
    script,
    second_passes,
)
from tests.support.servers import Stub, answer, refusal, serve
from tests.support.waiting import wait_until_async
from webapp.errors import Refused
from webapp.llm.models import Endpoint, ModelCall
from webapp.runs import services as runs

pytestmark = pytest.mark.django_db(transaction=True)
State, Drop = GenerationItem.State, GenerationItem.Drop


@pytest.fixture
def model() -> Stub:
    return script()


@pytest.fixture
def voice(cast: Cast, model: Stub, monkeypatch: pytest.MonkeyPatch) -> Iterator[Endpoint]:
    monkeypatch.setattr(
        generation, "open_client", partial(generation.open_client, retries=0, cooldown_s=0.05)
    )
    corpus(cast)
    with serve(model.app) as url:
        yield endpoint(cast, url)


def work(run: GenerationRun) -> GenerationRun:
    generation.work(str(run.pk))
    run.refresh_from_db()
    return run


def graded(model: Stub, grade: Any) -> None:
    model.reply = lambda body, count: answer(refined(body, grade))


def ends(run: GenerationRun) -> list[tuple[str, str]]:
    return list(run.items.order_by("position").values_list("state", "drop_reason"))


def test_a_reply_that_fails_goes_back_with_what_fell_short(
    cast: Cast, model: Stub, voice: Endpoint
) -> None:
    run = work(refining_run(cast, voice, critic_is={}, count=1, exchanges=1))
    assert (run.status, run.error, ends(run)) == ("succeeded", "", [("done", "")])
    first, second = attempts(run)
    assert (first[2:4], second[2:4]) == ((1, "fail"), (2, "pass"))
    assert (first[5], second[5]) == ("Say more than attempt 1.", "")
    turn = Turn.objects.get(dialogue__generation_item__run=run, role="supporter")
    assert turn.text == second[4]
    (revision,) = [b for b in model.bodies if len(b["messages"]) > 2 and "pass" in str(b)]
    words = revision["messages"][-1]["content"]
    assert "Warmth: 2, needed at least 3." in words and "2 means: L2. Anchor 2." in words
    assert "3 means: L3. Anchor 3." in words and "It is a 2." in words
    assert '"Say more than attempt 1."' in words
    assert "Persona" not in words


def test_what_the_critic_thought_reaches_nobody(cast: Cast, model: Stub, voice: Endpoint) -> None:
    def reply(body: dict[str, Any], count: int) -> Any:
        said = refined(body, second_passes)
        return answer(f"<think>How tedious.</think>{said}" if is_critique(body) else said)

    model.reply = reply
    run = work(refining_run(cast, voice, critic_is={}, count=1, exchanges=1))
    assert attempts(run)[0][5] == "Say more than attempt 1."
    assert not any("tedious" in str(body) for body in model.bodies)


def test_the_judge_reads_neither_the_gold_emotion_nor_later_turns(
    cast: Cast, model: Stub, voice: Endpoint
) -> None:
    run = work(
        refining_run(cast, voice, critic_is={}, count=1, exchanges=2, emotions=["terrified"],
                     situations=["A letter came."])
    )  # fmt: skip
    assert run.status == "succeeded"
    asked = [body for body in model.bodies if is_judge(body) or is_critique(body)]
    assert len(asked) == 6
    assert not any("terrified" in str(body) for body in asked)
    # The last attempt at the first turn is judged before the second exchange.
    turns = Turn.objects.filter(dialogue__generation_item__run=run)
    later = turns.get(position=2).text
    assert sum(later in str(body) for body in asked) == 3


def test_an_accepted_attempt_was_judged_in_the_context_that_raters_get(
    cast: Cast, voice: Endpoint
) -> None:
    run = work(refining_run(cast, voice, critic_is={}, count=1))
    accepted = Attempt.objects.filter(verdict__in=Attempt.ACCEPTED).order_by("position")
    turns = Turn.objects.filter(dialogue__generation_item__run=run, role="supporter")
    targets = targets_for(
        project=cast.project, turns=turns.order_by("position").values_list("pk", flat=True)
    )
    assert [a.context_hash for a in accepted] == [t.context_hash for t in targets]
    critic_row = run.critic
    for attempt in accepted:
        call = attempt.judge_call
        assert call is not None and call.context_hash == attempt.context_hash
        assert (call.judge_id, call.spec_id) == (critic_row.judge_id, critic_row.spec_id)
        assert attempt.total == pytest.approx(0.75)
        assert attempt.scores["warmth"]["value"] == 4


def test_every_request_is_kept_for_the_row_that_it_made(cast: Cast, voice: Endpoint) -> None:
    run = work(refining_run(cast, voice, critic_is={}, count=1, exchanges=1))
    first, second = Attempt.objects.order_by("number")
    calls = ModelCall.objects.filter(run_id=run.pk)
    kinds = dict(calls.values_list("made_for", "purpose"))
    assert calls.count() == 6
    made = calls.filter(made_for=first.pk).order_by("pk").values_list("purpose", flat=True)
    assert list(made) == ["supporter", "critic"]
    assert kinds[first.judge_call_id] == kinds[second.judge_call_id] == "critic"


@pytest.mark.slow
def test_a_turn_that_never_passes_drops_its_dialogue(
    cast: Cast, model: Stub, voice: Endpoint
) -> None:
    graded(model, lambda number, body: (1, 5))
    run = work(refining_run(cast, voice, critic_is={"revisions": 2}, count=2))
    assert run.status == "succeeded"
    assert ends(run) == [("dropped", "no_pass")] * 2
    item = run.items.first()
    assert item is not None and item.dialogue is not None
    assert item.error == (
        "Turn 2 did not pass in 3 attempts. It stayed below the PASS level in: Warmth."
    )
    assert [(a[1], a[2], a[3]) for a in attempts(run) if a[0] == 0] == [
        (1, 1, "fail"), (1, 2, "fail"), (1, 3, "fail")
    ]  # fmt: skip
    # Nobody criticises the last one: nothing is written after it.
    assert sum(map(is_critique, model.bodies)) == 4
    assert item.dialogue.sealed_at is None
    assert item.dialogue.turns.count() == 1


@pytest.mark.parametrize(("named", "reason"), [("persona", Drop.PROFILE), ("", Drop.NO_PASS)])
def test_a_contradicted_profile_is_a_reason_of_its_own(
    cast: Cast, model: Stub, voice: Endpoint, named: str, reason: str
) -> None:
    graded(model, lambda number, body: (5, 1))
    asked = {"revisions": 0, "profile_criterion": named}
    run = work(refining_run(cast, voice, critic_is=asked, count=1))
    assert ends(run) == [("dropped", reason)]


def test_broken_structure_is_sent_back_and_at_last_dropped(
    cast: Cast, model: Stub, voice: Endpoint
) -> None:
    def reply(body: dict[str, Any], count: int) -> Any:
        text = refined(body, lambda number, body: (5, 5))
        return answer(text.replace("<|emotion_end|>", ""))

    model.reply = reply
    run = work(refining_run(cast, voice, critic_is={"revisions": 1}, count=1))
    assert ends(run) == [("dropped", "structure")]
    (item,) = run.items.all()
    assert "emotion span must be opened once and closed once" in item.error


def test_solved_ends_a_dialogue_early_from_its_exchange_on(
    cast: Cast, model: Stub, voice: Endpoint
) -> None:
    graded(model, lambda number, body: (5, 5))
    run = work(refining_run(cast, voice, critic_is={"solved_from": 2}, count=2, exchanges=5))
    assert [len(turns) for turns in written(run).values()] == [4, 4]
    assert [a[3] for a in attempts(run)] == ["pass", "solved"] * 2
    assert ends(run) == [("done", "")] * 2


def test_emotions_that_jump_drop_a_dialogue(cast: Cast, model: Stub, voice: Endpoint) -> None:
    def reply(body: dict[str, Any], count: int) -> Any:
        text = refined(body, lambda number, body: (4, 4))
        exchange = sum(m["role"] == "assistant" for m in body["messages"])
        return answer(text.replace("lonely", ("sad", "hopeful", "guilty", "sad")[exchange]))

    model.reply = reply
    run = work(refining_run(cast, voice, critic_is={}, count=1, exchanges=4))
    assert ends(run) == [("dropped", "emotion")]
    # It ends with the turn that jumps.
    assert [len(turns) for turns in written(run).values()] == [6]


def test_a_near_duplicate_of_an_earlier_dialogue_is_dropped(
    cast: Cast, model: Stub, voice: Endpoint
) -> None:
    def reply(body: dict[str, Any], count: int) -> Any:
        text = refined(body, lambda number, body: (4, 4))
        is_reply = "You are the supporter" in body["messages"][0]["content"]
        return answer(
            REPLY.format(said="the same long words for all of them") if is_reply else text
        )

    model.reply = reply
    run = work(refining_run(cast, voice, critic_is={}, count=5, exchanges=1))
    assert ends(run) == [("done", "")] + [("dropped", "duplicate")] * 4
    kept, dropped = run.items.order_by("position")[:2]
    assert kept.dialogue is not None and kept.dialogue.sealed_at is not None
    assert dropped.error == (
        "Its replies share about 100 % of their 3-word sequences with dialogue "
        f"{kept.dialogue.number:,}."
    )


def test_the_plan_decides_which_duplicate_is_kept_and_not_who_ends_first(
    cast: Cast, model: Stub, voice: Endpoint
) -> None:
    run = refining_run(cast, voice, critic_is={}, count=4, exchanges=1)
    run.items.filter(position=0).update(situation="The slow one.")

    def all_others_are_judged() -> bool:
        return sum(map(is_judge, model.bodies)) == 3

    async def reply(body: dict[str, Any], count: int) -> Any:
        text = refined(body, lambda number, body: (4, 4))
        if "You are the supporter" in body["messages"][0]["content"]:
            if "The slow one." in str(body["messages"]):
                await wait_until_async(all_others_are_judged, "the other three")
            text = REPLY.format(said="the same long words for all of them")
        return answer(text)

    model.reply = reply
    work(run)
    assert ends(run) == [("done", "")] + [("dropped", "duplicate")] * 3


@pytest.mark.slow
def test_broken_output_of_the_critic_is_no_verdict_and_is_asked_again(
    cast: Cast, model: Stub, voice: Endpoint
) -> None:
    model.reply = lambda body, count: answer(
        "Well done!" if is_judge(body) else refined(body, second_passes)
    )
    run = work(refining_run(cast, voice, critic_is={}, count=2, exchanges=1))
    assert (run.status, ends(run)) == ("failed", [("failed", "")] * 2)
    assert run.error == "No dialogue was finished: 2 failed. The run’s page lists the reasons."
    for item in run.items.all():
        assert "gave no verdict on turn 2" in item.error and "JSON" in item.error
    (attempt, _) = Attempt.objects.order_by("dialogue__number")
    assert (attempt.verdict, attempt.total, attempt.scores) == ("error", None, {})
    assert "JSON" in attempt.error
    call = JudgeCall.objects.get(context_hash=attempt.context_hash)
    assert call.error == attempt.error
    graded(model, second_passes)
    model.bodies.clear()
    runs.resume(run, actor=cast.leads[0])
    work(run)
    assert (run.status, ends(run)) == ("succeeded", [("done", "")] * 2)
    attempt.refresh_from_db()
    assert (attempt.verdict, attempt.error) == ("fail", "")
    # The attempts that were there are judged again, and not written again.
    supporter = [b for b in model.bodies if "You are the supporter" in str(b["messages"][0])]
    assert len(supporter) == 2


@pytest.mark.slow
def test_an_endpoint_that_fails_at_the_critique_stops_the_run_and_keeps_the_attempts(
    cast: Cast, model: Stub, voice: Endpoint
) -> None:
    model.reply = lambda body, count: (
        refusal(503, "restarting") if is_critique(body) else answer(refined(body, second_passes))
    )
    run = work(refining_run(cast, voice, critic_is={}, count=8, exchanges=1))
    assert run.status == "failed"
    kept = Attempt.objects.count()
    assert kept == 8
    graded(model, second_passes)
    runs.resume(run, actor=cast.leads[0])
    assert (work(run).status, len(ends(run))) == ("succeeded", 8)
    assert set(ends(run)) == {("done", "")}
    assert Attempt.objects.filter(number=1).count() == 8


@pytest.mark.slow
def test_a_learned_judge_can_be_the_critic(cast: Cast, model: Stub, voice: Endpoint) -> None:
    version = version_of(cast)
    rated(cast, texts(cast), version)
    judge = learned_judge(cast, version)
    asked = {"version": version, "judge": judge, "thresholds": {"warmth": 1, "asks": 0}}
    run = work(refining_run(cast, voice, critic_is=asked, count=1, exchanges=1))
    assert (run.status, ends(run)) == ("succeeded", [("done", "")])
    assert not any(is_judge(body) or is_critique(body) for body in model.bodies)
    assert set(Attempt.objects.get().scores) == {"format", "warmth", "asks"}


def test_attempts_never_change(cast: Cast, voice: Endpoint) -> None:
    work(refining_run(cast, voice, critic_is={}, count=1, exchanges=1))
    first, second = Attempt.objects.order_by("number")
    for change in ({"text": "Other."}, {"total": 1.0}, {"critique": "None."}):
        with pytest.raises(DatabaseError, match="immutable"), transaction.atomic():
            Attempt.objects.filter(pk=first.pk).update(**change)
    with pytest.raises(DatabaseError, match="deleted"), transaction.atomic():
        second.delete()
    second.pk, second.number = None, 3
    with pytest.raises(IntegrityError, match="one_accepted_attempt"), transaction.atomic():
        second.save(force_insert=True)


def test_the_words_of_an_attempt_are_frozen_before_it_is_judged(
    cast: Cast, model: Stub, voice: Endpoint
) -> None:
    model.reply = lambda body, count: answer(
        "?" if is_judge(body) else refined(body, second_passes)
    )
    work(refining_run(cast, voice, critic_is={}, count=1, exchanges=1))
    with pytest.raises(DatabaseError, match="immutable"), transaction.atomic():
        Attempt.objects.update(raw="Other.")


@pytest.mark.slow
def test_a_critic_that_can_not_judge_every_reply_is_refused_before_the_start(
    cast: Cast, voice: Endpoint
) -> None:
    unfitted = version_of(cast, FITTED)
    rated(cast, texts(cast), unfitted)
    learned = learned_judge(cast, unfitted)
    reader = llm_judge(cast, voice)
    open_version = RubricVersion.objects.create(
        project=cast.project, rubric=unfitted.rubric, number=2, draft=to_json(FITTED)
    )
    refused = {
        "not_fitted": {"judge": learned},
        "not_published": {"version": open_version},
        "target": {"version": published(cast.project, WHOLE)},
        "thresholds": {"thresholds": {"warmth": 9}},
        "profile_criterion": {"profile_criterion": "format"},
        "revisions": {"revisions": 11},
        "solved_total": {"solved_total": 1.5},
        "solved_from": {"solved_from": 0},
    }
    for code, change in refused.items():
        with pytest.raises(Refused) as refused_now:
            refining_run(cast, voice, critic_is={"judge": reader} | change)
        assert refused_now.value.code == code
    assert not GenerationRun.objects.exists()


def test_a_critic_of_another_project_is_refused(cast: Cast, voice: Endpoint) -> None:
    with pytest.raises(Refused) as refused:
        refining_run(cast, voice, critic_is={"version": published(cast.other_project)})
    assert refused.value.code == "critic"


def test_levels_that_nobody_chose_are_the_default_ones(cast: Cast, voice: Endpoint) -> None:
    run = refining_run(cast, voice, critic_is={"thresholds": {"persona": 5}}, count=1)
    assert run.critic.thresholds == {"format": 1, "warmth": 3, "persona": 5}


def test_without_a_critic_there_are_no_attempts_and_no_drops(cast: Cast, voice: Endpoint) -> None:
    run = work(planned(cast, voice, count=3))
    assert ends(run) == [("done", "")] * 3
    assert not Attempt.objects.exists()
