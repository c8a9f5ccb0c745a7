"""Where the texts of an impact preview come from. Apps on top add sources in AppConfig.ready."""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple, TypeVar
from uuid import UUID

from django.db.models import QuerySet

from annotation.formats.hashing import sha256_json
from annotation.models import Collection, Rater, Rating, Target
from annotation.ratings.targets import contexts_of
from annotation.sets.limits import shuffling
from annotation.sets.services import members_of
from rubrics.models import RubricVersion
from rubrics.queries import text_of
from webapp.accounts.models import Project

T = TypeVar("T")

MOST_SETS = 50
_RATERS = {
    "people": [Rater.Kind.PERSON],
    "others": [Rater.Kind.EXTERNAL, Rater.Kind.AUTHOR, Rater.Kind.CONSTRUCTION],
}


class Choice(NamedTuple):
    """Something to draw from: `key` is "<source>:<id>"."""

    key: str
    label: str


@dataclass(frozen=True)
class Source:
    """`draw(project, version, id, limit, seed)` gives the texts, the same ones every time."""

    name: str
    choices: Callable[[Project, RubricVersion], Sequence[Choice]]
    draw: Callable[[Project, RubricVersion, str, int, int], Sequence[Target]]


_sources: dict[str, Source] = {}


def register(source: Source) -> None:
    _sources[source.name] = source


def choices_for(project: Project, version: RubricVersion) -> list[Choice]:
    return [choice for source in _sources.values() for choice in source.choices(project, version)]


def draw(
    project: Project, version: RubricVersion, key: str, *, limit: int, seed: int
) -> list[Target]:
    """At most `limit` texts of the choice `key`, which `choices_for` has offered."""
    name, _, pk = key.partition(":")
    return list(_sources[name].draw(project, version, pk, limit, seed))


def shuffled(ids: Sequence[T], seed: int) -> list[T]:
    """The ids or keys in an order that the seed alone decides."""
    return sorted(ids, key=lambda pk: hashlib.sha256(f"{seed}/{pk}".encode()).digest())


def group_keys(targets: Sequence[Target]) -> dict[UUID, str]:
    """A hash over all that came before each reply: replies that share it were given to the same
    words, like the rollouts of a prompt."""
    return {
        pk: sha256_json({name: part for name, part in context.items() if name != "candidate"})
        for pk, context in contexts_of(targets).items()
    }


def kinds_for(target: str) -> tuple[str, ...]:
    """The kinds of target that a rubric of `target` rates, the first one as sets hold it."""
    if target == "dialogue":
        return (Target.Kind.DIALOGUE,)
    return (Target.Kind.TURN, Target.Kind.TEXT)


def _rated(project: Project, version: RubricVersion, who: str) -> QuerySet[Target]:
    """Texts that were rated by any version of the rubric."""
    specs = RubricVersion.objects.filter(rubric=version.rubric_id, spec__isnull=False)
    ratings = Rating.objects.filter(
        project=project,
        spec__in=specs.values("spec"),
        withdrawn_at=None,
        rater__kind__in=_RATERS[who],
    )
    return Target.objects.filter(pk__in=ratings.values("target"))


def _rated_choices(project: Project, version: RubricVersion) -> list[Choice]:
    counted = {who: _rated(project, version, who).count() for who in _RATERS}
    labels = {"people": "Texts that people rated", "others": "Texts that came with ratings"}
    return [Choice(f"rated:{who}", f"{labels[who]} ({n:,})") for who, n in counted.items() if n]


def _draw_rated(
    project: Project, version: RubricVersion, who: str, limit: int, seed: int
) -> list[Target]:
    ids = list(_rated(project, version, who).values_list("pk", flat=True))
    found = Target.objects.in_bulk(shuffled(ids, seed)[:limit])
    return [found[pk] for pk in shuffled(list(found), seed)]


def _set_choices(project: Project, version: RubricVersion) -> list[Choice]:
    rows = Collection.objects.filter(project=project).order_by("-number")[:MOST_SETS]
    return [Choice(f"set:{row.pk}", f"Set: {row.name}") for row in rows]


def _draw_set(
    project: Project, version: RubricVersion, pk: str, limit: int, seed: int
) -> list[Target]:
    collection = Collection.objects.select_related("project").get(project=project, pk=pk)
    kind = kinds_for(str(text_of(version)["target"]))[0]
    return members_of(collection, seed=shuffling(seed), limit=limit, kind=kind)


register(Source("rated", _rated_choices, _draw_rated))
register(Source("set", _set_choices, _draw_set))
