"""Reads about judges: their versions, what they pin, and whether that still holds."""

from collections.abc import Iterable, Sequence
from typing import Any

from django.db.models import QuerySet

from rubrics.core.spec import CriterionSpec, criterion_hash, from_json
from rubrics.judging.prompts import PROMPT_FORMAT
from rubrics.judging.vetoes.found import VERSION as VETOES_VERSION
from rubrics.models import Judge, RubricVersion
from webapp.accounts.models import Project
from webapp.errors import Refused
from webapp.llm.models import Endpoint


def judges_of(project: Project) -> QuerySet[Judge]:
    """Every version of every judge, by name and newest first."""
    return (
        Judge.objects.filter(project=project)
        .select_related("endpoint", "artefact", "created_by")
        .order_by("name", "-version")
    )


def unfitted_criterion(version: RubricVersion, judge: Judge) -> CriterionSpec | None:
    """A criterion of a published version that a learned judge can't score; None where it scores
    all of them, as a language model does."""
    if judge.kind != Judge.Kind.LEARNED or version.spec is None:
        return None
    return next(
        (
            criterion
            for criterion in from_json(version.spec.content).judge_criteria
            if judge.fitted_on.get(criterion.uid) != criterion_hash(criterion)
        ),
        None,
    )


def pins_of(endpoint: Endpoint | None) -> dict[str, Any]:
    """What a version pins beside its parameters: the vetoes that cap its scores and, where it asks
    an endpoint, the address and the model that are asked and the form in which the studio asks."""
    if endpoint is None:
        return {"vetoes": VETOES_VERSION}
    return {
        "base_url": endpoint.base_url,
        "model": endpoint.model,
        "prompt_format": PROMPT_FORMAT,
        "vetoes": VETOES_VERSION,
    }


def what_changed(judge: Judge) -> str:
    """Why a version can't be asked any more, in a sentence; empty where it can."""
    if judge.kind == Judge.Kind.LLM and judge.endpoint is None:
        return ""
    pinned, changed = judge.provenance, _changed_pins(judge)
    if not changed:
        return ""
    if changed == {"vetoes"}:
        return f"{judge} was made before the present rules against bad replies."
    if judge.endpoint is None or not changed & {"base_url", "model"}:
        return f"{judge} was made for an earlier form of the question to the model."
    return (
        f"{judge} was made for the model “{pinned.get('model', '')}” at "
        f"{pinned.get('base_url', '')}. Its endpoint “{judge.endpoint.name}” is now the model "
        f"“{judge.endpoint.model}” at {judge.endpoint.base_url}."
    )


def _changed_pins(judge: Judge) -> set[str]:
    present = pins_of(judge.endpoint)
    return {name for name, value in present.items() if judge.provenance.get(name) != value}


def require_unchanged(judge: Judge) -> None:
    """Raises Refused where the endpoint of a judge, or a veto, is no longer what this version pins:
    its scores would not be those of the version."""
    if reason := what_changed(judge):
        raise Refused(
            f"{reason} Create the next version on the page Judging and start a new run with it.",
            code="judge_changed",
        )


def has_no_endpoint(judge: Judge) -> bool:
    """Whether a judge has nobody left to ask."""
    return judge.kind == Judge.Kind.LLM and (
        judge.endpoint is None or judge.endpoint.archived_at is not None
    )


def short_reason(judge: Judge) -> str:
    """Why no new run can use a judge, in a few words; empty for one that can be used."""
    if has_no_endpoint(judge):
        return "its endpoint has been removed"
    if what_changed(judge):
        if _changed_pins(judge) == {"vetoes"}:
            return "the rules that stop bad replies have changed"
        return "its endpoint or the prompt format has changed"
    return ""


def require_usable(judge: Judge) -> None:
    """Raises Refused for a judge that no new run can use."""
    if has_no_endpoint(judge):
        raise Refused(f"The endpoint of {judge} has been removed.", code="no_endpoint")
    require_unchanged(judge)


def can_score(version: RubricVersion, judge: Judge) -> bool:
    """Whether a new run can have the judge score every criterion of a published version."""
    return not short_reason(judge) and unfitted_criterion(version, judge) is None


def first_that_score(
    versions: Iterable[RubricVersion], judges: Sequence[Judge]
) -> tuple[RubricVersion, Judge] | None:
    """A version with a judge that can score it, for forms to begin with: by the first judge that
    can score any."""
    rows = list(versions)
    pairs = ((version, judge) for judge in judges for version in rows if can_score(version, judge))
    return next(pairs, None)


def first_usable(judges: Iterable[Judge], *, version: RubricVersion | None = None) -> Judge | None:
    """The judge that a form preselects: the first that can be used, and score the version where
    one is named."""
    for judge in judges:
        if not short_reason(judge) and (version is None or not unfitted_criterion(version, judge)):
            return judge
    return None


def newest_of(project: Project) -> QuerySet[Judge]:
    """The newest version of each judge."""
    return judges_of(project).distinct("name")


def can_be_renewed(judge: Judge) -> bool:
    """Whether a next version would be the same judge as it is now."""
    return not has_no_endpoint(judge) and bool(what_changed(judge))
