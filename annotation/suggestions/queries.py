"""The page of a draft's proposals."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from annotation.agreement.queries import Disagreement, VersionAgreement
from annotation.models import Suggestion, SuggestionRun, SuggestionSource
from annotation.ratings.blindness import blind_among
from annotation.ratings.labels import shown_text, title_of
from rubrics.core.spec import CriterionSpec, from_json
from rubrics.core.word_diff import Piece, words
from rubrics.models import RubricVersion
from rubrics.queries import published_before, text_of
from webapp.accounts.access import Member
from webapp.llm.models import Endpoint

DECIDED_SHOWN = 20


@dataclass(frozen=True)
class Source:
    """A text that a proposal came from, with the levels that it was given."""

    title: str
    text: str
    people: Sequence[float]
    others: Sequence[float]


@dataclass(frozen=True)
class Proposed:
    """A proposal as this person may see it. `present` is the anchor as the draft has it now, None
    where the draft lost the place. Whoever still rates one of the texts that the model was shown
    sees neither texts nor reason: a reason can tell of any of their scores."""

    suggestion: Suggestion
    criterion: CriterionSpec | None
    present: str | None
    sources: Sequence[Source]
    is_blind: bool

    @property
    def diff(self) -> Sequence[Piece]:
        """The present anchor beside the proposed one, word by word."""
        return words(self.present or "", str(self.suggestion.content["anchor"]))

    @property
    def reason(self) -> str:
        return "" if self.is_blind else self.suggestion.reason

    @property
    def levels(self) -> list[dict[str, Any]]:
        return list(self.suggestion.content.get("levels", []))


def suggestions_page(version: RubricVersion, member: Member) -> dict[str, Any]:
    """What `impact/_suggestions.html` shows."""
    shown = proposals_of(version, member)
    endpoints = Endpoint.objects.filter(project=member.project, archived_at=None)
    return {
        "member": member,
        "version": version,
        "run": SuggestionRun.objects.filter(version=version).order_by("-number").first(),
        "open": [row for row in shown if row.suggestion.state == Suggestion.State.OPEN],
        "decided": [row for row in shown if row.suggestion.state != Suggestion.State.OPEN][
            :DECIDED_SHOWN
        ],
        "endpoints": list(endpoints.order_by("name")),
        "disagreements": len(disagreements(version, member)),
        "is_draft": version.status == RubricVersion.Status.DRAFT,
    }


def proposals_of(version: RubricVersion, member: Member) -> list[Proposed]:
    """The proposals for a version, those of the latest run first."""
    every = (
        Suggestion.objects.filter(version=version)
        .select_related("run", "decided_by")
        .order_by("-run__number", "position")
    )
    return proposed(list(every), version, member)


def proposed(
    suggestions: Sequence[Suggestion], version: RubricVersion, member: Member
) -> list[Proposed]:
    rows = SuggestionSource.objects.filter(run__in={s.run_id for s in suggestions})
    sources = {
        (row.run_id, row.position): row
        for row in rows.select_related("target__turn__dialogue", "target__dialogue")
    }
    targets = {row.target_id for row in sources.values()}
    blind = blind_among(member.user, member.project, targets)
    blind_runs = {row.run_id for row in sources.values() if row.target_id in blind}
    criteria = {c.uid: c for c in from_json(text_of(version)).criteria}
    found = []
    for suggestion in suggestions:
        basis = [sources[suggestion.run_id, position] for position in suggestion.basis]
        is_blind = suggestion.run_id in blind_runs
        criterion = criteria.get(suggestion.uid)
        found.append(
            Proposed(
                suggestion=suggestion,
                criterion=criterion,
                present=_anchor(criterion, suggestion.level),
                sources=[] if is_blind else [_source(row) for row in basis],
                is_blind=is_blind,
            )
        )
    return found


def _anchor(criterion: CriterionSpec | None, level: int | None) -> str | None:
    levels = criterion.levels if criterion else ()
    return next((each.anchor for each in levels if each.value == level), None)


def _source(row: SuggestionSource) -> Source:
    return Source(title_of(row.target), shown_text(row.target), row.people, row.others)


MAX_SOURCES = 8
# The furthest apart are looked through for those that the draft still has a criterion for.
_LOOKED_THROUGH = 60


def disagreements(version: RubricVersion, member: Member) -> list[Disagreement]:
    """Texts whose raters differ most on a criterion that the draft still has, as this member may
    know them: rated by the version published before it, else by the version itself."""
    rated = version if version.spec_id else published_before(version)
    if rated is None or rated.spec is None:
        return []
    has_levels = {c.uid for c in from_json(text_of(version)).judge_criteria if c.levels}
    apart = VersionAgreement(member, rated).most_apart(_LOOKED_THROUGH, levels_only=True)
    found = [row for row in apart if row.criterion.uid in has_levels and (row.people or row.others)]
    return found[:MAX_SOURCES]
