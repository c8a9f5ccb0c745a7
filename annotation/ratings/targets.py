"""Targets: what ratings, queue items and judge calls refer to, and what may be known of them."""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from annotation.formats.hashing import sha256_json
from annotation.formats.records import ParsedTurn, Role, plain_turn, supporter_turn
from annotation.models import Dialogue, Target, Turn
from annotation.ratings.context import Context, build_context, context_hash
from annotation.ratings.same_text import dialogue_hash, normal_hash
from rubrics.judging.spans import SPAN_NAMES, canon_reply
from webapp.accounts.models import Project
from webapp.errors import Refused

# Dialogues whose turns are held in memory at once.
_CHUNK = 500

# A dialogue is rated as a whole: all its turns are history, and nothing follows.
_NOTHING = ParsedTurn(role="supporter", text="", raw="")


@dataclass(frozen=True, slots=True)
class _Script:
    """One dialogue as contexts are made from it."""

    dialogue: Dialogue
    turns: Sequence[Turn]

    def context(self, turn_id: UUID | None) -> Context:
        """The context of one turn, or of the whole dialogue."""
        profile = self.dialogue.profile.text if self.dialogue.profile else ""
        situation = self.dialogue.situation
        if turn_id is None:
            return build_context(profile, situation, self.turns, _NOTHING)
        index = next(i for i, turn in enumerate(self.turns) if turn.pk == turn_id)
        return build_context(profile, situation, self.turns[:index], self.turns[index])


def targets_for(
    *, project: Project, turns: Iterable[UUID] = (), dialogues: Iterable[UUID] = ()
) -> list[Target]:
    """The targets of these turns and dialogues (ids), made where there is none yet.

    Turns come first, each in the order given. Ids that the project does not have are refused.
    The number of queries grows with the targets to make (a few for each 500 dialogues), not
    with those that are there.
    """
    turn_ids, dialogue_ids = list(turns), list(dialogues)
    found = _existing(project, turn_ids, dialogue_ids)
    missing_turns = [pk for pk in turn_ids if pk not in found]
    missing_dialogues = [pk for pk in dialogue_ids if pk not in found]
    if missing_turns or missing_dialogues:
        _make(project, missing_turns, missing_dialogues)
        found |= _existing(project, missing_turns, missing_dialogues)
    return [found[pk] for pk in (*turn_ids, *dialogue_ids)]


def text_target(
    *,
    project: Project,
    profile: str,
    situation: str,
    history: Sequence[Mapping[str, str]],
    raw: str,
    cut: int = 0,
) -> Target:
    """The target of a reply that is no turn: a rollout, a pasted text. `history` is the turns
    before it, oldest first, each {"role", "text"}, without the `cut` oldest exchanges. The same
    context is the same target."""
    before = [_spoken(turn) for turn in history]
    candidate, _ = supporter_turn(raw)
    context = build_context(profile, situation, before, candidate, cut_before=cut)
    digest = context_hash(context)
    made = Target(
        project=project,
        kind=Target.Kind.TEXT,
        context=context,
        content_hash=_text_hash(canon_reply(raw)),
        context_hash=digest,
        normal_hash=normal_hash(context["candidate"]["response"]),
    )
    Target.objects.bulk_create([made], ignore_conflicts=True)
    return Target.objects.get(project=project, kind=Target.Kind.TEXT, context_hash=digest)


def context_of(target: Target) -> Context:
    """What raters and judges may know of `target`: the one function (DECISIONS 5). Never later
    turns, never the gold emotion."""
    return contexts_of([target])[target.pk]


def contexts_of(targets: Sequence[Target]) -> dict[UUID, Context]:
    """`context_of` for many targets by their ids, with a constant number of queries."""
    scripts, dialogue_of = _scripts_of(targets)
    return {
        target.pk: target.context
        if target.context is not None
        else scripts[dialogue_of[target.pk]].context(target.turn_id)
        for target in targets
    }


def contexts_of_turns(project: Project, turns: Sequence[UUID]) -> dict[UUID, Context]:
    """The context that the target of each turn has, or would have, by the turn's id; with a
    constant number of queries. Makes no target."""
    rows = Turn.objects.filter(project=project, pk__in=turns)
    dialogue_of = dict(rows.values_list("pk", "dialogue_id"))
    scripts = _scripts(list(set(dialogue_of.values())))
    return {turn: scripts[dialogue_of[turn]].context(turn) for turn in turns}


def gold_emotions_of(targets: Sequence[Target]) -> dict[UUID, str]:
    """The emotion that each target's dialogue was written for, "" where it is not known. For the
    emotion check only (`gold_emotion` of a judge's input); people never see it on the desk."""
    dialogue_of = _dialogues_of(targets)
    rows = Dialogue.objects.filter(pk__in=set(dialogue_of.values()))
    emotions = {row.pk: row.emotion_label or row.emotion for row in rows}
    return {
        target.pk: emotions[dialogue_of[target.pk]] if target.pk in dialogue_of else ""
        for target in targets
    }


def span_texts_of(targets: Sequence[Target]) -> dict[UUID, dict[str, str]]:
    """The spans of each turn and text target, as evidence counts its code points; a dialogue
    has none."""
    turns = Turn.objects.in_bulk([target.turn_id for target in targets if target.turn_id])
    texts: dict[UUID, dict[str, str]] = {}
    for target in targets:
        if target.turn_id:
            turn = turns[target.turn_id]
            texts[target.pk] = {
                "understanding": turn.understanding,
                "reasoning": turn.reasoning,
                "emotion": turn.emotion,
                "response": turn.text,
            }
        elif target.context is not None:
            texts[target.pk] = {name: target.context["candidate"][name] for name in SPAN_NAMES}
        else:
            texts[target.pk] = {}
    return texts


def _existing(
    project: Project, turns: Sequence[UUID], dialogues: Sequence[UUID]
) -> dict[UUID | None, Target]:
    """Targets by the id of their turn or dialogue."""
    rows = Target.objects.filter(project=project)
    found: dict[UUID | None, Target] = {}
    if turns:
        found |= {row.turn_id: row for row in rows.filter(turn_id__in=turns)}
    if dialogues:
        found |= {row.dialogue_id: row for row in rows.filter(dialogue_id__in=dialogues)}
    return found


def _make(project: Project, turns: Sequence[UUID], dialogues: Sequence[UUID]) -> None:
    by_turn = dict(
        Turn.objects.filter(project=project, pk__in=turns).values_list("pk", "dialogue_id")
    )
    wanted: dict[UUID, list[UUID | None]] = {pk: [None] for pk in dialogues}
    for turn in turns:
        if turn not in by_turn:
            raise Refused("One of the turns is not in this project.", code="unknown_turn")
        wanted.setdefault(by_turn[turn], []).append(turn)
    # In one order, whoever makes them: in orders of their own two would wait for each other's
    # rows until the database refuses one.
    ids = sorted(wanted)
    for start in range(0, len(ids), _CHUNK):
        chunk = ids[start : start + _CHUNK]
        scripts = _scripts(chunk, project=project)
        if len(scripts) < len(chunk):
            raise Refused("One of the dialogues is not in this project.", code="unknown_dialogue")
        Target.objects.bulk_create(
            (
                _target(project, scripts[pk], turn)
                for pk in chunk
                for turn in sorted(wanted[pk], key=str)
            ),
            ignore_conflicts=True,
        )


def _target(project: Project, script: _Script, turn_id: UUID | None) -> Target:
    digest = context_hash(script.context(turn_id))
    if turn_id is None:
        said = [{"role": turn.role, "text": canon_reply(turn.raw)} for turn in script.turns]
        return Target(
            project=project,
            kind=Target.Kind.DIALOGUE,
            dialogue=script.dialogue,
            content_hash=sha256_json(said),
            context_hash=digest,
            normal_hash=dialogue_hash([(turn.role, turn.text) for turn in script.turns]),
        )
    turn = next(turn for turn in script.turns if turn.pk == turn_id)
    return Target(
        project=project,
        kind=Target.Kind.TURN,
        turn_id=turn_id,
        content_hash=_text_hash(canon_reply(turn.raw)),
        context_hash=digest,
        normal_hash=normal_hash(turn.text),
    )


def _scripts_of(targets: Sequence[Target]) -> tuple[dict[UUID, _Script], dict[UUID, UUID]]:
    dialogue_of = _dialogues_of(targets)
    return _scripts(list(set(dialogue_of.values()))), dialogue_of


def _dialogues_of(targets: Sequence[Target]) -> dict[UUID, UUID]:
    """The dialogue's id by the target's, for turns and dialogues."""
    turns = [target.turn_id for target in targets if target.turn_id]
    by_turn = dict(Turn.objects.filter(pk__in=turns).values_list("pk", "dialogue_id"))
    return {
        target.pk: dialogue_id
        for target in targets
        if (dialogue_id := by_turn[target.turn_id] if target.turn_id else target.dialogue_id)
    }


def _scripts(ids: Sequence[UUID], *, project: Project | None = None) -> dict[UUID, _Script]:
    rows = Dialogue.objects.filter(pk__in=ids).select_related("profile")
    if project is not None:
        rows = rows.filter(project=project)
    turns: dict[UUID, list[Turn]] = {pk: [] for pk in ids}
    for turn in Turn.objects.filter(dialogue_id__in=ids).order_by("dialogue_id", "position"):
        turns[turn.dialogue_id].append(turn)
    return {row.pk: _Script(row, turns[row.pk]) for row in rows}


def _spoken(turn: Mapping[str, str]) -> ParsedTurn:
    role: Role = "seeker" if turn["role"] == "seeker" else "supporter"
    return plain_turn(role, turn["text"])


def _text_hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
