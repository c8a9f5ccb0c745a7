"""Reads about endpoints."""

from dataclasses import dataclass
from uuid import UUID

from django.db.models import OuterRef, Q, QuerySet, Subquery

from webapp.accounts.models import Project
from webapp.llm import services
from webapp.llm.models import Endpoint, ModelCall
from webapp.llm.secrets import KeyLost


@dataclass(frozen=True)
class EndpointRow:
    """An endpoint as lists show it; `key` is none, set or lost."""

    endpoint: Endpoint
    key: str
    last_test: ModelCall | None


def endpoints_of(project: Project) -> QuerySet[Endpoint]:
    """Endpoints that can be chosen, by name."""
    return Endpoint.objects.filter(project=project, archived_at=None).order_by("name")


def rows_of(project: Project) -> list[EndpointRow]:
    latest = (
        ModelCall.objects.filter(endpoint=OuterRef("pk"), purpose=ModelCall.Purpose.TEST)
        .order_by("-pk")
        .values("pk")[:1]
    )
    endpoints = list(endpoints_of(project).annotate(last_test_id=Subquery(latest)))
    tests = ModelCall.objects.in_bulk([row.last_test_id for row in endpoints if row.last_test_id])
    return [
        EndpointRow(endpoint, key_state(endpoint), tests.get(endpoint.last_test_id))
        for endpoint in endpoints
    ]


def key_state(endpoint: Endpoint) -> str:
    try:
        return "none" if services.read_key(endpoint) is None else "set"
    except KeyLost:
        return "lost"


def test_call(endpoint: Endpoint, call_id: UUID) -> ModelCall | None:
    """What came of a test, once a worker has made it."""
    is_test = Q(endpoint=endpoint, purpose=ModelCall.Purpose.TEST)
    return ModelCall.objects.filter(is_test, pk=call_id).first()
