"""Formats of the field, as lists of criteria in JSON.

HealthBench (arXiv 2505.08775): {"criterion", "points", "tags"}; HealthBench Professional has
"rubric_items" of {"criterion_text", "points"}. Rubrics as Rewards (arXiv 2507.17746): {"title",
"description", "weight"} with a category. RubricHub: {"criterion", "points", "tags"}, where the tags
tell its own programs how to check; they are left out. Whatever tags say, a criterion is met or not.
"""

import itertools
import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any
from uuid import uuid4

from rubrics.core.drafts import (
    MAX_CRITERIA,
    MAX_NAME,
    MAX_TAG,
    MAX_TAGS,
    MAX_TEXT,
    MAX_TITLE,
)
from rubrics.core.formats.reading import BadFile, Node
from rubrics.core.spec import RAR_WEIGHTS, CriterionSpec, Formula, RubricSpec
from webapp.text import listed

_CATEGORIES = tuple(RAR_WEIGHTS)
_SIGNED = "-10 to 10, and not 0"


# Reading


def read_healthbench(file: Node, title: str) -> RubricSpec:
    return _read(file, title, "healthbench", _signed)


def read_rubrichub(file: Node, title: str) -> RubricSpec:
    return _read(file, title, "weighted_mean", _weighted)


def read_rar(file: Node, title: str) -> RubricSpec:
    return _read(file, title, "rar", _categorised)


def _read(
    file: Node, title: str, formula: Formula, read_one: Callable[[Node], CriterionSpec]
) -> RubricSpec:
    items = _items(file)
    if not items:
        raise BadFile(file.line, "The list is empty.", "at least one criterion")
    if len(items) > MAX_CRITERIA:
        raise BadFile(
            items[MAX_CRITERIA].line,
            f"The file has {len(items):,} criteria.",
            f"at most {MAX_CRITERIA}",
        )
    found = [read_one(item) for item in items]
    names = _names([each.description for each in found])
    criteria = tuple(
        each if each.name else replace(each, name=name)
        for each, name in zip(found, names, strict=True)
    )
    return RubricSpec(title=title[:MAX_TITLE], formula=formula, criteria=criteria)


_LISTS = ("rubrics", "rubric", "Rubrics", "rubric_items")


def _items(file: Node) -> list[Node]:
    """The list itself, or the one that data sets carry under one of these names."""
    node = file
    if isinstance(node.value, dict):
        places = [node.value]
        if (reward := node.value.get("reward_model")) and isinstance(reward.value, dict):
            places.append(reward.value)
        lists = (place.get(key) for key in _LISTS for place in places)
        node = next((found for found in lists if found), node)
    if not isinstance(node.value, list):
        raise BadFile(
            node.line, "This is not a list of criteria.", "a list, or an object with “rubrics”"
        )
    return node.value


def _signed(item: Node) -> CriterionSpec:
    known = _object(item, {"criterion", "criterion_text", "points", "tags"})
    text = _text(item, known, "criterion_text" if "criterion_text" in known else "criterion")
    points = _number(item, known, "points", -10, 10, _SIGNED)
    if not points:
        raise BadFile(known["points"].line, "points is 0.", f"a number from {_SIGNED}")
    return _criterion(text, scale="points", points=points, tags=_tags(known))


def _weighted(item: Node) -> CriterionSpec:
    known = _object(item, {"criterion", "points", "tags"})
    points = _number(item, known, "points", 0, 10, "0 to 10")
    return _criterion(_text(item, known, "criterion"), scale="binary", weight=points)


def _categorised(item: Node) -> CriterionSpec:
    known = _object(item, {"title", "description", "weight", "category"})
    description = _text(item, known, "description")
    name = _text(item, known, "title")
    category = _category(item, known, description)
    return _criterion(description, name=name, scale="binary", category=category)


def _category(item: Node, known: Mapping[str, Node], description: str) -> str:
    """As a field, as the first word of the description, or by the sign and size of the weight."""
    if "category" in known:
        given = known["category"]
        if isinstance(given.value, str) and given.value.strip().lower() in _CATEGORIES:
            return given.value.strip().lower()
        raise BadFile(given.line, "category is not known.", f"one of {', '.join(_CATEGORIES)}")
    first = description.split(" ", 1)[0].rstrip(":").lower()
    if first in _CATEGORIES:
        return first
    weight = _number(item, known, "weight", -5, 5, "-5 to 5")
    if weight < 0:
        return "pitfall"
    exact = {value: name for name, value in RAR_WEIGHTS.items() if name != "pitfall"}
    if weight in exact and weight != 1.0:
        return exact[weight]
    # RaR's data sets weigh from 1 to 5.
    return (
        "essential" if weight >= 5 or weight == 1.0 else "important" if weight >= 3 else "optional"
    )


def _criterion(text: str, *, name: str = "", **given: Any) -> CriterionSpec:
    """A criterion that is met or not."""
    return CriterionSpec(
        uid=str(uuid4()),
        meaning_id=str(uuid4()),
        name=name[:MAX_NAME],
        description=text,
        **given,
    )


def _names(texts: Sequence[str]) -> list[str]:
    """The beginning of each text. Criteria that share a preamble are named by their last line, and
    what is still the same is counted."""
    firsts = [_beginning(text) for text in texts]
    shared = Counter(firsts)
    names: list[str] = []
    for text, first in zip(texts, firsts, strict=True):
        name = first if shared[first] == 1 else _beginning(text.strip().rsplit("\n", 1)[-1])
        same = next(n for n in itertools.count(1) if _counted(name, n) not in names)
        names.append(_counted(name, same))
    return names


def _counted(name: str, number: int) -> str:
    return name if number == 1 else f"{name} ({number})"


def _beginning(text: str) -> str:
    line = text.strip().split("\n", 1)[0]
    return line if len(line) <= 80 else f"{line[:79].rsplit(' ', 1)[0]}…"


def _object(item: Node, known: set[str]) -> dict[str, Node]:
    if not isinstance(item.value, dict):
        raise BadFile(item.line, "This entry is not an object.", "fields in braces")
    if unknown := sorted(set(item.value) - known):
        names = ", ".join(sorted(known))
        raise BadFile(
            item.value[unknown[0]].line, f"The field “{unknown[0]}” is not known.", f"only {names}"
        )
    return item.value


def _text(item: Node, known: Mapping[str, Node], name: str) -> str:
    node = known.get(name)
    if node is None:
        raise BadFile(item.line, f"The field “{name}” is missing.", f"a text as {name}")
    if not isinstance(node.value, str) or not node.value.strip() or "\0" in node.value:
        raise BadFile(node.line, f"{name} is not text.", "words in quotes")
    if len(node.value) > MAX_TEXT:
        raise BadFile(node.line, f"{name} is too long.", f"at most {MAX_TEXT:,} characters")
    return node.value.strip()


def _tags(known: Mapping[str, Node]) -> tuple[str, ...]:
    """The tags, each once; none where the field is missing or null."""
    node = known.get("tags")
    if node is None or node.value is None:
        return ()
    expected = f"a list of at most {MAX_TAGS} texts of at most {MAX_TAG} characters"
    if not isinstance(node.value, list) or len(node.value) > MAX_TAGS:
        raise BadFile(node.line, "These tags can’t be read.", expected)
    for tag in node.value:
        if not isinstance(tag.value, str) or len(tag.value) > MAX_TAG:
            raise BadFile(tag.line, "This tag can’t be read.", expected)
    return tuple(dict.fromkeys(tag.value.strip() for tag in node.value if tag.value.strip()))


def _number(
    item: Node, known: Mapping[str, Node], name: str, low: float, high: float, range_: str
) -> float:
    node = known.get(name)
    if node is None:
        raise BadFile(item.line, f"The field “{name}” is missing.", f"a number from {range_}")
    value = node.value
    if isinstance(value, bool) or not isinstance(value, int | float) or not low <= value <= high:
        raise BadFile(node.line, f"{name} is {_shown(value)}.", f"a number from {range_}")
    return float(value)


def _shown(value: Any) -> str:
    return str(value)[:40] if isinstance(value, int | float | bool) else "not a number"


# Writing


def to_healthbench(spec: RubricSpec) -> str:
    return _written(
        {
            "criterion": _sentence(c),
            "points": c.points if c.points is not None else _as_points(spec, c),
            "tags": list(c.tags),
        }
        for c in spec.judge_criteria
    )


def to_rubrichub(spec: RubricSpec) -> str:
    return _written(
        {"criterion": _sentence(c), "points": max(_as_points(spec, c), 0.0)}
        for c in spec.judge_criteria
    )


def to_rar(spec: RubricSpec) -> str:
    return _written(
        {
            "title": c.name.strip(),
            "description": _sentence(c),
            "weight": RAR_WEIGHTS[category],
            "category": category,
        }
        for c in spec.judge_criteria
        for category in [c.category or _nearest_category(spec, c)]
    )


def _written(items: Iterator[dict[str, Any]]) -> str:
    return json.dumps(list(items), ensure_ascii=False, indent=2) + "\n"


def _sentence(c: CriterionSpec) -> str:
    return c.description.strip() or c.name.strip()


def _as_points(spec: RubricSpec, c: CriterionSpec) -> float:
    """Points of a criterion that has a weight or a category: 10 for the heaviest."""
    if c.points is not None:
        return c.points
    if spec.formula == "rar" and c.category:
        return round(10 * RAR_WEIGHTS[c.category], 2)
    heaviest = max((each.weight for each in spec.judge_criteria), default=0.0)
    return round(10 * c.weight / heaviest, 2) if heaviest else 0.0


def _nearest_category(spec: RubricSpec, c: CriterionSpec) -> str:
    points = _as_points(spec, c)
    if points < 0:
        return "pitfall"
    return "essential" if points >= 8.5 else "important" if points >= 5 else "optional"


# What is lost


def lost_in_healthbench(spec: RubricSpec) -> list[str]:
    return _lost(spec, keeps_names=False, keeps_tags=True, formula="healthbench")


def lost_in_rubrichub(spec: RubricSpec) -> list[str]:
    lost = _lost(spec, keeps_names=False, formula="weighted_mean")
    if negative := [c.name for c in spec.judge_criteria if (c.points or 0) < 0]:
        lost.append(f"Points below zero become 0: {_named(negative)}.")
    return lost


def lost_in_rar(spec: RubricSpec) -> list[str]:
    return _lost(spec, keeps_names=True, formula="rar")


def _lost(
    spec: RubricSpec, *, keeps_names: bool, formula: Formula, keeps_tags: bool = False
) -> list[str]:
    judged = spec.judge_criteria
    names = _names([_sentence(c) for c in judged])
    found = {
        "levels and their anchors (the format only knows met or not met)": [
            c.name for c in judged if c.scale == "levels"
        ],
        "names beside the text of a criterion": [
            c.name for c, name in zip(judged, names, strict=True)
            if not keeps_names and c.description.strip() and c.name != name
        ],
        "when to use a criterion, and when not": [
            c.name for c in judged if c.use_when or c.avoid_when
        ],
        "gates": [c.name for c in judged if c.gate is not None],
        "exemplars": [c.name for c in judged if c.exemplars],
        "which part of the reply a criterion reads": [
            c.name for c in judged if c.spans != ("response",)
        ],
        "tags": [c.name for c in judged if c.tags and not keeps_tags],
        "checks": [c.name for c in spec.checks],
    }  # fmt: skip
    lost = [f"It leaves out {what}: {_named(names)}." for what, names in found.items() if names]
    if spec.purpose or spec.guidance:
        lost.append("It leaves out purpose and guidance.")
    if spec.vetoes:
        lost.append("It leaves out what the rubric says of vetoes.")
    if spec.formula != formula:
        lost.append("Weights are converted, because the format has another formula for the total.")
    if repeated := [n for n, count in Counter(_sentence(c) for c in judged).items() if count > 1]:
        lost.append(f"Criteria with the same text can't be told apart: {_named(repeated)}.")
    return lost


def _named(names: Iterable[str]) -> str:
    return listed((name.strip() or "a criterion without a name" for name in names), most=4)
