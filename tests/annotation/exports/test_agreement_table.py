"""The export of agreement: the figures of the page, without what its reader still rates."""

import pytest

from annotation.agreement.queries import VersionAgreement
from annotation.exports import registry
from annotation.models import Assignment
from annotation.ratings.targets import text_target
from tests.annotation.exports.test_tables import fits, judged, names
from tests.support.desk import Desk
from tests.support.dialogues import supporter_turns
from tests.support.exports import rows_for
from webapp.errors import Refused


def test_agreement_leaves_out_a_pasted_copy_of_an_item(at_desk: Desk) -> None:
    cast = at_desk.cast
    turn = supporter_turns(at_desk.dialogues[0])[0]
    copy = text_target(project=cast.project, profile="", situation="", history=[], raw=turn.raw)
    judged(at_desk, copy)
    seen = VersionAgreement(cast.member(cast.leads[0]), at_desk.version)
    assert (len(seen.others), seen.hidden) == (1, 0)
    blind = VersionAgreement(cast.member(cast.leads[1]), at_desk.version)
    assert (len(blind.others), blind.hidden) == (0, 1)


def test_agreement_is_that_of_the_page(at_desk: Desk) -> None:
    cast = at_desk.cast
    for person in cast.annotators[:2]:
        at_desk.rate(person)
    held = Assignment.objects.filter(state="submitted").first()
    assert held is not None
    judged(at_desk, held.item.target)
    version = {"version": str(at_desk.version.pk)}
    rows = [row for _, row in rows_for(cast, cast.leads[0], "agreement", **version)]
    table = registry.find("agreement")
    assert all(fits(row[column.name], column) for row in rows for column in table.columns)
    assert all(sorted(names(table.columns)) == sorted(row) for row in rows)
    found = {(r["among"], r["criterion_uid"], r["statistic"]): r for r in rows}
    shown = VersionAgreement(cast.member(cast.leads[0]), at_desk.version).among_people()
    for criterion in shown:
        same = found["people", criterion.criterion.uid, "same"]
        assert (same["value"], same["n"]) == (criterion.same.value, criterion.same.n)
        assert (same["raters"], same["reason"]) == (criterion.raters, criterion.same.reason)
        assert same["items"] is None
        uid = criterion.criterion.uid
        for name, figure in (("ac2", criterion.ac2), ("icc_2_k", criterion.icc.mean)):
            row = found["people", uid, name]
            assert (row["value"], row["reason"]) == (figure.value, figure.reason)
        assert found["people", uid, "icc_2_1"]["raters"] == criterion.icc.raters
        mixed = found["people", uid, "not_applicable"]
        assert (mixed["items"], mixed["value"]) == (0, criterion.applies.share.value)
        share = found["people", uid, "reference"]
        assert (share["items"], share["value"]) == ((0, None) if uid == "safe" else (1, 1))
        # Nothing is drawn for it.
        assert share["n"] is share["n_pairable"] is share["unit"] is share["groups"] is None
    judge = found["rater", "empathy", "kappa"]
    assert (judge["rater"], judge["reference"]) == ("Strict v2", "Reference of people")
    assert judge["value"] is None and judge["reason"]
    by_others = found["people_beside_people", "empathy", "same"]
    assert (by_others["rater"], by_others["raters"], by_others["items"]) == ("Strict v2", 2, 1)
    assert ("rater_beside_people", "empathy", "kappa") in found
    test = found["rater", "empathy", "winning_rate"]
    assert test["value"] is None and test["reason"].startswith("At least 3 people must each")
    assert test["unit"] is test["groups"] is None
    assert found["rater", "empathy", "passes"]["value"] is None
    assert found["rater", "empathy", "epsilon"]["value"] == 0.2
    with pytest.raises(Refused, match="Choose a rubric version"):
        rows_for(cast, cast.leads[0], "agreement")
