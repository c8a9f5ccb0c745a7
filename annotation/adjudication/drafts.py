"""An adjudication while it is being written, and what raters gave that it decides between."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from annotation.models import Decision
from annotation.ratings.drafts import NOT_APPLICABLE, BadDraft, Draft, read_draft
from annotation.ratings.references import common_level
from rubrics.core.spec import CriterionSpec, RubricSpec
from webapp.text import listed

LEGITIMATE = Decision.Cause.LEGITIMATE

# A level, or NOT_APPLICABLE.
Answer = int | str


@dataclass(frozen=True, slots=True)
class DecisionDraft:
    """Levels, causes and reasons by criterion uid. May be incomplete. A legitimate difference has
    no level."""

    levels: Draft = field(default_factory=Draft)
    causes: Mapping[str, str] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        return {**self.levels.to_json(), "causes": dict(self.causes)}

    def reason(self, uid: str) -> str:
        return self.levels.rationales.get(uid, "").strip()


@dataclass(frozen=True)
class Given:
    """What the raters of an item gave for one criterion. `needed`: see `levels_apart_needed`."""

    criterion: CriterionSpec
    answers: Sequence[Answer]
    needed: int

    @property
    def apart(self) -> int:
        """How many levels are between the lowest and the highest."""
        values = self.criterion.level_values
        places = [values.index(a) for a in self.answers if isinstance(a, int) and a in values]
        return max(places) - min(places) if places else 0

    @property
    def is_mixed(self) -> bool:
        """Some gave a level, and others said that the criterion does not apply."""
        return NOT_APPLICABLE in self.answers and set(self.answers) != {NOT_APPLICABLE}

    @property
    def is_disputed(self) -> bool:
        return self.is_mixed or self.apart >= self.needed

    @property
    def differs(self) -> bool:
        return len(set(self.answers)) > 1

    @property
    def settled(self) -> Answer | None:
        """The answer that stands without a decision: the one that all gave, or the level that they
        have in common. None where somebody has to decide."""
        if self.answers and not self.differs:
            return self.answers[0]
        level = common_level([a if isinstance(a, int) else None for a in self.answers])
        return None if level is None or self.is_disputed else int(level)

    def overrides_all(self, answer: Answer) -> bool:
        return bool(self.answers) and answer not in self.answers


def levels_apart_needed(criterion: CriterionSpec, adjudicate_from: int) -> int:
    """From how many levels apart a criterion is disputed: the queue's setting, or the whole scale
    where that is shorter."""
    return max(1, min(adjudicate_from, len(criterion.level_values) - 1))


def first_draft(given: Sequence[Given]) -> DecisionDraft:
    """What an adjudicator begins with: the answers that stand without a decision."""
    settled = {one.criterion.uid: one.settled for one in given}
    return DecisionDraft(Draft({uid: a for uid, a in settled.items() if a is not None}))


def read_decisions(spec: RubricSpec, data: object) -> DecisionDraft:
    """The draft in `{"scores": …, "rationales": …, "causes": {uid: cause}}`. Raises BadDraft for
    anything else. Where the difference is legitimate a level is left out."""
    levels = read_draft(spec, data)
    causes = data.get("causes", {}) if isinstance(data, Mapping) else {}
    if not isinstance(causes, Mapping):
        raise BadDraft("The causes of a draft must be an object with one entry per criterion.")
    uids = {c.uid for c in spec.judge_criteria}
    if any(uid not in uids for uid in causes):
        raise BadDraft("The causes contain a criterion that people don’t rate here.")
    if any(cause not in ("", *Decision.Cause.values) for cause in causes.values()):
        raise BadDraft(f"A cause must be one of these: {', '.join(Decision.Cause.values)}.")
    kept = {uid: answer for uid, answer in levels.scores.items() if causes.get(uid) != LEGITIMATE}
    return DecisionDraft(
        Draft(kept, levels.rationales), {uid: cause for uid, cause in causes.items() if cause}
    )


def missing(draft: DecisionDraft, given: Sequence[Given]) -> dict[str, str]:
    """What a draft still lacks, in words, by criterion uid."""
    lacking = {one.criterion.uid: lacks(draft, one) for one in given}
    return {uid: words for uid, words in lacking.items() if words}


def lacks(draft: DecisionDraft, given: Given) -> str:
    """What a criterion still needs, in words; empty where it is decided."""
    uid = given.criterion.uid
    cause, answer = draft.causes.get(uid), draft.levels.scores.get(uid)
    if cause == LEGITIMATE and given.differs:
        return ""
    wanted = {
        "a level": answer is None,
        "a cause": given.is_disputed and cause is None,
        "a reason": answer is not None and given.overrides_all(answer) and not draft.reason(uid),
    }
    return listed(words for words, is_missing in wanted.items() if is_missing)


def answer_of(status: str, value: float | None) -> Answer | None:
    """A stored score as an answer; None where it has neither a level nor “does not apply”."""
    if value is not None:
        return int(value)
    return NOT_APPLICABLE if status == "not_applicable" else None
