"""Ask for proposals, and decide about them. A proposal changes nothing before it is accepted."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from django.db import transaction
from django.utils import timezone

from annotation.models import Suggestion, SuggestionRun, SuggestionSource
from annotation.suggestions.queries import disagreements
from rubrics.core.spec import CriterionSpec, LevelSpec, RubricSpec, from_json, to_json
from rubrics.models import RubricVersion
from rubrics.queries import text_of
from rubrics.versions.services import freeze_spec
from rubrics.writing.services import draft_save, lock_version
from webapp.accounts.access import Member, require_open
from webapp.accounts.models import User
from webapp.audit import services as audit
from webapp.errors import Refused
from webapp.ids import new_id
from webapp.llm.models import Endpoint
from webapp.runs import live
from webapp.runs import services as runs
from webapp.runs.models import Status

State = Suggestion.State


def suggest_start(
    *, version: RubricVersion, member: Member, key: str, endpoint: Endpoint
) -> SuggestionRun:
    """Show a model the texts whose raters differ. The same `key` is the same run.

    Raises Refused where nobody differs, and while the draft's last run is under way.
    """
    project = member.project
    require_open(project)
    with transaction.atomic():
        known = runs.started_before(SuggestionRun, project=project, key=key)
        if known is not None:
            return known
        locked = lock_version(version)
        if locked.status != RubricVersion.Status.DRAFT:
            raise Refused("Proposals need a draft.", code="not_a_draft")
        under_way = SuggestionRun.objects.filter(
            version=locked, status__in=[Status.PENDING, Status.RUNNING]
        )
        if under_way.exists():
            raise Refused("A model is already working on this draft.", code="under_way")
        apart = disagreements(locked, member)
        if not apart:
            raise Refused(
                "Raters have not given different levels to any text yet, so there is nothing to "
                "learn from.",
                code="no_disagreement",
            )
        run = runs.start(
            SuggestionRun,
            project=project,
            actor=member.user,
            key=key,
            version=locked,
            spec=freeze_spec(project=project, content=text_of(locked)),
            endpoint=endpoint,
        )
        SuggestionSource.objects.bulk_create(
            SuggestionSource(
                project=project,
                run=run,
                position=position,
                target_id=row.target_id,
                criterion_uid=row.criterion.uid,
                people=[value for value, _ in row.people],
                others=[value for value, _ in row.others],
            )
            for position, row in enumerate(apart)
        )
    return run


def suggestion_accept(
    *,
    suggestion: Suggestion,
    actor: User,
    expected_revision: int,
    edited: object | None = None,
) -> Suggestion:
    """Take a proposal over into the draft, as it is or as the person `edited` it.

    `edited` has the form of the proposal's content. Raises Stale where somebody saved the draft
    in between, Refused for a proposal that was decided on, or whose place the draft lacks.
    """
    with transaction.atomic():
        locked = _open_one(suggestion)
        content = locked.content if edited is None else _one_spelling(edited)
        if not _has_form_of(content, locked.content):
            raise _not_its_form()
        version = locked.version
        changed = _applied(from_json(version.draft), locked, content)  # type: ignore[arg-type]
        draft_save(
            version=version,
            actor=actor,
            content=to_json(changed),
            expected_revision=expected_revision,
        )
        is_edited = content != locked.content
        locked.edited = content if is_edited else None
        _decide(locked, actor, State.EDITED if is_edited else State.ACCEPTED)
    return locked


def suggestion_reject(*, suggestion: Suggestion, actor: User) -> Suggestion:
    with transaction.atomic():
        locked = _open_one(suggestion)
        _decide(locked, actor, State.REJECTED)
    return locked


def _open_one(suggestion: Suggestion) -> Suggestion:
    """The proposal, locked. Raises Refused to the second of two who decide."""
    locked: Suggestion = Suggestion.objects.select_for_update(of=("self",)).get(pk=suggestion.pk)
    require_open(locked.version.project)
    if locked.state != State.OPEN:
        word = locked.get_state_display().lower()  # type: ignore[attr-defined]
        raise Refused(f"{locked.decided_by} has already decided: {word}.", code="decided")
    return locked


def _decide(suggestion: Suggestion, actor: User, state: str) -> None:
    suggestion.state = state
    suggestion.decided_by = actor
    suggestion.decided_at = timezone.now()
    suggestion.save(update_fields=["state", "edited", "decided_by", "decided_at"])
    audit.record(f"suggestion.{state}", actor=actor, object=suggestion)
    live.publish(suggestion.run.topic)


def _has_form_of(content: object, proposal: object) -> bool:
    """Whether only words differ: the same fields, the same levels."""
    if isinstance(proposal, dict):
        return (
            isinstance(content, dict)
            and content.keys() == proposal.keys()
            and all(_has_form_of(content[name], part) for name, part in proposal.items())
        )
    if isinstance(proposal, list):
        return (
            isinstance(content, list)
            and len(content) == len(proposal)
            and all(map(_has_form_of, content, proposal))
        )
    if isinstance(proposal, str):
        return isinstance(content, str) and bool(content.strip())
    return type(content) is type(proposal) and content == proposal


def _one_spelling(content: object) -> object:
    """Texts without white space around them, with line ends as LF; browsers send CR LF."""
    if isinstance(content, dict):
        return {name: _one_spelling(part) for name, part in content.items()}
    if isinstance(content, list):
        return [_one_spelling(part) for part in content]
    return content.replace("\r\n", "\n").strip() if isinstance(content, str) else content


def _not_its_form() -> Refused:
    refusal = Refused(
        "Keep the proposal’s fields and levels, and fill in a text for each.",
        code="bad_content",
    )
    refusal.status = 400
    return refusal


def _applied(spec: RubricSpec, suggestion: Suggestion, content: Mapping[str, Any]) -> RubricSpec:
    """The draft with the proposal in its place."""
    if suggestion.kind == Suggestion.Kind.CRITERION:
        return replace(spec, criteria=(*spec.criteria, _new_criterion(suggestion.uid, content)))
    there = next((c for c in spec.criteria if c.uid == suggestion.uid), None)
    if there is None or suggestion.level not in {level.value for level in there.levels}:
        raise Refused(
            "The draft no longer has the level that this proposal changes. Reject the proposal, or "
            "add the level again.",
            code="place_gone",
        )
    levels = tuple(
        replace(level, anchor=str(content["anchor"])) if level.value == suggestion.level else level
        for level in there.levels
    )
    sharper = replace(there, levels=levels)
    return replace(
        spec, criteria=tuple(sharper if c.uid == there.uid else c for c in spec.criteria)
    )


def _new_criterion(uid: str, content: Mapping[str, Any]) -> CriterionSpec:
    return CriterionSpec(
        uid=uid,
        meaning_id=str(new_id()),
        name=str(content["name"]),
        description=str(content["description"]),
        levels=tuple(
            LevelSpec(int(level["value"]), str(level["label"]), str(level["anchor"]))
            for level in content["levels"]
        ),
    )
