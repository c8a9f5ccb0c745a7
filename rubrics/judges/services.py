"""Judges: a change of one is its next version."""

import dataclasses
import hashlib
import math
from collections.abc import Mapping
from typing import Any, get_args

import rfc8785
from django.db import transaction
from django.db.models import Max

from rubrics.judging.llm import LLMParameters
from rubrics.judging.prompts import Mode
from rubrics.models import Judge
from webapp.accounts.access import require_open
from webapp.accounts.models import Project, User
from webapp.audit import services as audit
from webapp.errors import Refused
from webapp.files.models import StoredFile
from webapp.llm.models import Endpoint

MAX_NAME = 80
MAX_TOKENS = 32_000


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
    if endpoint.project_id != project.pk or endpoint.archived_at is not None:
        raise Refused("Choose an endpoint of this project.", code="endpoint")
    settled = dataclasses.asdict(_read_parameters(parameters or {}))
    # The row of an endpoint may change later: what it is now is part of what this judge is.
    identity = {
        "endpoint": str(endpoint.pk),
        "base_url": endpoint.base_url,
        "model": endpoint.model,
        "parameters": settled,
    }
    return _create(
        project=project,
        actor=actor,
        name=name,
        kind=Judge.Kind.LLM,
        identity=identity,
        endpoint=endpoint,
        parameters=settled,
        provenance={"base_url": endpoint.base_url, "model": endpoint.model},
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
        provenance=dict(provenance),
    )


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
    name = name.strip()
    if not name or len(name) > MAX_NAME:
        raise Refused(f"A judge needs a name of at most {MAX_NAME} characters.", code="name")
    with transaction.atomic():
        # One at a time in a project, so that two new judges never want the same version.
        Project.objects.select_for_update(no_key=True).get(pk=project.pk)
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


def _read_parameters(given: Mapping[str, Any]) -> LLMParameters:
    known = {field.name for field in dataclasses.fields(LLMParameters)}
    if unknown := sorted(set(given) - known):
        raise Refused(f"A judge has no setting {unknown[0]}.", code="parameters")
    p = LLMParameters(**given)
    if p.mode not in get_args(Mode):
        raise Refused("Choose one call for each criterion or one for all.", code="parameters")
    if not _is_number(p.temperature) or not 0 <= p.temperature <= 2:
        raise Refused("The temperature lies between 0 and 2.", code="parameters")
    if not _is_whole(p.max_tokens) or not 1 <= p.max_tokens <= MAX_TOKENS:
        raise Refused(f"Tokens a criterion lie between 1 and {MAX_TOKENS:,}.", code="parameters")
    if not _is_whole(p.seed) or not 0 <= p.seed < 2**31:
        raise Refused("The seed is a whole number from 0.", code="parameters")
    return p


def _is_whole(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _is_number(value: Any) -> bool:
    return _is_whole(value) or (isinstance(value, float) and math.isfinite(value))
