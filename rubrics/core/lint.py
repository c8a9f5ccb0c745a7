"""What a rubric's text should be warned about, and what blocks publishing.

Pure, and linear in the length of the text: it runs at every save. A warning is a suspicion in
words, so each says what to do; a person may think otherwise, and it blocks nothing.

Patterns are for text in lower case: ignoring case takes `re` eight times as long.
"""

import functools
import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

from rubrics.core.spec import VETOES, CriterionSpec, RubricSpec, VetoSpec, validate
from webapp.text import listed

Severity = Literal["error", "warning"]


@dataclass(frozen=True)
class Finding:
    """At `path`, such as `criteria[2].levels[0].anchor`: what is wrong and what to do.

    `rule` and `quote`, the words that it is about, name the finding across edits elsewhere.
    """

    path: str
    severity: Severity
    rule: str
    message: str
    advice: str = ""
    quote: str = ""


def lint(spec: RubricSpec) -> list[Finding]:
    """Errors first, as `validate` names them, then warnings in the order of the page."""
    errors = [Finding(p.path, "error", "invalid", p.message) for p in validate(spec)]
    return [*errors, *_warnings(spec)]


def _warnings(spec: RubricSpec) -> Iterator[Finding]:
    shares = _shares(spec)
    for index, criterion in enumerate(spec.criteria):
        path = f"criteria[{index}]"
        yield from _wording(criterion, path)
        if criterion.kind != "check" and criterion.uid in shares:
            yield from _counts_for_nothing(criterion, spec, shares[criterion.uid], path)
    yield from _vetoes_switched_off(spec)


# Kept, because of many criteria a save changes one.
@functools.lru_cache(maxsize=1024)
def _wording(criterion: CriterionSpec, path: str) -> tuple[Finding, ...]:
    """What can be said of a criterion by itself."""
    found = [*_protected_traits(criterion, path)]
    if criterion.kind == "check":
        return tuple(found)
    found += [*_two_things(criterion, path), *_vague_words(criterion, path)]
    if criterion.scale == "levels":
        found += [*_overlapping_anchors(criterion, path), *_levels_not_shown(criterion, path)]
    return tuple(found)


# Two things in one criterion

_JOINED_NAME = re.compile(r"\w\s+(?:and|&|or)\s+\w|\w\s*/\s*\w", re.IGNORECASE)
_SECOND_QUESTION = re.compile(
    r"\b(?:and|or)\s+(?:also\s+)?(?:does|do|is|are|has|have|can|could|did|will|would|should)"
    r"\s+(?:it|they|he|she|this|that|the)\b"
)


def _two_things(c: CriterionSpec, path: str) -> Iterator[Finding]:
    advice = "If a reply can do one without the other, split it into two criteria."
    if found := _JOINED_NAME.search(c.name):
        message = f"“{c.name.strip()}” names two things."
        yield Finding(f"{path}.name", "warning", "two_things", message, advice, found[0])
    question = _SECOND_QUESTION.search(c.description.lower())
    if question or c.description.count("?") > 1:
        quote = question[0] if question else "two questions"
        words = f"“{quote}” asks" if question else "These two questions ask"
        message = f"{words} for a second decision in the same score."
        yield Finding(f"{path}.description", "warning", "two_things", message, advice, quote)


# Vague words

_VAGUE = re.compile(
    r"\b(?:appropriate(?:ly)?|inappropriate(?:ly)?|adequate(?:ly)?|inadequate(?:ly)?"
    r"|sufficient(?:ly)?|insufficient(?:ly)?|reasonabl[ey]|suitabl[ey]|properly|acceptabl[ey]"
    r"|satisfactory|satisfactorily|effective(?:ly)?|ineffective(?:ly)?|optimal(?:ly)?"
    r"|somewhat|fairly|high[- ]quality|low[- ]quality|good enough|to some (?:extent|degree)"
    r"|as needed|if necessary|where necessary|and so on|etc)\b"
)
# A judgement in the place of something that can be seen: “Very good”, “Poor empathy”.
_VERDICT = re.compile(
    r"\b(?:good|bad|poor|poorly|excellent|great|nice|average|mediocre|strong|weak|perfect)\b"
)
_SHORT_ANCHOR = 4


def _vague_words(c: CriterionSpec, path: str) -> Iterator[Finding]:
    texts = [(f"{path}.description", c.description)]
    texts += [(f"{path}.levels[{i}].anchor", level.anchor) for i, level in enumerate(c.levels)]
    for at, text in texts:
        found = _VAGUE.search(text.lower())
        if not found and at.endswith("anchor") and _counts_few(text, _SHORT_ANCHOR):
            found = _VERDICT.search(text.lower())
        if found:
            message = f"“{found[0]}” is vague. Raters may read it in different ways."
            advice = "Say what a rater can see in the text."
            yield Finding(at, "warning", "vague", message, advice, found[0])


def _counts_few(text: str, most: int) -> bool:
    return len(text.split(maxsplit=most)) <= most


# Overlapping anchors

_WORD = re.compile(r"\w+")
_NEGATION = frozenset({"no", "not", "none", "never", "nothing", "without"})
_DEGREE = re.compile(
    r"\b(?:a|an|the|very|quite|mostly|mainly|partly|fully|clearly|slightly|barely|hardly|often"
    r"|sometimes|rarely|usually|generally|largely|entirely|highly|really|more|less|some|much"
    r"|little|most|many|few|always|almost|completely|strongly|weakly)\b"
)
_RANGE = re.compile(r"\b(\d{1,6}) ?(?:-|–|to) ?(\d{1,6}) (\w{1,40})")
_ALIKE = 0.85


@dataclass(frozen=True)
class _Anchor:
    index: int
    value: int
    text: str
    in_order: tuple[str, ...]
    words: frozenset[str]


def _overlapping_anchors(c: CriterionSpec, path: str) -> Iterator[Finding]:
    anchors = sorted(_anchors(c), key=lambda anchor: anchor.value)
    first_with: dict[tuple[str, ...], _Anchor] = {}
    for anchor in anchors:
        twin = first_with.setdefault(anchor.in_order, anchor)
        if twin is not anchor:
            yield _overlap(path, twin, anchor, "have the same anchor")
    for lower, upper in pairwise(anchors):
        is_first = first_with[upper.in_order] is upper
        if is_first and (why := _why_alike(lower, upper)):
            yield _overlap(path, lower, upper, why)


def _anchors(c: CriterionSpec) -> Iterator[_Anchor]:
    for index, level in enumerate(c.levels):
        if words := tuple(_WORD.findall(level.anchor.lower())):
            yield _Anchor(index, level.value, level.anchor, words, frozenset(words))


def _overlap(path: str, one: _Anchor, other: _Anchor, why: str) -> Finding:
    message = f"Levels {one.value} and {other.value} {why}."
    advice = "Name something that a reply shows at one level but not at the other."
    quote = f"{one.value} {other.value}"
    at = f"{path}.levels[{other.index}].anchor"
    return Finding(at, "warning", "overlap", message, advice, quote)


def _why_alike(lower: _Anchor, upper: _Anchor) -> str:
    """How two neighbouring anchors overlap, in words; empty where they don't."""
    ranges = [_RANGE.search(anchor.text) for anchor in (lower, upper)]
    if ranges[0] and ranges[1] and ranges[0][3].lower() == ranges[1][3].lower():
        (low, high), (start, end) = ((int(r[1]), int(r[2])) for r in ranges if r)
        if max(low, start) <= min(high, end):
            return f"both include {max(low, start)} {ranges[1][3]}"
    one, other = lower.words, upper.words
    if min(len(one), len(other)) < 3:
        return ""
    differ = one ^ other
    if all(_DEGREE.fullmatch(word) for word in differ):
        return "differ only in a word of degree, such as “mostly”"
    # A number or a negation is one word, and turns the meaning round.
    if any(word in _NEGATION or word[:1].isdigit() for word in differ):
        return ""
    return "say nearly the same thing" if len(one & other) >= _ALIKE * len(one | other) else ""


# Levels that no exemplar shows


def _levels_not_shown(c: CriterionSpec, path: str) -> Iterator[Finding]:
    shown = {exemplar.level for exemplar in c.exemplars if exemplar.text.strip()}
    missing = [str(value) for value in c.level_values if value not in shown]
    if not missing:
        return
    which = f"level {missing[0]}"
    if len(missing) > 1:
        which = f"levels {', '.join(missing[:-1])} and {missing[-1]}"
    message = f"No exemplar shows {which}."
    advice = "Choose a reply from your dialogues, or write one."
    yield Finding(f"{path}.exemplars", "warning", "no_exemplar", message, advice)


# Weights that make a criterion count for nothing

_NEXT_TO_NOTHING = 0.005


def _shares(spec: RubricSpec) -> dict[str, float]:
    """What part of the whole each judged criterion can move, where weights or points decide it."""
    if spec.formula == "rar":
        return {}
    size = {
        c.uid: abs(c.points or 0.0) if spec.formula == "healthbench" else max(c.weight, 0.0)
        for c in spec.judge_criteria
    }
    whole = sum(size.values())
    return {uid: part / whole for uid, part in size.items()} if whole > 0 else {}


def _counts_for_nothing(
    c: CriterionSpec, spec: RubricSpec, share: float, path: str
) -> Iterator[Finding]:
    is_points = spec.formula == "healthbench"
    if share >= _NEXT_TO_NOTHING or (is_points and not c.points):
        return
    field, what = ("points", "points") if is_points else ("weight", "weight")
    if share:
        message = f"With this {what} the total changes by at most {100 * share:.1g} %."
    elif c.gate is not None:
        return
    else:
        message = "With weight 0 the criterion does not count in the total."
    advice = "Give it more, make it a gate, or remove it. Otherwise people rate it for nothing."
    yield Finding(f"{path}.{field}", "warning", "counts_for_nothing", message, advice)


# Vetoes that are switched off, and criteria that harm does not cap


def _vetoes_switched_off(spec: RubricSpec) -> Iterator[Finding]:
    for index, entry in enumerate(spec.vetoes):
        if entry.veto == "harm" and entry.criteria and (free := _left_out(spec, entry)):
            message = f"A reply that encourages harm keeps what a judge gives it for {free}."
            path, advice = f"vetoes[{index}].criteria", "Let this rule hold for all criteria."
            yield Finding(path, "warning", "veto_off", message, advice, entry.veto)
        if not entry.criteria:
            name = VETOES[entry.veto]
            message = f"The veto “{name}” is switched off. A judge can reward such a reply."
            advice = "Switch it on again, or let it cap some criteria."
            path = f"vetoes[{index}].criteria"
            yield Finding(path, "warning", "veto_off", message, advice, entry.veto)


def _left_out(spec: RubricSpec, entry: VetoSpec) -> str:
    free = (c for c in spec.judge_criteria if c.uid not in entry.criteria)
    return listed([c.name.strip() or "a criterion without a name" for c in free], most=3)


# Protected traits

_TRAIT = re.compile(
    r"\b(?:race|racial|ethnic|ethnicity|skin colou?r|religion|religious|muslims?|jews?|jewish"
    r"|christians?|hindus?|buddhists?|atheists?|gender|males?|females?|women|woman|men|man"
    r"|sexual orientation|gay|lesbians?|bisexuals?|homosexuals?|heterosexuals?|transgender"
    r"|disability|disabilities|disabled|pregnant|pregnancy|nationality|immigrants?|migrants?"
    r"|foreigners?|refugees?|elderly|marital status)\b"
)


def _protected_traits(c: CriterionSpec, path: str) -> Iterator[Finding]:
    texts = [(f"{path}.{name}", getattr(c, name)) for name in _WHAT_IS_ASKED]
    texts += [(f"{path}.levels[{i}].anchor", level.anchor) for i, level in enumerate(c.levels)]
    for at, text in texts:
        if found := _TRAIT.search(text.lower()):
            message = f"“{found[0]}” names a protected trait."
            advice = (
                "A reply must not score higher or lower because of who the seeker is. Keep this "
                "only if the criterion guards against that."
            )
            yield Finding(at, "warning", "protected_trait", message, advice, found[0])


_WHAT_IS_ASKED = ("name", "description", "use_when", "avoid_when", "check_argument")
