"""A scripted endpoint for both voices, and the rows that a generation needs."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from annotation.generation.services import generation_start
from annotation.models import GenerationItem, GenerationRun
from tests.conftest import Cast
from tests.support.dialogues import added, parsed
from tests.support.servers import Stub, answer, serve
from tests.support.waiting import SHORT_S
from webapp.ids import new_id
from webapp.llm.models import Endpoint
from webapp.llm.services import endpoint_create

# How long a model may take to answer: a test reaches it only where something is wrong.
WAIT_S = round(SHORT_S)
REPLY = (
    "<|understanding_begin|>Someone is heard.<|understanding_end|>"
    "<|reasoning_begin|>Ask.<|reasoning_end|><|emotion_begin|>lonely<|emotion_end|>"
    "<|response_begin|>I hear: {said}. What then?<|response_end|>"
)


def speak(body: dict[str, Any]) -> str:
    """What a request gets: it tells the seed, so that a turn tells which request made it."""
    messages = body["messages"]
    if "You are the supporter" in messages[0]["content"]:
        return REPLY.format(said=messages[-1]["content"][:40])
    return f"Seeker says {body['seed']}"


def stub(reply: Any = None) -> Stub:
    return Stub(reply or (lambda body, count: answer(speak(body))))


@contextmanager
def served(cast: Cast, script: Stub) -> Iterator[Endpoint]:
    with serve(script.app) as url:
        yield endpoint(cast, url)


def endpoint(cast: Cast, url: str, *, name: str = "Scripted", timeout_s: int = WAIT_S) -> Endpoint:
    return endpoint_create(
        project=cast.project,
        actor=cast.leads[0],
        name=name,
        base_url=url,
        model="scripted",
        timeout_s=timeout_s,
    )


def corpus(cast: Cast, dialogues: int = 3) -> None:
    """Profiles and situations to plan from."""
    added(cast.project, *(parsed(number) for number in range(1, dialogues + 1)))


def planned(cast: Cast, voice: Endpoint, **changes: Any) -> GenerationRun:
    fields: dict[str, Any] = {
        "key": new_id().hex,
        "supporter": voice,
        "simulator": voice,
        "count": 4,
        "emotions": ["lonely"],
        "exchanges": 2,
        "seed": 7,
    }
    return generation_start(project=cast.project, actor=cast.leads[0], **(fields | changes))


def written(run: GenerationRun) -> dict[int, list[tuple[int, str, str]]]:
    """What each item's dialogue says: (position, role, text), by the item's position."""
    items = GenerationItem.objects.filter(run=run, dialogue__isnull=False)
    return {
        item.position: list(
            item.dialogue.turns.order_by("position").values_list("position", "role", "text")
        )
        for item in items.select_related("dialogue")
        if item.dialogue is not None
    }


def seed_in(text: str) -> int:
    found = re.search(r"Seeker says (\d+)", text)
    assert found is not None
    return int(found[1])
