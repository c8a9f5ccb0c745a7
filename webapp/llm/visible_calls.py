"""The calls that a person may see. Who is blind to a text is blind to the calls about it, and what
calls are about is known above: `annotation` registers the rule in AppConfig.ready."""

from collections.abc import Callable

from django.db.models import QuerySet

from webapp.accounts.access import Member
from webapp.llm.models import ModelCall

Rule = Callable[[Member], QuerySet[ModelCall]]
_rules: list[Rule] = []


def register(rule: Rule) -> None:
    _rules.append(rule)


def calls_for(member: Member) -> QuerySet[ModelCall]:
    [rule] = _rules
    return rule(member)
