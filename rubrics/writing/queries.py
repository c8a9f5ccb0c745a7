"""What the editor says about a draft."""

from collections.abc import Mapping
from dataclasses import dataclass

from rubrics.core.conflicts import MergeView, merge_in_words
from rubrics.core.merge import Choice, Merge, merge
from rubrics.core.spec import RubricSpec, formula_in_words, from_json
from rubrics.core.wording import Change, PlacedFinding, changes_since, findings_in_words
from rubrics.models import RubricVersion
from rubrics.queries import published_before
from rubrics.writing.authorship import Authorship
from webapp.accounts.models import User


@dataclass(frozen=True)
class DraftState:
    """What the editor says about a text: its total in words, what the lint found, what changed."""

    spec: RubricSpec
    total: str
    findings: list[PlacedFinding]
    before: RubricVersion | None
    changes: list[Change]

    @property
    def problems(self) -> list[PlacedFinding]:
        """The errors, which block publishing."""
        return [one for one in self.findings if one.severity == "error"]

    @property
    def warnings(self) -> list[PlacedFinding]:
        return [one for one in self.findings if one.severity == "warning"]


def draft_state(version: RubricVersion) -> DraftState:
    spec = from_json(version.draft)
    before = published_before(version)
    return DraftState(
        spec=spec,
        total=formula_in_words(spec) if spec.judge_criteria else "",
        findings=findings_in_words(spec),
        before=before,
        changes=changes_since(from_json(before.spec.content), spec)
        if before and before.spec
        else [],
    )


@dataclass(frozen=True)
class Merged:
    """Two texts of a draft as one, and in words what became of both."""

    merge: Merge
    view: MergeView
    # Whose text the page did not have, by name.
    authors: list[str]


def merged(
    version: RubricVersion,
    user: User,
    base: RubricSpec | None,
    mine: RubricSpec,
    choices: Mapping[str, Choice],
) -> Merged:
    """`mine` and the saved text of the draft as one text, for `user`."""
    theirs = from_json(version.draft)
    found = merge(base, mine, theirs, choices)
    places = [*(each.place for each in found.conflicts), *(each.place for each in found.taken)]
    known = Authorship(version, places)
    view = merge_in_words(
        found, mine, theirs, known.name, lambda place: known.replaced(place, user)
    )
    who = [c.who for c in view.conflicts] + [t.who for t in view.taken if t.side == "theirs"]
    return Merged(found, view, list(dict.fromkeys(who)))
