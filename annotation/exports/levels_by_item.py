"""The table of levels by item: how the levels of people are spread, one row an item and criterion.
It is for training on soft labels, and for figures of one's own."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from annotation.agreement.answers import VersionAnswers
from annotation.agreement.soft_labels import soft_label
from annotation.exports.columns import Chunk, Row, integer, number, records, text
from annotation.exports.limits import CHUNK
from annotation.exports.registry import Filters, Table
from annotation.exports.scores import (
    SPEC_COLUMNS,
    TEXT_COLUMNS,
    level_label,
    split_of,
    target_row,
    version_row,
)
from annotation.exports.texts import published_version
from annotation.models import Target
from annotation.roles import DATA_READERS
from rubrics.core.spec import CriterionSpec
from rubrics.models import RubricVersion
from webapp.accounts.access import Member

COLUMNS = (
    *TEXT_COLUMNS,
    *SPEC_COLUMNS,
    text("criterion_uid", "The criterion’s id, the same in all versions of a rubric"),
    text("criterion", "Its name in this text of the rubric"),
    integer("raters", "How many people gave the item a level"),
    integer("not_applicable", "How many people said that the criterion does not apply"),
    records(
        "levels",
        "Each level of the scale, the lowest first",
        integer("value", "The level"),
        text("level", "Its label"),
        integer("raters", "How many people gave it"),
        number("share", "Their share of the people who gave a level; empty if nobody did"),
    ),
    number("mean", "The mean of their levels"),
    number("reference", "What judges are compared with: empty where people differ"),
)


@dataclass(frozen=True)
class LevelRows:
    member: Member
    version: RubricVersion
    about: str

    def count(self) -> int:
        return len(_items(VersionAnswers(self.member, self.version)))

    def chunks(self) -> Iterator[Chunk]:
        found = VersionAnswers(self.member, self.version)
        items = _items(found)
        for start in range(0, len(items), CHUNK):
            part = items[start : start + CHUNK]
            targets = Target.objects.select_related("turn__dialogue", "dialogue").in_bulk(part)
            yield Chunk(
                len(part),
                [
                    (split_of(targets[pk]), row)
                    for pk in part
                    for row in _rows(found, self.version, targets[pk])
                ],
            )


def _select(member: Member, filters: Filters) -> LevelRows:
    version = published_version(member, filters)
    about = f"Levels of people by item, with {version.rubric.name}, version {version.number}."
    return LevelRows(member, version, about)


def _items(found: VersionAnswers) -> Sequence[UUID]:
    """What people rated, in the order of the ids."""
    return sorted({pk for c in found.criteria for pk in found.of_people(c)})


def _rows(found: VersionAnswers, version: RubricVersion, target: Target) -> Iterator[Row]:
    for criterion in found.criteria:
        given = [value for _, value in found.of_people(criterion).get(target.pk, [])]
        if given:
            yield {
                **target_row(target),
                **version_row(version),
                **_levels(criterion, given),
                "reference": found.references_of_people(criterion).levels.get(target.pk),
            }


def _levels(criterion: CriterionSpec, given: Sequence[float | None]) -> Mapping[str, object]:
    found = soft_label(given)
    shares = {row.level: row for row in found.shares}
    return {
        "criterion_uid": criterion.uid,
        "criterion": criterion.name,
        "raters": found.raters,
        "not_applicable": found.not_applicable,
        "levels": [
            {
                "value": value,
                "level": level_label(criterion, value),
                "raters": shares[value].raters if value in shares else 0,
                "share": (shares[value].share if value in shares else 0.0)
                if found.shares
                else None,
            }
            for value in criterion.level_values
        ],
        "mean": found.mean,
    }


LEVELS_BY_ITEM = Table(
    name="levels_by_item",
    title="Levels by item",
    row="How people’s levels of one item are spread, for one criterion",
    unit="item",
    units="items",
    roles=DATA_READERS,
    columns=COLUMNS,
    select=_select,
    filters=("version",),
    place=("agreement", "Open agreement"),
    notes=(
        "The shares are a soft label: where people differ, they keep it. Only people count, with "
        "the last level of each, also where it carries over from another version. What an "
        "adjudicator settled is in the column reference only. Texts that the person who made this "
        "export still had to rate are left out.",
    ),
)
