"""What models were asked: the calls that a person may open, and the rows that they made."""

import json
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db.models import Q, QuerySet
from django.urls import reverse

from annotation.calls.registry import hidden_calls
from annotation.models import (
    Attempt,
    BatteryItem,
    Dialogue,
    DifficultyReply,
    GenerationItem,
    JudgeItem,
    SuggestionSource,
    Target,
    Turn,
)
from annotation.ratings.blindness import (
    hidden_dialogues,
    hidden_targets,
    own_targets,
    words_of,
)
from rubrics.models import JudgeCall
from webapp.accounts.access import Member
from webapp.db import written
from webapp.errors import Refused
from webapp.llm.models import ModelCall
from webapp.llm.usage import Cost, usage_of
from webapp.runs import registry

PAGE_SIZE = 50
# Fields of a request that say what shape the answer is to have; these and the messages are long.
_SHAPES = ("response_format", "structured_outputs", "schema")
_LONG = (*_SHAPES, "messages")


@dataclass(frozen=True)
class Link:
    """Where something that a call belongs to is shown."""

    label: str
    url: str


@dataclass(frozen=True)
class CallPage:
    """The newest first. `older` is the id that the link to the next page names."""

    rows: list[ModelCall]
    older: UUID | None


@dataclass(frozen=True)
class CallState:
    """One call as its page shows it."""

    call: ModelCall
    messages: list[dict[str, str]]
    # What else was asked for: the model, sampling; and the shape of the answer as JSON.
    settings: dict[str, object]
    shape: str
    made: Link | None
    run: Link | None
    costs: list[Cost]


def visible_calls(member: Member) -> QuerySet[ModelCall]:
    """The calls of the project but those about texts that this person is blind to: they tell what
    a judge gave, or what a dialogue was written to be."""
    hidden = Target.objects.filter(pk__in=hidden_targets(member.user, member.project))
    dialogues = hidden_dialogues(member.user, member.project).values("pk")
    own = words_of(own_targets(member.user, member.project))
    attempts = Attempt.objects.filter(
        Q(dialogue__in=dialogues) | Q(normal_hash__in=own), project=member.project
    ).order_by()
    cases = BatteryItem.objects.filter(normal_hash__in=own, project=member.project).order_by()
    judged = JudgeCall.objects.filter(project=member.project).filter(
        Q(context_hash__in=hidden.values("context_hash"))
        | Q(context_hash__in=attempts.values("context_hash"))
        | Q(context_hash__in=cases.values("context_hash"))
    )
    replies = DifficultyReply.objects.filter(
        Q(prompt__target__in=hidden) | Q(target__in=hidden), project=member.project
    ).order_by()
    made: tuple[QuerySet[Any], ...] = (
        judged,
        attempts,
        replies,
        Turn.objects.filter(dialogue__in=dialogues).order_by(),
        GenerationItem.objects.filter(dialogue__in=dialogues).order_by(),
    )
    calls = ModelCall.objects.filter(project=member.project)
    for rows in made:
        calls = calls.exclude(made_for__in=written(rows.values("pk")))
    # What a model is shown for proposals tells what others gave.
    shown = SuggestionSource.objects.filter(target__in=hidden).order_by()
    calls = calls.exclude(made_for__in=written(shown.values("run")))
    for about in hidden_calls(member):
        calls = calls.exclude(about)
    return calls


def page_of(calls: QuerySet[ModelCall], *, before: UUID | None) -> CallPage:
    if before is not None:
        calls = calls.filter(pk__lt=before)
    found = list(
        calls.select_related("endpoint").defer("request", "reply").order_by("-pk")[: PAGE_SIZE + 1]
    )
    shown = found[:PAGE_SIZE]
    return CallPage(shown, shown[-1].pk if len(found) > PAGE_SIZE else None)


def state_of(call: ModelCall) -> CallState:
    request = call.request if isinstance(call.request, dict) else {}
    shape = {key: request[key] for key in _SHAPES if key in request}
    return CallState(
        call=call,
        messages=request.get("messages", []),
        settings={key: value for key, value in request.items() if key not in _LONG},
        shape=json.dumps(shape, indent=2, ensure_ascii=False) if shape else "",
        made=_made(call),
        run=run_link(call),
        costs=list(usage_of(ModelCall.objects.filter(pk=call.pk)).costs),
    )


def _made(call: ModelCall) -> Link | None:
    """The row that the call was made for, where it has a page."""
    if call.made_for is None:
        return None
    if turn := Turn.objects.filter(pk=call.made_for).select_related("dialogue").first():
        return _turn_link(turn.dialogue, turn.position)
    if item := GenerationItem.objects.filter(pk=call.made_for).select_related("dialogue").first():
        if item.dialogue is not None:
            return _dialogue_link(item.dialogue)
        return None
    tried = Attempt.objects.filter(Q(pk=call.made_for) | Q(judge_call=call.made_for))
    if attempt := tried.select_related("dialogue").first():
        return _turn_link(attempt.dialogue, attempt.position)
    items = JudgeItem.objects.filter(judge_call=call.made_for)
    judged = items.select_related("target__turn__dialogue", "target__dialogue").first()
    if judged is None:
        return None
    if judged.target.turn is not None:
        turn = judged.target.turn
        return _turn_link(turn.dialogue, turn.position)
    return _dialogue_link(judged.target.dialogue) if judged.target.dialogue is not None else None


def _turn_link(dialogue: Dialogue, position: int) -> Link:
    url = _dialogue_link(dialogue).url
    label = f"Dialogue {dialogue.number:,}, turn {position + 1}"
    return Link(label, f"{url}#turn-{position}")


def _dialogue_link(dialogue: Dialogue) -> Link:
    url = reverse("dialogue", args=[dialogue.project_id, dialogue.pk])
    return Link(f"Dialogue {dialogue.number:,}", url)


def run_link(call: ModelCall) -> Link | None:
    """The run that asked, where one did."""
    try:
        kind = registry.find(call.run_kind)
    except Refused:
        return None
    run = kind.model.objects.filter(project=call.project_id, pk=call.run_id).first()
    return Link(str(run), kind.url(run)) if run is not None else None
