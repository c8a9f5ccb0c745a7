"""What the editor says about a draft."""

from collections.abc import Mapping
from dataclasses import dataclass

from rubrics.core.merge import Merge, Side, merge
from rubrics.core.spec import RubricSpec, formula_in_words, from_json
from rubrics.core.wording import Change, PlacedFinding, changes_since, findings_in_words
from rubrics.models import RubricVersion
from rubrics.queries import published_before


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


def merged(
    version: RubricVersion,
    base: RubricSpec | None,
    mine: RubricSpec,
    choices: Mapping[str, Side],
) -> tuple[Merge, RubricSpec]:
    """`mine` and the saved text of the draft as one text, and the saved text."""
    theirs = from_json(version.draft)
    return merge(base, mine, theirs, choices), theirs
