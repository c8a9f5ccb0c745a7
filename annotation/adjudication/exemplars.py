"""A settled item becomes an exemplar of its level in a draft of the rubric."""

from dataclasses import dataclass, replace

from django.db import transaction

from annotation.models import Decision, Target
from annotation.ratings.blindness import comparison_still_judging, queue_still_rating
from annotation.ratings.targets import context_of
from rubrics.core.spec import CriterionSpec, ExemplarSpec, RubricSpec, from_json, to_json
from rubrics.models import Rubric, RubricVersion
from rubrics.writing.services import draft_open, draft_save, lock_rubric
from webapp.accounts.access import Member
from webapp.audit import services as audit
from webapp.errors import Refused


@dataclass(frozen=True)
class OpenedDraft:
    """The draft, its criterion, and the level that the item shows in it, if it shows one."""

    version: RubricVersion
    criterion: CriterionSpec
    level: int | None


def decision_to_draft(*, decision: Decision, member: Member) -> OpenedDraft:
    """Put the item into the rubric's draft as an exemplar of the level that it was settled at. A
    draft is begun where there is none. Calling it again changes nothing.

    Where the decision set no level that the draft has, only the draft is opened. Raises Refused
    while a version is in review, where the draft lacks the criterion, and while somebody still
    has to rate the item: they would read its level in the rubric.
    """
    with transaction.atomic():
        version = _draft_of(_rubric_of(decision), member)
        spec = from_json(version.draft)
        uid = decision.score.criterion_uid
        criterion = next((c for c in spec.criteria if c.uid == uid), None)
        if criterion is None:
            raise Refused(
                f"Version {version.number} no longer has this criterion.", code="criterion_gone"
            )
        exemplar = _exemplar(decision, criterion)
        if exemplar is not None and exemplar not in criterion.exemplars:
            _require_nobody_rates(decision.score.rating.target)
            version = draft_save(
                version=version,
                actor=member.user,
                content=to_json(_with_exemplar(spec, uid, exemplar)),
                expected_revision=version.revision,
            )
            audit.record("decision.used_as_exemplar", actor=member.user, object=decision)
    return OpenedDraft(version, criterion, exemplar.level if exemplar else None)


def _require_nobody_rates(target: Target) -> None:
    queue = queue_still_rating(target)
    if queue is not None:
        raise Refused(
            f"Somebody in the queue {queue.name} has not rated this item yet and would read its "
            "level in the rubric. Use it as an exemplar when they have rated it or the queue is "
            "closed.",
            code="still_rated",
        )
    comparison = comparison_still_judging(target)
    if comparison is not None:
        raise Refused(
            f"Somebody in the comparison {comparison.name} has not judged this text yet and would "
            "read its level in the rubric. Use it as an exemplar when they have judged it or the "
            "comparison is closed.",
            code="still_rated",
        )


def _rubric_of(decision: Decision) -> Rubric:
    return decision.adjudication.item.queue.version.rubric


def _draft_of(rubric: Rubric, member: Member) -> RubricVersion:
    """The rubric's draft as it is now, or a new one."""
    lock_rubric(rubric)
    drafts = RubricVersion.objects.filter(rubric=rubric, status=RubricVersion.Status.DRAFT)
    return drafts.first() or draft_open(rubric=rubric, actor=member.user)


def _exemplar(decision: Decision, criterion: CriterionSpec) -> ExemplarSpec | None:
    value = decision.score.value
    if value is None or int(value) not in criterion.level_values:
        return None
    text, before = _words(decision.score.rating.target)
    return ExemplarSpec(text=text, level=int(value), context=before)


def _words(target: Target) -> tuple[str, str]:
    """What was rated, and the words before it."""
    context = context_of(target)
    history = context["history"]
    if target.kind == Target.Kind.DIALOGUE:
        said = [f"{turn['role'].capitalize()}: {turn['text']}" for turn in history]
        return "\n".join(said), ""
    candidate = context["candidate"]
    before = history[-1]["text"] if history else ""
    return candidate["response"] or candidate["raw"], before


def _with_exemplar(spec: RubricSpec, uid: str, exemplar: ExemplarSpec) -> RubricSpec:
    criteria = [
        replace(c, exemplars=(*c.exemplars, exemplar)) if c.uid == uid else c for c in spec.criteria
    ]
    return replace(spec, criteria=tuple(criteria))
