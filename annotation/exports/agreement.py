"""The table of agreement: the figures of the page of agreement, one row a statistic."""

from collections.abc import Iterator
from dataclasses import dataclass
from uuid import UUID

from annotation.agreement.figures import ComparedCriterion, CriterionAgreement, ReferenceCount
from annotation.agreement.queries import VersionAgreement
from annotation.agreement.tables import Estimate
from annotation.exports.columns import Chunk, Row, integer, number, text
from annotation.exports.registry import Filters, Table
from annotation.exports.scores import version_row
from annotation.exports.texts import published_version
from annotation.models import Rater
from annotation.ratings.labels import pseudonyms_in
from annotation.roles import DATA_READERS
from rubrics.core.spec import CriterionSpec
from rubrics.models import RubricVersion
from webapp.accounts.access import Member

COLUMNS = (
    text("rubric", "The rubric’s name"),
    integer("version", "The number of its version"),
    text("spec_hash", "SHA-256 of the rubric’s text"),
    text("criterion_uid", "The criterion’s id"),
    text("criterion", "Its name"),
    text(
        "among",
        "people (all with each other), rater (one rater with the reference), people_beside_people "
        "(each person compared with the median of the other people, on the items that the rater "
        "rated) or rater_beside_people (the rater with the same)",
    ),
    text("rater", "The rater that is compared; empty among people, but for severity"),
    text("rater_kind", "person, judge, external, author or construction"),
    text("reference", "What the rater is compared with; empty among people"),
    text(
        "statistic",
        "alpha (Krippendorff, ordinal), ac2 (Gwet, ordinal weights), kappa (Cohen, quadratic "
        "weights), icc_2_1, icc_2_k, same, not_applicable, reference, severity, or for judges "
        "advantage, advantage_of_people, epsilon, winning_rate and passes",
    ),
    number(
        "value",
        "The figure; same is the share of pairs with the same level, not_applicable the share of "
        "items that one rater gave a level and another said that it does not apply, reference the "
        "number of items with a reference, divided by these and the items without one because "
        "people differ; severity is how many levels a person gives more (or fewer, below 0) than "
        "the mean of the people on the same items; advantage is the share of items on which the "
        "judge is as close to the other people as the person left out, or closer, "
        "advantage_of_people the same of the "
        "person, epsilon how far the judge may be behind, winning_rate the share of people that it "
        "could replace, passes 1 if that is half of them or more, and else 0",
    ),
    number("low", "The lower end of the 95 % interval"),
    number("high", "Its upper end"),
    integer("n", "Items with any rating; for severity, the person’s ratings that are compared"),
    integer("n_pairable", "Items with two ratings or more"),
    number("base_rate", "The share of the most common level"),
    text(
        "unit",
        "What the bootstrap draws: profiles, or dialogues where there is one profile; empty if it "
        "draws nothing",
    ),
    integer("groups", "How many of these there are"),
    text("reason", "Why there is no figure or no interval"),
    integer(
        "raters",
        "How many people gave a level, among people and beside people; for icc the raters who all "
        "rated the same items; for advantage to passes the people compared",
    ),
    integer(
        "items",
        "How many items the shares not_applicable and reference count; for severity, those that "
        "two or more of those who are compared rated; beside people, the distinct items; for "
        "advantage to passes, those of the person with the fewest",
    ),
    integer("carried", "Ratings given with another version; among people only"),
    integer(
        "left_out",
        "Items that both rated and that don’t count, because the judge’s fit learned from them, "
        "from the same profile or from the same text; empty among people",
    ),
)


@dataclass(frozen=True)
class AgreementRows:
    member: Member
    version: RubricVersion
    wanted: str
    about: str

    def count(self) -> int:
        """Criteria. All figures are computed at once."""
        return len(VersionAgreement(self.member, self.version).criteria)

    def chunks(self) -> Iterator[Chunk]:
        found = VersionAgreement(self.member, self.version)
        yield Chunk(len(found.criteria), [("", row) for row in self._rows(found)])

    def _rows(self, found: VersionAgreement) -> Iterator[Row]:
        for row in (*_among_people(found), *_compared(found, self.wanted)):
            yield {**version_row(self.version), **row}


def _select(member: Member, filters: Filters) -> AgreementRows:
    version = published_version(member, filters)
    about = f"Agreement with {version.rubric.name}, version {version.number}."
    return AgreementRows(member, version, filters.get("reference", ""), about)


def _among_people(found: VersionAgreement) -> Iterator[Row]:
    for row in found.among_people():
        who = {
            "among": "people",
            "rater": None,
            "rater_kind": Rater.Kind.PERSON.value,
            "reference": None,
            "raters": row.raters,
            "carried": row.carried,
            "left_out": None,
        }
        yield from _figures(who, row)
    for count in found.reference_counts():
        yield _reference(count)
    yield from _severity(found)


def _severity(found: VersionAgreement) -> Iterator[Row]:
    names = pseudonyms_in(found.member.project)
    for row in found.severity():
        for rater, effect in row.raters:
            yield {
                "among": "people",
                "rater": names[UUID(rater.key)],
                "rater_kind": rater.kind,
                **dict.fromkeys(("reference", "raters", "carried", "left_out")),
                **_plain(row.criterion, "severity", effect.effect),
                "low": effect.low,
                "high": effect.high,
                "n": effect.ratings,
                "items": row.items,
                "unit": row.unit,
                "groups": row.groups,
                "reason": effect.reason,
            }


def _reference(count: ReferenceCount) -> Row:
    n = count.items + count.undecided
    return {
        **dict.fromkeys(("rater", "reference", "raters", "carried", "left_out")),
        "among": "people",
        "rater_kind": Rater.Kind.PERSON.value,
        **_plain(count.criterion, "reference", count.items / n if n else None),
        "items": count.items,
    }


def _compared(found: VersionAgreement, wanted: str) -> Iterator[Row]:
    reference = found.reference(wanted)
    if reference is None:
        return
    for compared in found.compared_with(reference.key):
        who = {
            "among": "rater",
            "rater": compared.rater.name,
            "rater_kind": compared.rater.kind,
            "reference": reference.name,
            "raters": None,
            "carried": None,
        }
        for row in compared.criteria:
            of_row = {**who, "left_out": row.left_out}
            yield from _figures(of_row, row)
            yield {**of_row, **_figure(row.criterion, "kappa", row.kappa)}
            yield from _beside_people(of_row, row)
            yield from _standing_in(of_row, row)


def _beside_people(who: Row, row: ComparedCriterion) -> Iterator[Row]:
    """What people reach, and what the rater reaches in their place."""
    beside = row.beside_people
    if beside is None:
        return
    both = {"people_beside_people": beside.of_people, "rater_beside_people": beside.of_rater}
    for among, close in both.items():
        for name, estimate in (
            ("alpha", close.alpha),
            ("kappa", close.kappa),
            ("same", close.same),
        ):
            figure = _figure(row.criterion, name, estimate)
            counts = {"items": beside.items, "raters": beside.people}
            yield {**who, **figure, **counts, "among": among}


def _standing_in(who: Row, row: ComparedCriterion) -> Iterator[Row]:
    if row.stand_in is None:
        return
    test = row.stand_in
    values = {
        "advantage": test.advantage,
        "advantage_of_people": test.advantage_of_people,
        "epsilon": test.epsilon,
        "winning_rate": test.winning_rate,
        "passes": None if test.passes is None else float(test.passes),
    }
    for name, value in values.items():
        counts = {"items": test.items, "raters": len(test.people), "reason": test.reason}
        yield {**who, **_plain(row.criterion, name, value), **counts}


def _figures(who: Row, row: CriterionAgreement | ComparedCriterion) -> Iterator[Row]:
    """The statistics that people and others have alike."""
    for name, estimate in (("alpha", row.alpha), ("ac2", row.ac2), ("same", row.same)):
        yield {**who, **_figure(row.criterion, name, estimate)}
    for name, estimate in (("icc_2_1", row.icc.single), ("icc_2_k", row.icc.mean)):
        figure = _figure(row.criterion, name, estimate)
        yield {**who, **figure, "raters": row.icc.raters}
    figure = _figure(row.criterion, "not_applicable", row.applies.share)
    yield {**who, **figure, "items": row.applies.items}


def _figure(criterion: CriterionSpec, statistic: str, estimate: Estimate) -> Row:
    return {
        "items": None,
        "criterion_uid": criterion.uid,
        "criterion": criterion.name,
        "statistic": statistic,
        "value": estimate.value,
        "low": estimate.low,
        "high": estimate.high,
        "n": estimate.n,
        "n_pairable": estimate.n_pairable,
        "base_rate": estimate.base_rate,
        "unit": estimate.unit,
        "groups": estimate.groups,
        "reason": estimate.reason,
    }


def _plain(criterion: CriterionSpec, statistic: str, value: float | None) -> Row:
    """A figure that is no estimate: nothing is drawn for it."""
    empty = ("items", "low", "high", "n", "n_pairable", "base_rate", "unit", "groups")
    return {
        **dict.fromkeys(empty),
        "criterion_uid": criterion.uid,
        "criterion": criterion.name,
        "statistic": statistic,
        "value": value,
        "reason": "",
    }


AGREEMENT = Table(
    name="agreement",
    title="Agreement",
    row="One figure for one criterion",
    unit="criterion",
    units="criteria",
    roles=DATA_READERS,
    columns=COLUMNS,
    select=_select,
    filters=("version", "reference"),
    place=("agreement", "Open agreement"),
    notes=(
        "Figures are computed when the export is made. Texts that the person who made it still had "
        "to rate are not counted.",
    ),
)
