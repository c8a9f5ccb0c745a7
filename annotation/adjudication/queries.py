"""What adjudicators see: the queues with something to settle, a queue's list, and one item."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from uuid import UUID

from django.utils import timezone

from annotation.adjudication.drafts import (
    DecisionDraft,
    Given,
    answer_of,
    lacks,
    read_decisions,
)
from annotation.adjudication.given import given_in, letters_of, scores_of
from annotation.adjudication.waiting import HELD, OPEN, SETTLED, ListedItem, listed_items
from annotation.corpus.transcript import parts_of
from annotation.desk.queries import (
    ShownLevel,
    Undoable,
    levels_of,
)
from annotation.models import Adjudication, Assignment, Decision, Item, Queue, Rater, Score, Target
from annotation.models.desk import UNDO_WITHIN
from annotation.ratings.drafts import NOT_APPLICABLE
from annotation.ratings.labels import shown_text, title_of, tone_of
from annotation.ratings.shown_turns import ShownTurn, turns_of
from annotation.ratings.targets import context_of
from rubrics.core.spec import CriterionSpec, RubricSpec, from_json
from rubrics.queries import spec_of
from webapp.accounts.access import Member

QUEUES_SHOWN = 200
# Letters that are a command of the page and so give no rater's level.
_COMMANDS = set("GJKNOPSWX")


@dataclass(frozen=True)
class AdjudicationProgress:
    """A queue's list for one member. `own`: open items that they rated themselves."""

    queue: Queue
    total: int
    settled: int
    held: int
    free: int
    own: int

    @property
    def left(self) -> int:
        return self.total - self.settled


@dataclass(frozen=True)
class ShownItem:
    """One row of a queue's list."""

    listed: ListedItem
    title: str
    text: str
    criteria: Sequence[str]
    by: str


@dataclass(frozen=True)
class GivenLevel:
    """What one rater gave for a criterion. `key`: the letter that takes this level over."""

    letter: str
    answer: str
    label: str
    tone: int | None
    rationale: str
    quotes: Sequence[str]
    key: str


@dataclass(frozen=True)
class ShownDecision:
    """One criterion to decide on."""

    spec: CriterionSpec
    raters: Sequence[GivenLevel]
    levels: Sequence[ShownLevel]
    apart: int
    is_disputed: bool
    is_mixed: bool
    differs: bool
    is_not_applicable: bool
    cause: str
    reason: str
    is_decided: bool
    is_open: bool = False

    @property
    def given(self) -> str:
        """The answers of the raters, for the page's script."""
        return " ".join(rater.answer for rater in self.raters)


@dataclass(frozen=True)
class Passage:
    """A piece of the reply, with the letters of those who marked it."""

    text: str
    letters: str


@dataclass(frozen=True)
class AdjudicationItem:
    """One item with everything that its raters gave, under letters."""

    adjudication: Adjudication
    queue: Queue
    spec: RubricSpec
    title: str
    profile: str
    situation: str
    cut: int
    turns: Sequence[ShownTurn]
    current: ShownTurn | None
    passages: Sequence[Passage]
    criteria: Sequence[ShownDecision]
    concerns: Sequence[str]
    progress: AdjudicationProgress

    @property
    def decided(self) -> int:
        return sum(criterion.is_decided for criterion in self.criteria)

    @property
    def text(self) -> str:
        return self.current.text if self.current else ""

    @property
    def is_held(self) -> bool:
        return self.adjudication.state == Adjudication.State.RESERVED


def progress_of_queues(member: Member) -> list[AdjudicationProgress]:
    """The queues with a list, those with something for this member first."""
    queues = list(
        Queue.objects.filter(project=member.project)
        .select_related("version__rubric", "version__spec")
        .order_by("-number")[:QUEUES_SHOWN]
    )
    listed = listed_items(member, queues)
    found = [_progress(queue, listed) for queue in queues]
    return sorted(
        (row for row in found if row.total), key=lambda row: (not row.free, -row.queue.number)
    )


def progress_in(member: Member, queue: Queue) -> AdjudicationProgress:
    return _progress(queue, listed_items(member, [queue]))


def list_of(member: Member, queue: Queue) -> tuple[AdjudicationProgress, list[ShownItem]]:
    """How far the queue's list is, and its items."""
    listed = listed_items(member, [queue])
    targets = Target.objects.select_related("turn__dialogue", "dialogue").in_bulk(
        {row.target_id for row in listed}
    )
    spec = from_json(queue.version.spec.content)  # type: ignore[union-attr]
    names = {c.uid: c.name for c in spec.judge_criteria}
    people = Rater.objects.filter(pk__in={row.adjudicator_id for row in listed})
    names_by = {rater.pk: str(rater) for rater in people.select_related("user")}
    shown = [
        ShownItem(
            listed=row,
            title=title_of(targets[row.target_id]),
            text=shown_text(targets[row.target_id]),
            criteria=[name for uid, name in names.items() if uid in row.uids],
            by=_by(row, member, names_by),
        )
        for row in listed
    ]
    return _progress(queue, listed), shown


def adjudication_item(member: Member, adjudication: Adjudication) -> AdjudicationItem:
    """What the page shows of one of this member's adjudications."""
    item, target = adjudication.item, adjudication.item.target
    spec, scores, context = spec_of(item.queue.version), scores_of(item), context_of(target)
    letters = letters_of(item, _raters(scores))
    turns, current = turns_of(target, context)
    return AdjudicationItem(
        adjudication=adjudication,
        queue=item.queue,
        spec=spec,
        title=title_of(target),
        profile=context["profile"],
        situation=context["situation"],
        cut=context["cut"],
        turns=turns,
        current=current,
        passages=_passages(current, scores, letters),
        criteria=_decisions(adjudication, spec, scores, letters),
        concerns=_concerns(item),
        progress=progress_in(member, item.queue),
    )


def undoable(member: Member) -> Undoable | None:
    """The last adjudication of this person, while it can be taken back."""
    now = timezone.now()
    last = (
        Adjudication.objects.filter(
            project=member.project,
            adjudicator__user=member.user,
            state=Adjudication.State.SUBMITTED,
            submitted_at__gt=now - UNDO_WITHIN,
        )
        .order_by("-submitted_at")
        .first()
    )
    if last is None or last.submitted_at is None:
        return None
    return Undoable(last.pk, int((last.submitted_at + UNDO_WITHIN - now).total_seconds()))


def _progress(queue: Queue, listed: Sequence[ListedItem]) -> AdjudicationProgress:
    own = [row for row in listed if row.queue_id == queue.pk]
    states = Counter(row.state for row in own)
    return AdjudicationProgress(
        queue=queue,
        total=len(own),
        settled=states[SETTLED],
        held=states[HELD],
        free=sum(row.is_free for row in own),
        own=sum(row.is_own and row.state == OPEN for row in own),
    )


def _by(row: ListedItem, member: Member, names: Mapping[UUID, str]) -> str:
    """Who has the item or settled it. Only leads read the names of others."""
    if row.adjudicator_id is None or row.state == OPEN:
        return ""
    if row.is_mine:
        return "You"
    return names[row.adjudicator_id] if member.is_lead else "Somebody else"


def _raters(scores: Mapping[str, Sequence[Score]]) -> list[UUID]:
    return list({score.rating.rater_id for given in scores.values() for score in given})


def _decisions(
    adjudication: Adjudication,
    spec: RubricSpec,
    scores: Mapping[str, Sequence[Score]],
    letters: Mapping[UUID, str],
) -> list[ShownDecision]:
    """Disputed criteria first; the first that is not decided is open."""
    draft = read_decisions(spec, adjudication.draft)
    given = sorted(given_in(adjudication.item, spec, scores), key=lambda one: not one.is_disputed)
    shown = [_decision(one, scores.get(one.criterion.uid, ()), letters, draft) for one in given]
    at = next((place for place, row in enumerate(shown) if not row.is_decided), 0)
    shown[at] = replace(shown[at], is_open=True)
    return shown


def _decision(
    given: Given,
    scores: Sequence[Score],
    letters: Mapping[UUID, str],
    draft: DecisionDraft,
) -> ShownDecision:
    criterion = given.criterion
    chosen = draft.levels.scores.get(criterion.uid)
    return ShownDecision(
        spec=criterion,
        raters=[_given_level(criterion, score, letters) for score in scores],
        levels=levels_of(criterion, chosen),
        apart=given.apart,
        is_disputed=given.is_disputed,
        is_mixed=given.is_mixed,
        differs=given.differs,
        is_not_applicable=criterion.may_not_apply and chosen == NOT_APPLICABLE,
        cause=draft.causes.get(criterion.uid, ""),
        reason=draft.levels.rationales.get(criterion.uid, ""),
        is_decided=not lacks(draft, given),
    )


def _given_level(criterion: CriterionSpec, score: Score, letters: Mapping[UUID, str]) -> GivenLevel:
    answer = answer_of(score.status, score.value)
    letter = letters.get(score.rating.rater_id, "")
    names = {level.value: level.label for level in criterion.levels}
    is_level = isinstance(answer, int)
    return GivenLevel(
        letter=letter,
        answer=str(answer),
        label=names.get(int(score.value or 0), "") if is_level else "Does not apply",
        tone=tone_of(criterion, score.value) if score.value is not None else None,
        rationale=score.rationale,
        quotes=[row.quote for row in score.evidence.all()],
        key=letter.lower() if letter not in _COMMANDS else "",
    )


def _passages(
    current: ShownTurn | None,
    scores: Mapping[str, Sequence[Score]],
    letters: Mapping[UUID, str],
) -> list[Passage]:
    """The reply, cut where a rater's evidence begins or ends."""
    if current is None:
        return []
    order = list(letters.values())
    marks = [
        (row.start, row.end, order.index(letters[score.rating.rater_id]))
        for given in scores.values()
        for score in given
        for row in score.evidence.all()
        if row.span == "response" and row.start is not None and row.end is not None
    ]
    return [
        Passage(part.text, " ".join(order[number] for number in part.numbers))
        for part in parts_of(current.text, marks)
    ]


def _concerns(item: Item) -> list[str]:
    """What people reported about the item, without names."""
    rows = Assignment.objects.filter(item=item, flagged_at__isnull=False).order_by("flagged_at")
    return list(rows.values_list("flag_reason", flat=True))


CAUSES = tuple((str(value), str(label)) for value, label in Decision.Cause.choices)
