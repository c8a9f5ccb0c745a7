"""The client of every model server: OpenAI's chat completions, without Django."""

from webapp.llm.client.adaptations import Adaptation
from webapp.llm.client.answers import Completion, choice_logprobs
from webapp.llm.client.circuit import Circuit, Pause
from webapp.llm.client.client import ModelClient, Usage
from webapp.llm.client.forms import Form, choice_forms, plain_form, schema_forms
from webapp.llm.errors import (
    BadAnswer,
    CircuitOpen,
    EndpointUnavailable,
    ModelError,
    NoAnswer,
    NoText,
    RateLimited,
    RequestRefused,
)

__all__ = [
    "Adaptation",
    "BadAnswer",
    "Circuit",
    "CircuitOpen",
    "Completion",
    "EndpointUnavailable",
    "Form",
    "ModelClient",
    "ModelError",
    "NoAnswer",
    "NoText",
    "Pause",
    "RateLimited",
    "RequestRefused",
    "Usage",
    "choice_forms",
    "choice_logprobs",
    "plain_form",
    "schema_forms",
]
