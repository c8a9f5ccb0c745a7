"""One dialogue as its page shows it: turns, and the ratings that this reader may see."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from annotation.corpus.attempts import Tried, attempts_of
from annotation.corpus.gold_emotions import hides_emotion
from annotation.models import Dialogue, Evidence, ImportLine, Rater, Rating, Score, Target, Turn
from annotation.ratings.blindness import hidden_targets, own_targets, words_of
from annotation.ratings.labels import names_of
from rubrics.core.spec import RubricSpec, from_json
from webapp.accounts.access import Member

_LOOKS = {Rater.Kind.PERSON: "human", Rater.Kind.JUDGE: "judge"}


@dataclass(frozen=True)
class ScoreLine:
    """One score of a rating. `number` names the criterion in the marks of the text."""

    number: int
    name: str
    score: Score
    level: str
    evidence: list[Evidence]


@dataclass(frozen=True)
class RatingNote:
    """One rating in the margin. `look` is the mark of its rater: human, judge or none."""

    rating: Rating
    rater: str
    look: str
    rubric: str
    lines: list[ScoreLine]

    @property
    def judge_call_id(self) -> UUID | None:
        """The pass of a language model that gave these scores, where one did."""
        judge = self.rating.rater.judge
        if judge is None or judge.endpoint_id is None:
            return None
        return next((line.score.judge_call_id for line in self.lines), None)

    @property
    def shared_rationale(self) -> str:
        """The words that stand with every score: their rater gave them for the whole reply."""
        said = {line.score.rationale for line in self.lines}
        return said.pop() if len(said) == 1 and len(self.lines) > 1 else ""


@dataclass(frozen=True)
class Part:
    """A piece of a text, with the numbers of the criteria that it is evidence for."""

    text: str
    numbers: tuple[int, ...] = ()


@dataclass
class Line:
    """A turn with what stands beside it."""

    turn: Turn
    problems: list[str]
    notes: list[RatingNote] = field(default_factory=list)
    is_hidden: bool = False
    parts: list[Part] = field(default_factory=list)
    # The attempts at it, where a critic judged them and the reader may see what it gave.
    attempts: list[Tried] = field(default_factory=list)


@dataclass(frozen=True)
class Transcript:
    dialogue: Dialogue
    lines: list[Line]
    # Ratings of the dialogue as a whole, and whether the reader is blind to them.
    notes: list[RatingNote]
    is_hidden: bool
    import_line: ImportLine | None
    # The attempts at a turn that none of them became.
    unfinished: list[Tried]
    # Whether the reader must not know which emotion it was written for. System turns are left out
    # then: an instruction to a model often names it.
    hides_emotion: bool

    @property
    def emotion(self) -> str:
        return "" if self.hides_emotion else self.dialogue.emotion

    @property
    def emotion_label(self) -> str | None:
        return None if self.hides_emotion else self.dialogue.emotion_label

    @property
    def hidden_count(self) -> int:
        return sum(line.is_hidden for line in self.lines) + self.is_hidden

    @property
    def meta(self) -> dict[str, Any]:
        """What only the source says of it. A seeker's survey and stars are ratings too, so a
        reader who is blind to any part gets none of it."""
        return {} if self.hidden_count or self.hides_emotion else self.dialogue.meta

    @property
    def has_margin(self) -> bool:
        return any(line.notes or line.is_hidden for line in self.lines)


def transcript_of(dialogue: Dialogue, member: Member) -> Transcript:
    """The dialogue for this member, who is blind to items of a queue that they rate in."""
    is_blind = hides_emotion(dialogue, member)
    turns = [
        turn for turn in dialogue.turns.all() if not (is_blind and turn.role == Turn.Role.SYSTEM)
    ]
    targets = _targets(dialogue, turns)
    ids = [target.pk for target in targets.values()]
    hidden = set(hidden_targets(member.user, member.project).filter(pk__in=ids))
    notes = _notes([target for target in targets.values() if target.pk not in hidden], member)
    problems = _span_problems(dialogue)
    # What a critic gave tells what a reply is worth: whoever is blind to any part sees none of it.
    attempts = {} if hidden or _says_what_is_hidden(dialogue, member) else attempts_of(dialogue)
    lines = []
    for turn in turns:
        target = targets.get(turn.pk)
        line = Line(turn, problems.get(turn.position, []))
        line.attempts = attempts.pop(turn.position, [])
        if target is not None:
            line.notes = notes[target.pk]
            line.is_hidden = target.pk in hidden
        line.parts = parts_of(turn.text, _marks(line.notes))
        lines.append(line)
    whole = targets.get(dialogue.pk)
    return Transcript(
        dialogue=dialogue,
        lines=lines,
        notes=notes[whole.pk] if whole else [],
        is_hidden=whole is not None and whole.pk in hidden,
        import_line=ImportLine.objects.filter(dialogue=dialogue, outcome="added")
        .select_related("run__file")
        .first(),
        unfinished=next(iter(attempts.values()), []),
        hides_emotion=is_blind,
    )


def _says_what_is_hidden(dialogue: Dialogue, member: Member) -> bool:
    """Whether one of the attempts says a text that this member still has to rate elsewhere."""
    said = words_of(own_targets(member.user, member.project))
    return dialogue.attempts.filter(normal_hash__in=said).exists()


def parts_of(text: str, marks: Iterable[tuple[int, int, int]]) -> list[Part]:
    """`text` cut where a mark (start, end, number) begins or ends."""
    marks = list(marks)
    edges = sorted({0, len(text), *(edge for mark in marks for edge in mark[:2])})
    parts = []
    for start, end in zip(edges, edges[1:], strict=False):
        numbers = sorted({n for first, last, n in marks if first <= start and end <= last})
        parts.append(Part(text[start:end], tuple(numbers)))
    return parts


def _targets(dialogue: Dialogue, turns: Sequence[Turn]) -> dict[UUID | None, Target]:
    """Targets by the id of their turn, or of the dialogue."""
    rows = Target.objects.filter(project=dialogue.project_id)
    by_turn = {row.turn_id: row for row in rows.filter(turn__in=turns)}
    whole = {row.dialogue_id: row for row in rows.filter(dialogue=dialogue)}
    return by_turn | whole


def _notes(targets: Sequence[Target], member: Member) -> dict[UUID, list[RatingNote]]:
    ratings = list(
        Rating.objects.filter(target__in=targets, withdrawn_at=None)
        .select_related("rater__user", "rater__judge", "spec")
        .prefetch_related("scores__evidence")
        .order_by("submitted_at", "pk")
    )
    names = names_of([rating.rater for rating in ratings], member)
    specs: dict[UUID, RubricSpec] = {}
    numbers: dict[str, int] = {}
    notes: dict[UUID, list[RatingNote]] = defaultdict(list)
    for rating in ratings:
        spec = specs.setdefault(rating.spec_id, from_json(rating.spec.content))
        notes[rating.target_id].append(
            RatingNote(
                rating=rating,
                rater=names[rating.rater_id],
                look=_LOOKS.get(Rater.Kind(rating.rater.kind), ""),
                rubric=_about(rating, spec),
                lines=_score_lines(rating, spec, numbers),
            )
        )
    return notes


def _about(rating: Rating, spec: RubricSpec) -> str:
    is_reference = rating.purpose == Rating.Purpose.ADJUDICATION
    return f"{spec.title}, adjudicated" if is_reference else spec.title


def _score_lines(rating: Rating, spec: RubricSpec, numbers: dict[str, int]) -> list[ScoreLine]:
    """The scores in the order of the rubric; `numbers` counts criteria over the whole page."""
    scores = {score.criterion_uid: score for score in rating.scores.all()}
    lines = []
    for criterion in spec.criteria:
        if (score := scores.get(criterion.uid)) is None:
            continue
        labels = {level.value: level.label for level in criterion.levels}
        level = labels.get(int(score.value), "") if score.value is not None else ""
        number = numbers.setdefault(criterion.uid, len(numbers) + 1)
        lines.append(ScoreLine(number, criterion.name, score, level, list(score.evidence.all())))
    return lines


def _marks(notes: Sequence[RatingNote]) -> list[tuple[int, int, int]]:
    """Where the response is evidence, and for which criterion."""
    return [
        (row.start, row.end, line.number)
        for note in notes
        for line in note.lines
        for row in line.evidence
        if row.span == "response" and row.start is not None and row.end is not None
    ]


def _span_problems(dialogue: Dialogue) -> dict[int, list[str]]:
    """What the source's reader found wrong with the four spans, by position."""
    return {entry["turn"]: entry["problems"] for entry in dialogue.meta.get("span_problems", [])}
