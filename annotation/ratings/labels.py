"""What pages call raters, targets and levels. Only leads read the names of people; others read
“Rater A”, the same letter for the same person on every page of the project."""

from collections.abc import Iterable
from uuid import UUID

from annotation.models import Rater, Target
from rubrics.core.spec import CriterionSpec
from webapp.accounts.access import Member
from webapp.accounts.models import Project


def names_of(raters: Iterable[Rater], member: Member) -> dict[UUID, str]:
    """What this member reads in place of each rater, by the rater's id. The raters come with
    their `user` and `judge`."""
    letters = {} if member.is_lead else _letters_of_people(member.project)
    return {rater.pk: _name(rater, member, letters) for rater in raters}


def _name(rater: Rater, member: Member, letters: dict[UUID, str]) -> str:
    if rater.kind == Rater.Kind.CONSTRUCTION:
        return f"{rater}, synthetic"
    if rater.pk not in letters:
        return str(rater)
    return "You" if rater.user_id == member.user.pk else f"Rater {letters[rater.pk]}"


def pseudonyms_in(project: Project) -> dict[UUID, str]:
    """“Rater A” for each person who rates in the project, by the rater's id: the letters of the
    pages. For files that leave the studio, where leads read no names either."""
    return {pk: f"Rater {letters}" for pk, letters in _letters_of_people(project).items()}


def _letters_of_people(project: Project) -> dict[UUID, str]:
    people = Rater.objects.filter(project=project, kind=Rater.Kind.PERSON).order_by("pk")
    ids = people.values_list("pk", flat=True)
    return {pk: _letters(place) for place, pk in enumerate(ids)}


def _letters(number: int) -> str:
    """A, B, ... Z, AA, AB"""
    quotient, rest = divmod(number, 26)
    return (_letters(quotient - 1) if quotient else "") + chr(ord("A") + rest)


# The palette of levels goes from 1 (lowest) to 5 (highest), however many levels there are.
_TONES = 5


def title_of(target: Target) -> str:
    """What people call it: “Dialogue 20,733, turn 6”."""
    if target.turn is not None:
        return f"Dialogue {target.turn.dialogue.number:,}, turn {target.turn.position + 1}"
    if target.dialogue is not None:
        return f"Dialogue {target.dialogue.number:,}"
    return "A reply"


def tone_of(criterion: CriterionSpec, value: float) -> int | None:
    """The place of a level in the palette of levels; None for what is no level of it."""
    values = criterion.level_values
    return tone(values.index(int(value)), len(values)) if value in values else None


def tone(index: int, count: int) -> int:
    return 1 + round(index * (_TONES - 1) / max(count - 1, 1))


def shown_text(target: Target) -> str:
    """What was judged, as a table shows it."""
    if target.turn is not None:
        return target.turn.text
    if target.dialogue is not None:
        return target.dialogue.situation or str(target.dialogue)
    context = target.context or {}
    return str(context.get("candidate", {}).get("response", ""))
