"""How pages tell that a judge can't be asked any more, and offer its next version."""

from collections.abc import Iterable
from typing import Any

from django import template

from rubrics.judges.queries import (
    can_be_renewed,
    has_no_endpoint,
    newest_of,
    short_reason,
    what_changed,
)
from rubrics.models import Judge
from webapp.accounts.access import Member

register = template.Library()


@register.inclusion_tag("judging/_renew.html")
def renew_judges(member: Member, asked: Iterable[Judge] | Judge | None = None) -> dict[str, Any]:
    """A notice for each of these judges that has changed, with a button that creates the
    next version, and a line for each whose endpoint has been removed; without any, for the newest
    version of every judge of the project. A run's page names its own, and says in the run's error
    what has changed."""
    if isinstance(asked, Judge):
        asked = [asked]
    judges = list(newest_of(member.project) if asked is None else asked)
    changed = [
        (
            judge,
            what_changed(judge) if asked is None else _as_sentence(short_reason(judge)),
        )
        for judge in judges
        if can_be_renewed(judge)
    ]
    alone = [judge for judge in judges if has_no_endpoint(judge)]
    return {"member": member, "changed": changed, "alone": alone}


def _as_sentence(words: str) -> str:
    return f"{words[0].upper()}{words[1:]}."
