"""Audit entries in words. The API keeps the names that the code uses."""

import re
from collections.abc import Mapping
from typing import Any
from uuid import UUID

from webapp.accounts.models import Role

NOUNS = {
    "assignment": "Rating at the desk",
    "audit": "Audit log",
    "battery": "Battery",
    "collection": "Set",
    "evaluation": "Evaluation",
    "export": "Export",
    "fetch": "Model download",
    "fit": "Judge fit",
    "generation": "Generation",
    "impact": "Impact preview",
    "judgement": "Judgement of a pair",
    "judging": "Judge run",
    "playground": "Playground run",
    "token": "API token",
    "training": "Training run",
}
# Where the parts of a name do not read as words.
ACTIONS = {
    "evaluation.compared": "Evaluation: blind comparison created",
    "person.made_admin": "Person: made an administrator",
    "person.password_link": "Person: password link created",
    "person.unmade_admin": "Person: administrator rights removed",
    "queue.adjudicate_from_set": "Queue: limit for adjudication changed",
    "queue.raters_set": "Queue: raters changed",
}
OBJECTS = {
    "accounts.apitoken": "API token",
    "annotation.assignment": "Rating at the desk",
    "annotation.batteryrun": "Battery",
    "annotation.collection": "Set",
    "annotation.fitrun": "Judge fit",
    "annotation.pairjudgement": "Judgement of a pair",
}
ROLES = dict(Role.choices)
_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


def action_in_words(action: str) -> str:
    """“Rubric version: sent for review” for `rubric_version.sent_for_review`."""
    if action in ACTIONS:
        return ACTIONS[action]
    noun, _, verb = action.partition(".")
    return f"{NOUNS.get(noun, _sentence(_spaced(noun)))}: {_spaced(verb)}"


def object_in_words(kind: str, model_name: str = "") -> str:
    """“Rubric version” for `rubrics.rubricversion`; `model_name` is what its model is called, where
    there still is one."""
    return OBJECTS.get(kind) or _sentence(model_name or kind.rpartition(".")[2])


def details_in_words(details: Mapping[str, Any], names: Mapping[str, str]) -> list[tuple[str, str]]:
    """Each detail with its value as people read it. `names` are those of people, by their ids;
    other ids stay as they are."""
    return [(_spaced(name), _value(value, names)) for name, value in details.items()]


def ids_in(details: Mapping[str, Any]) -> set[UUID]:
    """The ids that details hold: of people, mostly."""
    found = [one for value in details.values() for one in _flat(value)]
    return {UUID(one) for one in found if isinstance(one, str) and _UUID.fullmatch(one)}


def _flat(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _value(value: Any, names: Mapping[str, str]) -> str:
    if isinstance(value, Mapping):
        return ", ".join(f"{_spaced(k)}: {_value(v, names)}" for k, v in value.items()) or "–"
    if isinstance(value, list):
        return ", ".join(_value(one, names) for one in value) or "–"
    if isinstance(value, bool):
        return "yes" if value else "no"
    text = "" if value is None else str(value)
    if _UUID.fullmatch(text):
        return names.get(text, text)
    return ROLES.get(text, text) or "–"


def _spaced(name: str) -> str:
    return name.replace("_", " ")


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:]
