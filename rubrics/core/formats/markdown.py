"""A rubric as Markdown to read, print and send. What people wrote is escaped, so that no word of it
becomes a heading, a link or HTML, but for the guidance, which is Markdown itself."""

import re
from collections.abc import Iterator

from rubrics.core.spec import VETOES, CriterionSpec, RubricSpec, formula_in_words
from rubrics.core.wording import (
    CHECKS,
    FORMULAS,
    SPANS,
    TARGETS,
    share_in_words,
    veto_in_words,
)

_SPECIAL = re.compile(r"([\\`*_{}\[\]<>()#+!|~=-])")


def write(spec: RubricSpec) -> str:
    return "\n".join(_lines(spec)).rstrip() + "\n"


def lost(spec: RubricSpec) -> list[str]:
    return ["It is only for reading. You can’t import it again."]


def _lines(spec: RubricSpec) -> Iterator[str]:
    yield f"# {_line(spec.title)}\n"
    if spec.purpose:
        yield f"{_escaped(spec.purpose)}\n"
    yield f"- Rates: {TARGETS[spec.target]}"
    yield f"- Formula: {FORMULAS[spec.formula]}"
    if spec.judge_criteria:
        yield f"- Total: {_line(formula_in_words(spec))}"
    for entry in spec.vetoes:
        words = _line(veto_in_words(spec, entry.veto))
        yield f"- Veto “{VETOES[entry.veto]}”: {words}"
    yield ""
    if spec.guidance:
        yield f"## Guidance\n\n{_guidance(spec.guidance)}\n"
    for number, criterion in enumerate(spec.criteria, start=1):
        yield from _criterion(spec, criterion, number)


def _criterion(spec: RubricSpec, c: CriterionSpec, number: int) -> Iterator[str]:
    yield f"## {number}. {_line(c.name)}\n"
    if c.description:
        yield f"{_escaped(c.description)}\n"
    if share := share_in_words(spec, c):
        yield f"- Counts: {share}"
    if c.kind == "check" and c.check:
        yield f"- Check: {CHECKS[c.check]} {_line(c.check_argument)}".rstrip()
    yield f"- Reads: {', '.join(SPANS[span] for span in c.spans)}"
    if c.gate is not None:
        gated = "at most 0" if spec.formula == "healthbench" else "0"
        yield f"- Gate: below {c.gate} the total is {gated}"
    if c.use_when:
        yield f"- When to use: {_line(c.use_when)}"
    if c.avoid_when:
        yield f"- When not: {_line(c.avoid_when)}"
    if c.tags:
        yield f"- Tags: {_line(', '.join(c.tags))}"
    yield ""
    for level in sorted(c.levels, key=lambda each: each.value):
        yield f"{_line(f'{level.value} {level.label}')}: {_line(level.anchor)}\n"
        for exemplar in c.exemplars:
            if exemplar.level == level.value:
                yield f"{_quoted(exemplar.context, exemplar.text)}\n"


def _quoted(*texts: str) -> str:
    lines = [line for text in texts if text for line in _escaped(text).split("\n")]
    return "\n".join(f"> {line}" for line in lines)


def _guidance(text: str) -> str:
    """Markdown already; only its HTML is made harmless. By an entity: what stands before a
    backslash can undo it."""
    return text.replace("<", "&lt;")


def _escaped(text: str) -> str:
    return "\n".join(_SPECIAL.sub(r"\\\1", line.strip()) for line in text.strip().splitlines())


def _line(text: str) -> str:
    return " ".join(_escaped(text).split())
