"""What a person or a program may send as the text of a draft: a spec, complete or not, in bounds.

Types are strict, so that a draft can always be opened again; what is still missing is no error
here but a problem that `rubrics.core.spec.validate` names and publishing waits for.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from rubrics.core.spec import VETOES, CriterionSpec, RubricSpec, SpecError, from_json

MAX_CRITERIA = 100
MAX_LEVELS = 20
MAX_EXEMPLARS = 100
MAX_TAGS = 50
MAX_TEXT = 20_000
# The whole draft, in characters: what a page can still show and a prompt can never need.
MAX_TOTAL_TEXT = 1_000_000
# Kept in columns of the index of a published version.
MAX_TITLE = 120
MAX_NAME = 200
MAX_LABEL = 80
MAX_TAG = 200
MAX_ID = 64
MAX_LEVEL_VALUE = 1000


def read_draft(content: object) -> RubricSpec:
    """The spec in `content`. Raises SpecError for a wrong form and for what is out of bounds."""
    if not isinstance(content, Mapping):
        raise SpecError("", "A rubric is a JSON object.")
    _require_count("criteria", content.get("criteria"), MAX_CRITERIA, "criteria")
    _require_count("vetoes", content.get("vetoes"), len(VETOES), "vetoes")
    spec = from_json(content)
    total = 0
    for path, text, limit in _texts(spec):
        total += len(text)
        if len(text) > limit:
            raise SpecError(
                path, f"This text has {len(text):,} characters. The limit is {limit:,}."
            )
    if total > MAX_TOTAL_TEXT:
        raise SpecError("", f"The rubric is longer than {MAX_TOTAL_TEXT:,} characters.")
    for index, criterion in enumerate(spec.criteria):
        _require_bounds(criterion, f"criteria[{index}]")
    for index, entry in enumerate(spec.vetoes):
        _require_count(f"vetoes[{index}].criteria", entry.criteria, MAX_CRITERIA, "criteria")
    return spec


def _require_bounds(criterion: CriterionSpec, path: str) -> None:
    for name in ("uid", "meaning_id"):
        if not getattr(criterion, name).strip():
            raise SpecError(f"{path}.{name}", "An identity must not be empty.")
    _require_count(f"{path}.levels", criterion.levels, MAX_LEVELS, "levels")
    _require_count(f"{path}.exemplars", criterion.exemplars, MAX_EXEMPLARS, "exemplars")
    _require_count(f"{path}.spans", criterion.spans, 5, "spans")
    _require_count(f"{path}.tags", criterion.tags, MAX_TAGS, "tags")
    for index, level in enumerate(criterion.levels):
        if abs(level.value) > MAX_LEVEL_VALUE:
            message = f"A level must be between -{MAX_LEVEL_VALUE} and {MAX_LEVEL_VALUE}."
            raise SpecError(f"{path}.levels[{index}].value", message)


def _require_count(path: str, items: Any, limit: int, what: str) -> None:
    if isinstance(items, list | tuple) and len(items) > limit:
        raise SpecError(path, f"At most {limit} {what} are allowed here; this has {len(items)}.")


def _texts(spec: RubricSpec) -> Iterator[tuple[str, str, int]]:
    """Every text with its path and the characters that it may have."""
    yield "title", spec.title, MAX_TITLE
    yield "purpose", spec.purpose, MAX_TEXT
    yield "guidance", spec.guidance, MAX_TEXT
    for index, c in enumerate(spec.criteria):
        path = f"criteria[{index}]"
        yield f"{path}.uid", c.uid, MAX_ID
        yield f"{path}.meaning_id", c.meaning_id, MAX_ID
        yield f"{path}.name", c.name, MAX_NAME
        for name in ("description", "use_when", "avoid_when", "check_argument"):
            yield f"{path}.{name}", getattr(c, name), MAX_TEXT
        for i, level in enumerate(c.levels):
            yield f"{path}.levels[{i}].label", level.label, MAX_LABEL
            yield f"{path}.levels[{i}].anchor", level.anchor, MAX_TEXT
        for i, exemplar in enumerate(c.exemplars):
            yield f"{path}.exemplars[{i}].text", exemplar.text, MAX_TEXT
            yield f"{path}.exemplars[{i}].context", exemplar.context, MAX_TEXT
        for i, tag in enumerate(c.tags):
            yield f"{path}.tags[{i}]", tag, MAX_TAG
    for index, entry in enumerate(spec.vetoes):
        yield f"vetoes[{index}].reason", entry.reason, MAX_TEXT
        for i, uid in enumerate(entry.criteria):
            yield f"vetoes[{index}].criteria[{i}]", uid, MAX_ID
