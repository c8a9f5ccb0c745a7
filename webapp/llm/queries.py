"""Reads about endpoints."""

from dataclasses import dataclass
from datetime import timedelta

from django.db.models import OuterRef, QuerySet, Subquery
from django.utils import timezone

from webapp.accounts.access import Member
from webapp.accounts.models import Project
from webapp.llm import services
from webapp.llm.models import Endpoint, EndpointTest, ModelCall
from webapp.llm.secrets import KeyLost
from webapp.llm.visible_calls import calls_for

LATEST = 10
# Of one test: a question for each capability, and again without each field that is refused.
MOST_REQUESTS = 13

# What a test finds out, in the order in which pages show it, and what it is good for.
CAPABILITIES = {
    "models": ("Lists this model", "The server knows the model by this name."),
    "schema": ("JSON schema", "Scores come in a fixed format. Without it, judges ask in words."),
    "choice": (
        "Choice among texts",
        "A judge picks one level. Without it, it asks in words.",
    ),
    "logprobs": ("Log probabilities", "Shows how sure the model is of a choice."),
    "seed": ("Seed", "The same seed gives the same words again."),
}


# What is different where a server refuses a field of a request.
ADAPTED = {
    "max_tokens": "The limit of tokens has a newer name.",
    "seed": "The same seed may give other words.",
    "temperature": "The server chooses its own temperature.",
    "top_p": "The server chooses its own top_p.",
    "logprobs": "The server does not tell how sure the model is of a choice.",
    "top_logprobs": "The server does not tell how sure the model is of a choice.",
}


@dataclass(frozen=True)
class EndpointRow:
    """An endpoint as lists show it; `key` is none, set or lost."""

    endpoint: Endpoint
    key: str
    last_test: EndpointTest | None


@dataclass(frozen=True)
class CapabilityRow:
    """What a test found of one capability. `support` is yes, no, ignored or unknown."""

    label: str
    use: str
    support: str
    said: str

    @property
    def support_label(self) -> str:
        return EndpointTest.Support(self.support).label


@dataclass(frozen=True)
class AdaptationRow:
    """A field of a request that the server refuses: sent as `instead`, or not at all."""

    field: str
    instead: str
    said: str

    @property
    def meaning(self) -> str:
        """What that changes for people."""
        return ADAPTED[self.field]


def endpoints_of(project: Project) -> QuerySet[Endpoint]:
    """Endpoints that can be chosen, by name."""
    return Endpoint.objects.filter(project=project, archived_at=None).order_by("name")


def rows_of(project: Project) -> list[EndpointRow]:
    latest = (
        EndpointTest.objects.filter(endpoint=OuterRef("pk"), ended_at__isnull=False)
        .order_by("-pk")
        .values("pk")[:1]
    )
    endpoints = list(endpoints_of(project).annotate(last_test_id=Subquery(latest)))
    tests = EndpointTest.objects.in_bulk([e.last_test_id for e in endpoints if e.last_test_id])
    return [
        EndpointRow(endpoint, key_state(endpoint), tests.get(endpoint.last_test_id))
        for endpoint in endpoints
    ]


def key_state(endpoint: Endpoint) -> str:
    try:
        return "none" if services.read_key(endpoint) is None else "set"
    except KeyLost:
        return "lost"


def last_test(endpoint: Endpoint) -> EndpointTest | None:
    return endpoint.tests.order_by("-pk").first()


def is_given_up(test: EndpointTest) -> bool:
    """Whether nothing will come of it any more: no worker took it, or the one that did is gone."""
    longest = timedelta(seconds=services.TEST_EXPIRES_S + MOST_REQUESTS * test.endpoint.timeout_s)
    return test.ended_at is None and timezone.now() - test.asked_at > longest


def capability_rows(test: EndpointTest) -> list[CapabilityRow]:
    return [
        CapabilityRow(label, use, **test.capabilities[name])
        for name, (label, use) in CAPABILITIES.items()
        if name in test.capabilities
    ]


def adaptation_rows(endpoint: Endpoint) -> list[AdaptationRow]:
    return [
        AdaptationRow(field, known["instead"], known["said"])
        for field, known in sorted(endpoint.adaptations.items())
    ]


def latest_calls(endpoint: Endpoint, member: Member) -> QuerySet[ModelCall]:
    return calls_for(member).filter(endpoint=endpoint).order_by("-pk")[:LATEST]
