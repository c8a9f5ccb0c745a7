"""Reads about rubrics, their versions and judges."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.db.models import QuerySet

from rubrics.merge import Merge, Side, merge
from rubrics.models import Judge, Rubric, RubricVersion
from rubrics.spec import RubricSpec, formula_in_words, from_json
from rubrics.wording import Change, PlacedFinding, changes_since, findings_in_words
from webapp.accounts.models import Project


@dataclass(frozen=True)
class RubricRow:
    """A rubric as the list shows it, from the versions that the member may read."""

    rubric: Rubric
    newest: RubricVersion | None
    open: RubricVersion | None
    published: int
    # All that was published is archived: a draft can begin from it.
    is_retired: bool


def rubric_row(rubric: Rubric) -> RubricRow:
    """`rubric` comes from `access.visible_rubrics`."""
    versions: list[RubricVersion] = rubric.shown  # type: ignore[attr-defined]
    published = [v for v in versions if v.status == RubricVersion.Status.PUBLISHED]
    return RubricRow(
        rubric=rubric,
        newest=published[0] if published else None,
        open=next((v for v in versions if v.is_open), None),
        published=len(published),
        is_retired=not published and any(v.published_at for v in versions),
    )


def text_of(version: RubricVersion) -> dict[str, Any]:
    """The frozen text of a published version, else the draft as it stands."""
    return version.spec.content if version.spec else version.draft


def published_before(version: RubricVersion) -> RubricVersion | None:
    """The version of the same rubric that people rate by until this one is published."""
    return (
        RubricVersion.objects.filter(
            rubric_id=version.rubric_id,
            status=RubricVersion.Status.PUBLISHED,
            number__lt=version.number,
        )
        .select_related("spec")
        .order_by("-number")
        .first()
    )


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


def judges_of(project: Project) -> QuerySet[Judge]:
    """Every version of every judge, by name and newest first."""
    return (
        Judge.objects.filter(project=project)
        .select_related("endpoint", "artefact", "created_by")
        .order_by("name", "-version")
    )
