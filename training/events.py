"""The trainer's events as rows. Every event can be read twice and is there once."""

import math
from collections.abc import Callable, Mapping
from dataclasses import fields
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import uuid5

from django.conf import settings

from annotation.formats.records import supporter_turn
from annotation.ratings.same_text import normal_hash
from training.models import Checkpoint, Metric, Rollout, TrainingRun
from webapp.accounts.numbers import next_number
from webapp.llm.call_record import CallRecord
from webapp.llm.call_rows import call_rows
from webapp.llm.models import ModelCall
from webapp.llm.services import endpoint_note_pause

Event = Mapping[str, Any]


def insert(run: TrainingRun, events: list[Event], folder: Path) -> None:
    """Insert what the events tell, in order. Call it in the claim's transaction, with the
    offset up to which the file was read."""
    for event in events:
        handler = HANDLERS.get(str(event.get("type")))
        if handler is not None:
            handler(run, event, folder)


def _started(run: TrainingRun, event: Event, folder: Path) -> None:
    # A resumed attempt repeats the steps after its checkpoint.
    step = event["resumed_from_step"]
    Metric.objects.filter(run=run, step__gt=step).delete()
    Rollout.objects.filter(run=run, step__gt=step).delete()


def _metrics(run: TrainingRun, event: Event, folder: Path) -> None:
    values = {
        name: float(value)
        for name, value in event["values"].items()
        if isinstance(value, int | float) and math.isfinite(value)
    }
    Metric.objects.bulk_create(
        (Metric(run=run, step=event["step"], name=name, value=v) for name, v in values.items()),
        ignore_conflicts=True,
    )


def _rollouts(run: TrainingRun, event: Event, folder: Path) -> None:
    Rollout.objects.bulk_create(
        (
            Rollout(
                project_id=run.project_id,
                run=run,
                step=event["step"],
                prompt_id=group["prompt_id"],
                index=rollout["index"],
                emotion=group["emotion"],
                prompt_tail=group["prompt_tail"],
                raw=rollout["raw"],
                spans=rollout["spans"],
                normal_hash=normal_hash(_response(rollout)),
                format=rollout["format"],
                emotion_match=rollout["emotion"],
                rubric=rollout["rubric"],
                reward=rollout["reward"],
                advantage=rollout["advantage"],
                scores=rollout["scores"],
                # Missing in what a trainer of an earlier release wrote.
                cut=rollout.get("cut", 0),
            )
            for group in event["groups"]
            for rollout in group["rollouts"]
        ),
        ignore_conflicts=True,
    )


def _response(rollout: Mapping[str, Any]) -> str:
    """What the seeker would read; where spans are missing, what is found of them."""
    spans = rollout["spans"]
    return str(spans["response"] if spans else supporter_turn(rollout["raw"])[0].text)


def _judge_calls(run: TrainingRun, event: Event, folder: Path) -> None:
    """What the judge was asked for the rollouts of a step, which were told before; a call of a
    step that is repeated was made all the same."""
    endpoint = run.judge_endpoint
    if endpoint is None:
        return
    told = Rollout.objects.filter(run=run, step=event["step"])
    rollouts = {(row.prompt_id, row.index): row.pk for row in told}
    rows = []
    for place, call in enumerate(event["calls"]):
        [row] = call_rows(
            [_record(call)],
            endpoint=endpoint,
            purpose=ModelCall.Purpose.JUDGE,
            made_for=rollouts.get((call["prompt_id"], call["index"])),
            run=run,
        )
        # From the event's own number, so that reading it again adds nothing.
        row.id = uuid5(run.pk, f"judge call {event['seq']}.{place}")
        rows.append(row)
    ModelCall.objects.bulk_create(rows, ignore_conflicts=True)


def _record(call: Mapping[str, Any]) -> CallRecord:
    known = {field.name: call[field.name] for field in fields(CallRecord) if field.name in call}
    asked_at = call.get("asked_at")
    return CallRecord(**known | {"asked_at": asked_at and datetime.fromisoformat(asked_at)})


def _judge_pause(run: TrainingRun, event: Event, folder: Path) -> None:
    endpoint = run.judge_endpoint
    if endpoint is not None:
        until = event["until"]
        endpoint_note_pause(
            endpoint_id=endpoint.pk,
            until=until and datetime.fromisoformat(until),
            reason=event["reason"],
            topic=run.topic,
        )


def _checkpoint(run: TrainingRun, event: Event, folder: Path) -> None:
    found = {
        "path": str((folder / event["path"]).relative_to(settings.VAR_DIR)),
        "sha256": event["sha256"],
    }
    # A checkpoint that was found broken is trained and written again.
    if Checkpoint.objects.filter(run=run, step=event["step"]).update(**found):
        return
    Checkpoint.objects.create(
        project_id=run.project_id,
        number=next_number(run.project, "checkpoint"),
        name=f"{run}, step {event['step']}",
        origin=Checkpoint.Origin.RUN,
        run=run,
        step=event["step"],
        **found,
    )


HANDLERS: Mapping[str, Callable[[TrainingRun, Event, Path], None]] = {
    "started": _started,
    "metrics": _metrics,
    "rollouts": _rollouts,
    "judge_calls": _judge_calls,
    "judge_pause": _judge_pause,
    "checkpoint": _checkpoint,
}
