"""Whether a criterion still means what it meant, so that ratings of it carry over (DECISIONS 2).

The author answers; a changed kind, scale, level value or span answers by itself.
"""

import dataclasses
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from uuid import uuid4

from rubrics.core.spec import CriterionSpec, RubricSpec, criterion_hash, meaning_changed
from rubrics.core.word_diff import words

# Of the words that a rater reads, the share from which on a rewording is taken for another
# meaning until the author says otherwise.
REWORDED = 0.2


@dataclass(frozen=True)
class Question:
    """A criterion that was published before with another text. `forced`: nobody is asked."""

    uid: str
    name: str
    meaning_id: str
    forced: bool
    suggested: bool
    why: str


@dataclass(frozen=True)
class Answer:
    uid: str
    changed: bool
    forced: bool
    suggested: bool


class Unanswered(Exception):
    """The author has not said of these criteria whether their meaning changed."""

    def __init__(self, names: list[str]) -> None:
        super().__init__(", ".join(names))
        self.names = names


def questions(spec: RubricSpec, published: Mapping[str, CriterionSpec]) -> list[Question]:
    """One for each criterion whose text is another than that of its meaning as `published`."""
    found = []
    taken: set[str] = set()
    for criterion in spec.criteria:
        old = published.get(criterion.meaning_id)
        is_copy = criterion.meaning_id in taken
        taken.add(criterion.meaning_id)
        if old is None or is_copy or criterion_hash(old) == criterion_hash(criterion):
            continue
        if old.kind == criterion.kind == "check":
            # Nobody rates a check, so there is nothing to carry.
            continue
        forced = meaning_changed(old, criterion)
        share = _reworded(old, criterion)
        found.append(
            Question(
                uid=criterion.uid,
                name=criterion.name.strip(),
                meaning_id=criterion.meaning_id,
                forced=forced,
                suggested=forced or share >= REWORDED,
                why=", ".join(_changed_parts(old, criterion)) if forced else _in_words(share),
            )
        )
    return found


def settle(
    spec: RubricSpec,
    published: Mapping[str, CriterionSpec],
    answers: Mapping[str, bool] | None = None,
) -> tuple[RubricSpec, list[Answer]]:
    """The spec with a new `meaning_id` wherever ratings do not carry over, and for each criterion
    that was published before what came of it.

    `published` is, for each meaning that was ever published, the newest criterion that had it.
    The second of two criteria that claim one meaning has another. Raises Unanswered.
    """
    given = dict(answers or {})
    open_questions = {question.uid: question for question in questions(spec, published)}
    missing = [q.name for q in open_questions.values() if not q.forced and q.uid not in given]
    if missing:
        raise Unanswered(missing)
    taken: set[str] = set()
    criteria = []
    settled = []
    for criterion in spec.criteria:
        question = open_questions.get(criterion.uid)
        changed = question is not None and (question.forced or given[criterion.uid])
        is_copy = criterion.meaning_id in taken
        if criterion.meaning_id in published and not is_copy:
            settled.append(
                Answer(
                    uid=criterion.uid,
                    changed=changed,
                    forced=question is not None and question.forced,
                    suggested=question is not None and question.suggested,
                )
            )
        if changed or is_copy:
            criterion = dataclasses.replace(criterion, meaning_id=str(uuid4()))
        taken.add(criterion.meaning_id)
        criteria.append(criterion)
    return dataclasses.replace(spec, criteria=tuple(criteria)), settled


def keep_identities(spec: RubricSpec, known: RubricSpec) -> RubricSpec:
    """The spec with the identities of `known` wherever a criterion of it has the same text: files
    of other tools name no identities."""
    free = {c.uid: c for c in known.criteria if c.uid not in {each.uid for each in spec.criteria}}
    criteria = []
    renamed = {}
    for criterion in spec.criteria:
        twin = next(
            (
                c
                for c in free.values()
                if (c.name.strip(), c.description.strip())
                == (criterion.name.strip(), criterion.description.strip())
            ),
            None,
        )
        if twin is not None and criterion.uid not in {c.uid for c in known.criteria}:
            del free[twin.uid]
            renamed[criterion.uid] = twin.uid
            criterion = dataclasses.replace(criterion, uid=twin.uid, meaning_id=twin.meaning_id)
        criteria.append(criterion)
    vetoes = (
        dataclasses.replace(entry, criteria=tuple(renamed.get(uid, uid) for uid in entry.criteria))
        for entry in spec.vetoes
    )
    return dataclasses.replace(spec, criteria=tuple(criteria), vetoes=tuple(vetoes))


def _reworded(old: CriterionSpec, new: CriterionSpec) -> float:
    """The share of the words that a rater reads that came or went, 0 to 1."""
    before, after = _read_by_raters(old), _read_by_raters(new)
    pieces = words(before, after)
    changed = sum(len(piece.text.split()) for piece in pieces if piece.kind != "same")
    return changed / max(len(before.split()) + len(after.split()), 1)


def _read_by_raters(criterion: CriterionSpec) -> str:
    anchors = (level.anchor for level in sorted(criterion.levels, key=lambda each: each.value))
    return "\n".join((criterion.description, criterion.use_when, criterion.avoid_when, *anchors))


def _in_words(share: float) -> str:
    if share == 0:
        return "only its name, the names of levels or exemplars changed"
    if share < REWORDED:
        return "a few words changed"
    return "much of the text that raters read changed"


def _changed_parts(old: CriterionSpec, new: CriterionSpec) -> Iterator[str]:
    if old.kind != new.kind:
        yield "who decides changed"
    if old.scale != new.scale:
        yield "its scale changed"
    elif old.level_values != new.level_values:
        yield "its levels changed"
    if frozenset(old.spans) != frozenset(new.spans):
        yield "what it reads changed"
