"""Judges: a change of one is its next version."""

import dataclasses
import hashlib
import math
from collections.abc import Mapping
from typing import Any

import rfc8785
from django.db import transaction
from django.db.models import Max

from rubrics.judges.limits import MAX_TOKENS, MODES, TEMPERATURE
from rubrics.judges.queries import newest_of, pins_of, what_changed
from rubrics.judging.llm import LLMParameters
from rubrics.models import Judge
from webapp.accounts.access import require_open
from webapp.accounts.models import Project, User
from webapp.audit import services as audit
from webapp.errors import Refused
from webapp.files.models import StoredFile
from webapp.limits import SEED, Bounds
from webapp.llm.models import Endpoint


def judge_create_llm(
    *,
    project: Project,
    actor: User,
    name: str,
    endpoint: Endpoint,
    parameters: Mapping[str, Any] | None = None,
) -> Judge:
    """The next version of a judge that asks `endpoint`. `parameters` are those of LLMParameters;
    what is left out takes its default, and all of them are kept."""
    settled = dataclasses.asdict(_read_parameters(parameters or {}))
    with transaction.atomic():
        _one_at_a_time(project)
        # The row of an endpoint may change later: what it is now is part of what this judge is.
        endpoint = _as_it_is_now(endpoint)
        if endpoint.project_id != project.pk or endpoint.archived_at is not None:
            raise Refused("Choose an endpoint of this project.", code="endpoint")
        pins = pins_of(endpoint)
        # The hash is of the judge itself: whoever is trained on it pleases it with any vetoes.
        asked = {name: value for name, value in pins.items() if name != "vetoes"}
        return _create(
            project=project,
            actor=actor,
            name=name,
            kind=Judge.Kind.LLM,
            identity={"endpoint": str(endpoint.pk), **asked, "parameters": settled},
            endpoint=endpoint,
            parameters=settled,
            provenance=pins,
        )


def judge_renew(*, judge: Judge, actor: User) -> Judge:
    """The next version of a judge, with the same settings: it asks its endpoint as that is now, or
    has learned the same, and its scores are capped by the vetoes that there are now. Called again,
    it returns the version that is there. Raises Refused for a judge of which nothing has changed,
    or whose endpoint was removed."""
    require_open(judge.project)
    with transaction.atomic():
        _one_at_a_time(judge.project)
        if judge.endpoint is not None:
            judge.endpoint = _as_it_is_now(judge.endpoint)
        newest = newest_of(judge.project).get(name=judge.name)
        is_done = _settings(newest) == _settings(judge) and not what_changed(newest)
        if is_done and newest.pk != judge.pk:
            return newest
        if not what_changed(judge):
            raise Refused(f"Nothing has changed since {judge} was created.", code="unchanged")
        if judge.artefact is not None:
            return judge_create_learned(
                project=judge.project,
                actor=actor,
                name=judge.name,
                artefact=judge.artefact,
                fitted_on=judge.fitted_on,
                provenance=judge.provenance,
            )
        if judge.endpoint is None:
            raise Refused(f"The endpoint of {judge} has been removed.", code="no_endpoint")
        return judge_create_llm(
            project=judge.project,
            actor=actor,
            name=judge.name,
            endpoint=judge.endpoint,
            parameters=judge.parameters,
        )


def judge_create_learned(
    *,
    project: Project,
    actor: User | None,
    name: str,
    artefact: StoredFile,
    fitted_on: Mapping[str, str],
    provenance: Mapping[str, Any],
) -> Judge:
    """The next version of a judge that was fitted: `fitted_on` is criterion hash by uid."""
    if artefact.project_id != project.pk:
        raise Refused("The artefact belongs to another project.", code="artefact")
    return _create(
        project=project,
        actor=actor,
        name=name,
        kind=Judge.Kind.LEARNED,
        identity={"artefact": artefact.sha256, "fitted_on": dict(fitted_on)},
        artefact=artefact,
        fitted_on=dict(fitted_on),
        provenance={**provenance, **pins_of(None)},
    )


def _settings(judge: Judge) -> tuple[Any, ...]:
    return (judge.endpoint_id, judge.artefact_id, judge.parameters)


def checked_name(name: str) -> str:
    """The name of a judge without white space around it. Raises Refused for none or a long one."""
    name = name.strip()
    if not 0 < len(name) <= Judge.MAX_NAME:
        raise Refused(f"A judge needs a name of at most {Judge.MAX_NAME} characters.", code="name")
    return name


def _create(
    *,
    project: Project,
    actor: User | None,
    name: str,
    kind: str,
    identity: dict[str, Any],
    **parts: Any,
) -> Judge:
    require_open(project)
    name = checked_name(name)
    with transaction.atomic():
        _one_at_a_time(project)
        named = Judge.objects.filter(project=project, name=name)
        judge = Judge.objects.create(
            project=project,
            name=name,
            version=(named.aggregate(last=Max("version"))["last"] or 0) + 1,
            kind=kind,
            hash=hashlib.sha256(rfc8785.dumps({"kind": kind, **identity})).hexdigest(),
            created_by=actor,
            **parts,
        )
        audit.record("judge.created", actor=actor, object=judge, version=judge.version, kind=kind)
    return judge


def _one_at_a_time(project: Project) -> None:
    """So that two new judges never want the same version."""
    Project.objects.select_for_update(no_key=True).get(pk=project.pk)


def _as_it_is_now(endpoint: Endpoint) -> Endpoint:
    """An endpoint that nobody changes before the present transaction ends."""
    return Endpoint.objects.select_for_update(no_key=True).get(pk=endpoint.pk)


def _read_parameters(given: Mapping[str, Any]) -> LLMParameters:
    known = {field.name for field in dataclasses.fields(LLMParameters)}
    if unknown := sorted(set(given) - known):
        raise Refused(f"A judge has no setting {unknown[0]}.", code="parameters")
    p = LLMParameters(**given)
    if p.mode not in MODES:
        raise Refused("Choose one call for each criterion or one for all.", code="parameters")
    _require(TEMPERATURE, p.temperature, int | float)
    _require(MAX_TOKENS, p.max_tokens, int)
    _require(SEED, p.seed, int)
    return p


def _require(bounds: Bounds, value: Any, kind: Any) -> None:
    """Parameters come as JSON: what is no number at all is refused as one outside."""
    is_number = isinstance(value, kind) and not isinstance(value, bool)
    bounds.require(value if is_number else math.nan)
