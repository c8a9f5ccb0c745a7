"""The one writer of ratings: desk, import, construction and judges all come through here."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from annotation.models import Evidence, Rater, Rating, Score, Target
from annotation.ratings.targets import span_texts_of
from rubrics.core.spec import CriterionSpec, RubricSpec, criterion_hash, from_json
from rubrics.core.text import canon
from rubrics.judging.spans import SPAN_NAMES
from rubrics.models import Judge, RubricVersion, Spec
from webapp.accounts.models import Project, User
from webapp.audit import services as audit
from webapp.errors import Refused

_Kind, _Purpose = Rater.Kind, Rating.Purpose

# What each kind of rater rates for. Work that a person hands in is complete.
_BY_PEOPLE = (_Purpose.DESK, _Purpose.GOLD, _Purpose.NORMING, _Purpose.ADJUDICATION)
_GIVEN = (Score.Status.SCORED, Score.Status.NOT_APPLICABLE)
_PURPOSES: Mapping[str, Sequence[str]] = {
    _Kind.PERSON: _BY_PEOPLE,
    _Kind.EXTERNAL: (_Purpose.IMPORT,),
    _Kind.AUTHOR: (_Purpose.IMPORT,),
    _Kind.CONSTRUCTION: (_Purpose.CONSTRUCTION,),
    _Kind.JUDGE: (_Purpose.JUDGE,),
}


@dataclass(frozen=True, slots=True)
class NewEvidence:
    """A quote as evidence. Without offsets that the text bears out it is looked for: in `span`,
    or in all spans that the criterion reads where that is empty. Where it can't be found it is
    kept as a quote alone (DECISIONS 13)."""

    quote: str
    span: str = ""
    start: int | None = None
    end: int | None = None


@dataclass(frozen=True, slots=True)
class NewScore:
    """One criterion's score by its uid. `value` is there exactly when `status` is scored."""

    uid: str
    value: float | None = None
    status: str = Score.Status.SCORED
    rationale: str = ""
    reason: str = ""
    evidence: Sequence[NewEvidence] = ()
    expected: float | None = None
    judge_call_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class NewRating:
    """One rater's pass over one target, as it is to be written."""

    target: Target
    spec: Spec
    rater: Rater
    purpose: str
    scores: Sequence[NewScore]
    pass_number: int = 1
    active_seconds: float | None = None

    @property
    def key(self) -> "_Key":
        return (self.target.pk, self.spec.pk, self.rater.pk, self.purpose, self.pass_number)


@dataclass(frozen=True, slots=True)
class Submitted:
    """`rating` was written now, or, where `created` is False, is the current one that this
    rater had handed in already; nothing of it changed."""

    rating: Rating
    created: bool


_Key = tuple[UUID, UUID, UUID, str, int]


@dataclass(frozen=True, slots=True)
class _Written:
    new: NewRating
    row: Rating


@dataclass(slots=True)
class _Rubric:
    """A spec read once for many ratings."""

    spec: RubricSpec
    criteria: dict[str, CriterionSpec] = field(default_factory=dict)
    hashes: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.criteria = {criterion.uid: criterion for criterion in self.spec.criteria}
        self.hashes = {uid: criterion_hash(c) for uid, c in self.criteria.items()}


def submit_rating(
    *,
    target: Target,
    spec: Spec,
    rater: Rater,
    purpose: str,
    scores: Sequence[NewScore],
    pass_number: int = 1,
    active_seconds: float | None = None,
) -> Submitted:
    """Write one rating with its scores and evidence. Raises Refused with what is wrong in words."""
    new = NewRating(target, spec, rater, purpose, scores, pass_number, active_seconds)
    return submit_ratings([new])[0]


def submit_ratings(new: Sequence[NewRating]) -> list[Submitted]:
    """Write many ratings in one transaction, in the order given, with a constant number of
    queries. One that is not valid refuses them all."""
    rubrics = {rating.spec.pk: _Rubric(from_json(rating.spec.content)) for rating in new}
    _require_published(new)
    for rating in new:
        _check(rating, rubrics[rating.spec.pk])
    with transaction.atomic():
        written = _insert(new)
        _insert_scores(written.values(), rubrics)
        for made in written.values():
            if made.new.rater.user is not None:
                audit.record("rating.submitted", actor=made.new.rater.user, object=made.row)
        there = _current(new, written)
    rows = there | {key: made.row for key, made in written.items()}
    # Of two with the same key in one batch, the first was written.
    return [
        Submitted(rows[rating.key], created=written.pop(rating.key, None) is not None)
        for rating in new
    ]


def next_pass(*, target: Target, spec: Spec, rater: Rater, purpose: str) -> int:
    """The number of this rater's next pass. An item of two queues is rated in two passes."""
    earlier = Rating.objects.filter(
        target=target, spec=spec, rater=rater, purpose=purpose, withdrawn_at=None
    )
    last = earlier.order_by("-pass_number").values_list("pass_number", flat=True).first()
    return (last or 0) + 1


def withdraw_rating(*, rating: Rating, actor: User) -> bool:
    """Undo a rating: it stays, but counts no more, and the rater may hand in another one.
    False where it was withdrawn before."""
    with transaction.atomic():
        now = timezone.now()
        rows = Rating.objects.filter(pk=rating.pk, withdrawn_at=None).update(withdrawn_at=now)
        if rows:
            audit.record("rating.withdrawn", actor=actor, object=rating)
    return bool(rows)


def rater_for_person(*, project: Project, user: User) -> Rater:
    return Rater.objects.get_or_create(project=project, kind=_Kind.PERSON, user=user)[0]


def rater_for_judge(*, judge: Judge) -> Rater:
    return Rater.objects.get_or_create(project_id=judge.project_id, kind=_Kind.JUDGE, judge=judge)[
        0
    ]


def external_rater(*, project: Project, label: str) -> Rater:
    """The raters of an imported data set, who are no people of this project."""
    return Rater.objects.get_or_create(project=project, kind=_Kind.EXTERNAL, label=label)[0]


def author_rater(*, project: Project, label: str) -> Rater:
    """An author of a written corpus, who is no person of this project."""
    return Rater.objects.get_or_create(project=project, kind=_Kind.AUTHOR, label=label)[0]


def construction_rater(*, project: Project, label: str) -> Rater:
    """The grades that synthetic turns have because they were made so."""
    return Rater.objects.get_or_create(project=project, kind=_Kind.CONSTRUCTION, label=label)[0]


def _require_published(new: Iterable[NewRating]) -> None:
    """People rate published versions only (DECISIONS 1)."""
    specs = {rating.spec.pk for rating in new if rating.rater.kind == _Kind.PERSON}
    if not specs:
        return
    published = RubricVersion.objects.filter(
        spec_id__in=specs, published_at__isnull=False
    ).values_list("spec_id", flat=True)
    if specs - set(published):
        raise Refused("People rate published rubric versions only.", code="not_published")


def _check(new: NewRating, rubric: _Rubric) -> None:
    if new.purpose not in _PURPOSES[new.rater.kind]:
        raise Refused("This kind of rater can’t rate for that purpose.", code="purpose")
    if (new.target.kind == Target.Kind.DIALOGUE) != (rubric.spec.target == "dialogue"):
        kind = "whole dialogues" if rubric.spec.target == "dialogue" else "single replies"
        raise Refused(f"“{rubric.spec.title}” rates {kind}.", code="target_kind")
    seen: set[str] = set()
    for score in new.scores:
        criterion = rubric.criteria.get(score.uid)
        if criterion is None or score.uid in seen:
            raise Refused(f"“{rubric.spec.title}” has no such criterion.", code="criterion")
        seen.add(score.uid)
        _check_score(score, criterion, new)
    if not new.scores:
        raise Refused("A rating needs a score.", code="no_score")
    missing = [c.name for c in rubric.spec.judge_criteria if c.uid not in seen]
    if missing and new.purpose in _BY_PEOPLE:
        raise Refused(f"Not rated yet: {', '.join(missing)}.", code="incomplete")


def _check_score(score: NewScore, criterion: CriterionSpec, new: NewRating) -> None:
    if new.rater.kind == _Kind.PERSON:
        if criterion.kind == "check":
            raise Refused(f"{criterion.name} is a check. People don’t rate checks.", code="check")
        if score.status not in _GIVEN and not _keeps_a_difference(score, new):
            raise Refused(f"{criterion.name} has no score.", code="status")
    if score.status not in Score.Status.values:
        raise Refused(f"{criterion.name} has an unknown status.", code="status")
    if (score.status == Score.Status.SCORED) != (score.value is not None):
        raise Refused(
            f"{criterion.name} needs a value if it is scored, and no value otherwise.", code="value"
        )
    levels = criterion.level_values
    if score.value is not None and score.value not in levels:
        known = ", ".join(map(str, levels))
        raise Refused(f"{criterion.name} must have one of these levels: {known}.", code="level")
    if score.expected is not None and not levels[0] <= score.expected <= levels[-1]:
        raise Refused(f"{criterion.name} has an expected value outside its scale.", code="expected")
    if any(passage.span not in ("", *SPAN_NAMES) for passage in score.evidence):
        raise Refused(f"{criterion.name} has evidence in an unknown span.", code="span")


def _keeps_a_difference(score: NewScore, new: NewRating) -> bool:
    """An adjudicator may leave a criterion without a level, with the reason: all levels stand."""
    is_unscored = score.status == Score.Status.NOT_SCORED and bool(score.reason)
    return is_unscored and new.purpose == _Purpose.ADJUDICATION


def _insert(new: Sequence[NewRating]) -> dict[_Key, _Written]:
    """Insert those that no current rating stands for yet; returns them by key."""
    now = timezone.now()
    first: dict[_Key, NewRating] = {}
    # In one order for all, so that two writers can't wait for each other.
    for rating in sorted(new, key=lambda rating: rating.key):
        first.setdefault(rating.key, rating)
    rows = {
        key: Rating(
            project_id=rating.target.project_id,
            target=rating.target,
            spec=rating.spec,
            rater=rating.rater,
            purpose=rating.purpose,
            pass_number=rating.pass_number,
            active_seconds=rating.active_seconds,
            submitted_at=now,
        )
        for key, rating in first.items()
    }
    Rating.objects.bulk_create(rows.values(), ignore_conflicts=True)
    ids = [row.pk for row in rows.values()]
    kept = set(Rating.objects.filter(pk__in=ids).values_list("pk", flat=True))
    return {key: _Written(first[key], row) for key, row in rows.items() if row.pk in kept}


def _current(new: Sequence[NewRating], written: Mapping[_Key, _Written]) -> dict[_Key, Rating]:
    """The current ratings that stood in the way."""
    there = [rating for rating in new if rating.key not in written]
    if not there:
        return {}
    rows = Rating.objects.filter(
        withdrawn_at=None,
        target_id__in={rating.target.pk for rating in there},
        spec_id__in={rating.spec.pk for rating in there},
        rater_id__in={rating.rater.pk for rating in there},
    )
    return {
        (row.target_id, row.spec_id, row.rater_id, row.purpose, row.pass_number): row
        for row in rows
    }


def _insert_scores(written: Iterable[_Written], rubrics: Mapping[UUID, _Rubric]) -> None:
    scores: list[Score] = []
    marked: list[tuple[Score, NewScore, _Written]] = []
    for made in written:
        rubric = rubrics[made.new.spec.pk]
        for new in made.new.scores:
            score = Score(
                project_id=made.row.project_id,
                rating=made.row,
                criterion_uid=new.uid,
                meaning_id=rubric.criteria[new.uid].meaning_id,
                criterion_hash=rubric.hashes[new.uid],
                status=new.status,
                value=new.value,
                expected=new.expected,
                rationale=new.rationale,
                reason=new.reason,
                judge_call_id=new.judge_call_id,
            )
            scores.append(score)
            if new.evidence:
                marked.append((score, new, made))
    Score.objects.bulk_create(scores)
    if not marked:
        return
    texts = span_texts_of([made.new.target for _, _, made in marked])
    Evidence.objects.bulk_create(
        _evidence(
            score,
            passage,
            rubrics[made.new.spec.pk].criteria[new.uid],
            texts[made.new.target.pk],
        )
        for score, new, made in marked
        for passage in new.evidence
        if canon(passage.quote)
    )


def _evidence(
    score: Score, passage: NewEvidence, criterion: CriterionSpec, texts: Mapping[str, str]
) -> Evidence:
    span, start, end = _place(passage, criterion, texts)
    quote = canon(passage.quote) if start is None else texts[span][start:end]
    return Evidence(
        project_id=score.project_id, score=score, span=span, start=start, end=end, quote=quote
    )


def _place(
    passage: NewEvidence, criterion: CriterionSpec, texts: Mapping[str, str]
) -> tuple[str, int | None, int | None]:
    """(span, start, end) in code points; without offsets where the text lacks the quote."""
    spans = [passage.span] if passage.span else _spans_read(criterion)
    if passage.span and passage.start is not None and passage.end is not None:
        text = texts.get(passage.span, "")
        if passage.start >= 0 and text[passage.start : passage.end] == passage.quote:
            return passage.span, passage.start, passage.end
    quote = canon(passage.quote)
    for span in spans:
        start = texts.get(span, "").find(quote)
        if start >= 0:
            return span, start, start + len(quote)
    return spans[0], None, None


def _spans_read(criterion: CriterionSpec) -> list[str]:
    """Where a criterion's evidence may stand, the response first."""
    read = SPAN_NAMES if "whole" in criterion.spans or not criterion.spans else criterion.spans
    return sorted(read, key=lambda span: span != "response")
