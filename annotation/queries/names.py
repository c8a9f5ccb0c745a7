"""How raters are called. Only leads read the names of people; others read “Rater A”, the same
letter for the same person on every page of the project."""

from collections.abc import Iterable
from uuid import UUID

from annotation.models import Rater
from webapp.accounts.access import Member


def names_of(raters: Iterable[Rater], member: Member) -> dict[UUID, str]:
    """What this member reads in place of each rater, by the rater's id. The raters come with
    their `user` and `judge`."""
    letters = {} if member.is_lead else _letters_of_people(member)
    return {rater.pk: _name(rater, member, letters) for rater in raters}


def _name(rater: Rater, member: Member, letters: dict[UUID, str]) -> str:
    if rater.kind == Rater.Kind.CONSTRUCTION:
        return f"{rater}, by construction"
    if rater.pk not in letters:
        return str(rater)
    return "You" if rater.user_id == member.user.pk else f"Rater {letters[rater.pk]}"


def _letters_of_people(member: Member) -> dict[UUID, str]:
    people = Rater.objects.filter(project=member.project, kind=Rater.Kind.PERSON).order_by("pk")
    ids = people.values_list("pk", flat=True)
    return {pk: _letters(place) for place, pk in enumerate(ids)}


def _letters(number: int) -> str:
    """A, B, ... Z, AA, AB"""
    quotient, rest = divmod(number, 26)
    return (_letters(quotient - 1) if quotient else "") + chr(ord("A") + rest)
