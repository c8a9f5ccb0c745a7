"""Rubrics in files: exact round trips, what foreign formats hold, and what is said of bad files."""

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from rubrics.core.formats import FORMATS, MAX_BYTES, BadFile, losses, read, write
from rubrics.core.spec import (
    VETOES,
    CriterionSpec,
    ExemplarSpec,
    LevelSpec,
    Outcome,
    RubricSpec,
    VetoSpec,
    spec_hash,
    to_json,
    total,
    validate,
)
from rubrics.demo.epitome import EPITOME
from rubrics.demo.kardia import KARDIA
from rubrics.judging.prompts import allows_not_applicable, rubric_text
from tests.support.rubrics import in_one_order

EXACT = ("kardia-yaml", "kardia-json")
KEPT = st.characters(exclude_categories=["Cs"], exclude_characters="\0")
# What Unicode has, but for what no text of a rubric may hold; and what trips YAML up.
TEXTS = st.one_of(
    st.text(KEPT, max_size=40),
    st.sampled_from(
        [
            "no", "null", "~", "1e5", "0x1F", "2026-01-01", "- a", "a: b", "# a", "*a", "&a", "!a",
            "| a", " a ", "a\n", "\na", "a\n\n b\n", "a \nb", "a\u2028b\x85c", "\ufeffa", "\t\ta\n",
            "'", '"', "\\", "\\u0041", "\x7f", "😀", "%a", "@a", "`a`", "{a}", "[a", "a\r\nb", "=",
            "<<", "y", ".nan", "+.inf", "a" * 300, "word " * 60, "  two  spaces  and   three  ",
        ]
    ),
)  # fmt: skip
NUMBERS = st.one_of(
    st.integers(-1000, 1000).map(float),
    st.floats(-1_000_000, 1_000_000, allow_nan=False, allow_infinity=False),
)
LEVELS = st.lists(st.builds(LevelSpec, st.integers(-1000, 1000), TEXTS, TEXTS), max_size=3).map(
    tuple
)
CRITERIA = st.builds(
    CriterionSpec,
    uid=st.uuids().map(str),
    meaning_id=st.uuids().map(str),
    name=TEXTS.map(lambda text: text[:200]),
    description=TEXTS,
    use_when=TEXTS,
    avoid_when=TEXTS,
    kind=st.sampled_from(["judge", "check"]),
    scale=st.sampled_from(["levels", "binary", "points"]),
    levels=LEVELS.map(lambda levels: tuple(replace(x, label=x.label[:80]) for x in levels)),
    weight=NUMBERS,
    points=st.none() | NUMBERS,
    category=st.sampled_from(["", "essential", "important", "optional", "pitfall"]),
    gate=st.none() | st.integers(-5, 5),
    spans=st.lists(st.sampled_from(["understanding", "response", "whole"]), max_size=3).map(tuple),
    check=st.sampled_from(["", "format", "contains"]),
    check_argument=TEXTS,
    exemplars=st.lists(st.builds(ExemplarSpec, TEXTS, st.integers(-5, 5), TEXTS), max_size=2).map(
        tuple
    ),
    tags=st.lists(TEXTS.map(lambda text: text[:200]), max_size=3).map(tuple),
)
SPECS = st.builds(
    RubricSpec,
    title=TEXTS.map(lambda text: text[:120]),
    purpose=TEXTS,
    target=st.sampled_from(["turn", "dialogue"]),
    guidance=TEXTS,
    formula=st.sampled_from(["weighted_mean", "harmonic_mean", "healthbench", "rar"]),
    criteria=st.lists(CRITERIA, max_size=3).map(tuple),
    vetoes=st.lists(
        st.builds(
            VetoSpec, st.sampled_from(list(VETOES)), st.lists(st.uuids().map(str)).map(tuple), TEXTS
        ),
        max_size=2,
    ).map(in_one_order),
)


@pytest.mark.slow
@pytest.mark.parametrize("name", EXACT)
@given(spec=SPECS)
@settings(max_examples=60, deadline=None)
def test_own_formats_are_exact(name: str, spec: RubricSpec) -> None:
    again = read(write(spec, name).encode(), name, title="Other")
    assert again == spec
    assert spec_hash(again) == spec_hash(spec)


@pytest.mark.parametrize("name", EXACT)
@pytest.mark.parametrize("spec", [KARDIA, EPITOME], ids=["kardia", "epitome"])
def test_real_rubrics_come_back_as_they_were(name: str, spec: RubricSpec) -> None:
    text = write(spec, name)
    assert read(b"\xef\xbb\xbf" + text.encode(), name, title="") == spec
    assert read(text.replace("\n", "\r\n").encode(), name, title="").title == spec.title
    assert losses(spec, name) == []


@given(st.recursive(
    st.none() | st.booleans() | st.integers(-(10**6), 10**6) | st.text(KEPT, max_size=9),
    lambda inner: st.lists(inner, max_size=3)
    | st.dictionaries(st.text(KEPT, max_size=5), inner),
    max_leaves=12,
))  # fmt: skip
def test_the_json_reader_reads_what_python_reads(value: Any) -> None:
    from rubrics.core.formats.reading import parse_json

    for text in (json.dumps(value), json.dumps(value, indent=1, ensure_ascii=False)):
        assert parse_json(text).plain == value


def test_every_line_is_the_right_one() -> None:
    from rubrics.core.formats.reading import parse_json, parse_yaml

    in_json = parse_json('\n{"a": [1,\n\n  {"b":\n "c\\nd"}],\n"e": null}')
    assert in_json.value["a"].value[1].value["b"].line == 5
    assert in_json.value["e"].line == 6
    in_yaml = parse_yaml("a:\n- 1\n\n- b: |\n    c\n    d\ne: ~\n")
    assert in_yaml.value["a"].value[1].value["b"].line == 4
    assert (in_yaml.value["e"].line, in_yaml.value["e"].value) == (7, None)


GOOD = to_json(KARDIA)


def changed(**changes: Any) -> str:
    return json.dumps({**GOOD, **changes}, indent=1)


@pytest.mark.parametrize(
    ("name", "text", "line", "said"),
    [
        ("kardia-json", "", None, "The file is empty"),
        ("kardia-json", "  \n", None, "The file is empty"),
        ("kardia-json", "[]", 1, "This is not a rubric"),
        ("kardia-json", "{}", 1, "spec_format"),
        ("kardia-json", '{"title":\n}', 2, "not valid JSON: expecting value"),
        ("kardia-json", '{"a": 1,\n"a": 2}', 2, "“a” appears twice"),
        ("kardia-json", '{\n"weight": NaN}', 2, "NaN is not a number"),
        ("kardia-json", '{"weight":\n-Infinity}', 2, "-Infinity is not a number"),
        # The word in a text is none.
        ("kardia-json", '{"a": "NaN, \\"NaN",\n"b": "Infinity",\n"c": NaN}', 3, "NaN is not a"),
        ("kardia-json", '{"a":\n' + "9" * 5000 + "}", 2, "too many digits"),
        ("kardia-json", '{"a":\n1e999}', 2, "too large"),
        ("kardia-json", "[\n" + "[" * 100_000 + "]" * 100_000, 2, "nested too deeply"),
        ("kardia-json", "[" * 30 + "]" * 30, 1, "nested too deeply"),
        ("kardia-json", "[" + "1," * 60_000 + "1]", 1, "too many values"),
        ("kardia-json", '{"a":\n"\\ud800"}', 2, "can’t be stored"),
        ("healthbench", '[\n{"\\ud800": 1}]', 2, "can’t be stored"),
        ("kardia-yaml", 'a: 1\nb: "\\0"', 2, "can’t be stored"),
        ("kardia-json", changed(formula="best"), None, "formula: One of"),
        ("kardia-json", changed(criteria=[{"uid": "a"}]), None, "meaning_id: This field is"),
        ("kardia-json", changed(surprise=1), None, "Unknown field: surprise"),
        ("kardia-yaml", "a: [1", 2, "This is not valid YAML"),
        ("kardia-yaml", "a: 1\n\tb: 2", 2, "This is not valid YAML"),
        ("kardia-yaml", "a: 1\na: 2", 2, "“a” appears twice"),
        ("kardia-yaml", "a: &x [1]\nb: *x", 2, "Aliases"),
        ("kardia-yaml", "a: 1\nb: !!python/object/apply:os.system [ls]", 2, "Tags ("),
        ("kardia-yaml", "a: 1\n---\nb: 2", 2, "second document"),
        ("kardia-yaml", "# nothing", None, "file is empty"),
        ("kardia-yaml", "a:\n  .nan", 2, "not a number"),
        ("kardia-yaml", "? [a]\n: b", 1, "name of a field"),
        ("kardia-yaml", "[" * 5000, 1, "nested too deeply"),
        ("kardia-yaml", "title: 5\nspec_format: 1", 1, "title: Text was expected"),
        ("healthbench", '{"a": 1}', 1, "not a list of criteria"),
        ("healthbench", "[]", 1, "The list is empty"),
        ("healthbench", "[\n1]", 2, "not an object"),
        ("healthbench", '[{"criterion": "a"}]', 1, "“points” is missing"),
        ("healthbench", '[{"criterion": "a",\n"points": 0}]', 2, "points is 0"),
        ("healthbench", '[{"criterion": "a",\n"points": 11}]', 2, "points is 11"),
        ("healthbench", '[{"criterion": "a",\n"points": true}]', 2, "points is True"),
        ("healthbench", '[{"criterion":\n" ", "points": 1}]', 2, "criterion is not text"),
        ("healthbench", '[{"criterion": "a", "points": 1,\n"mood": 1}]', 2, "“mood” is not known"),
        ("healthbench", json.dumps([{"criterion": "a", "points": 1}] * 101), 1, "101 criteria"),
        ("rar", '[{"title": "a", "description": "b",\n"category": "Vital"}]', 2, "not known"),
        ("rar", '[{"title": "a", "description": "b"}]', 1, "“weight” is missing"),
        ("rubrichub", '[{"criterion": "a",\n"points": -1}]', 2, "points is -1"),
        ("markdown", "# A", None, "format can’t be read"),
        ("word", "A", None, "format can’t be read"),
    ],
)  # fmt: skip
def test_bad_file_gets_the_line_the_reason_and_what_was_expected(
    name: str, text: str, line: int | None, said: str
) -> None:
    with pytest.raises(BadFile) as caught:
        read(text.encode(), name, title="T")
    assert said in str(caught.value) and "Expected: " in str(caught.value)
    if line is not None:
        assert caught.value.line == line


def test_wrong_place_in_a_rubric_is_found_by_its_line() -> None:
    lines = write(KARDIA, "kardia-yaml").splitlines()
    at = next(n for n, line in enumerate(lines) if line.strip().startswith("scale:"))
    lines[at] = lines[at].split(":")[0] + ": sideways"
    with pytest.raises(BadFile) as caught:
        read("\n".join(lines).encode(), "kardia-yaml", title="")
    assert caught.value.line == at + 1
    assert "criteria[0].scale: One of" in caught.value.reason


def test_bytes_that_are_no_text() -> None:
    with pytest.raises(BadFile, match="Line 2: The file is not UTF-8"):
        read(b"a: 1\nb: \xff\xfe", "kardia-yaml", title="")
    with pytest.raises(BadFile, match="at most 4 MiB"):
        read(b" " * (MAX_BYTES + 1), "kardia-json", title="")


def test_healthbench_goes_in_and_out() -> None:
    items = [
        {"criterion": "Asks about danger", "points": 7.0, "tags": ["level:example", "axis:safety"]},
        {"criterion": "Lectures", "points": -4.0, "tags": []},
    ]
    spec = read(json.dumps({"rubrics": items}).encode(), "healthbench", title="Safety")
    assert (spec.title, spec.formula, validate(spec)) == ("Safety", "healthbench", [])
    assert json.loads(write(spec, "healthbench")) == items
    assert losses(spec, "healthbench") == []


PREAMBLE = "A new parent writes to a help line.\nWhat counts:\n- Nothing may do harm.\n"


def test_a_row_of_healthbench_is_met_or_not_whatever_its_tags() -> None:
    """Met, unmet, unmet, unmet: 9 of the 19 positive points."""
    given = [
        ("Names a person to call.", 9, ["level:example", "axis:completeness"]),
        ("Tells the person to stop.", -10, ["level:example", "axis:accuracy"]),
        (f"{PREAMBLE}The answer has to ask.", 5, ["level:cluster", "cluster:context_seeking"]),
        (f"{PREAMBLE}The answer has to be safe.", 5, ["level:cluster", "cluster:safe"]),
        (f"{PREAMBLE}The answer has to be safe.", -1, []),
    ]
    rows = [{"criterion": text, "points": points, "tags": tags} for text, points, tags in given]
    file = json.dumps({"prompt_id": "x", "example_tags": ["theme:a"], "rubrics": rows})
    spec = read(file.encode(), "healthbench", title="T")
    assert validate(spec) == []
    assert not any(allows_not_applicable(each) for each in spec.criteria)
    assert [each.name for each in spec.criteria] == [
        "Names a person to call.", "Tells the person to stop.", "The answer has to ask.",
        "The answer has to be safe.", "The answer has to be safe. (2)",
    ]  # fmt: skip
    met = {each.uid: Outcome("scored", float(not at)) for at, each in enumerate(spec.criteria)}
    assert total(spec, met) == pytest.approx(9 / 19)
    assert not any("names" in each for each in losses(spec, "healthbench"))
    # They are kept beside the criterion, and stand in no prompt.
    assert [list(each.tags) for each in spec.criteria] == [tags for _, _, tags in given]
    shown = rubric_text(spec, spec.criteria)
    assert not any(tag in shown for _, _, tags in given for tag in tags)
    assert "tags" in " ".join(losses(spec, "rubrichub"))


@pytest.mark.parametrize("tags", ["axis:accuracy", ["a", 1], {"verifier": "llm"}, ["x" * 201]])
def test_tags_that_are_no_list_of_texts_are_told_with_their_line(tags: Any) -> None:
    row = {"criterion": "Names one thing to try.", "points": 9, "tags": tags}
    with pytest.raises(
        BadFile, match=r"Line \d: Th.* can’t be read. Expected: a list of at most 50"
    ):
        read(json.dumps([row], indent=1).encode(), "healthbench", title="T")


def test_a_row_of_healthbench_professional_is_read_as_it_comes() -> None:
    items = [
        {"criterion_text": "Names the dose in milligrams.", "points": 8},
        {"criterion_text": "Invents a source.", "points": -6},
    ]
    row = {"conversation": [{"role": "user", "content": "How much?"}], "rubric_items": items}
    spec = read(json.dumps(row).encode(), "healthbench", title="Dose")
    assert (spec.formula, validate(spec)) == ("healthbench", [])
    assert [(each.description, each.points) for each in spec.criteria] == [
        ("Names the dose in milligrams.", 8.0), ("Invents a source.", -6.0),
    ]  # fmt: skip


def test_a_row_of_rubrichub_is_read_as_it_comes() -> None:
    tags = {"function": "", "parameters": "", "verifier": "llm"}
    rows = [{"criterion": "Names one thing to try.", "points": 9, "tags": tags}]
    reward = {"style": "rubric", "ground_truth": "", "rubrics": rows}
    for row in ({"Rubrics": rows, "reward_model": reward}, {"reward_model": reward}):
        file = json.dumps({"data_source": "Medical", "prompt": [], **row})
        [criterion] = read(file.encode(), "rubrichub", title="T").criteria
        assert (criterion.name, criterion.weight) == ("Names one thing to try.", 9)
        assert not allows_not_applicable(criterion)


def test_rar_goes_in_and_out() -> None:
    items = [
        {"title": "Names it", "description": "Names the feeling", "weight": 1.0},
        {"title": "No advice", "description": "Pitfall: gives advice", "weight": -1},
        {"title": "Short", "description": "Is short", "weight": 0.3, "category": "Optional"},
    ]
    spec = read(json.dumps(items).encode(), "rar", title="Care")
    assert [c.category for c in spec.criteria] == ["essential", "pitfall", "optional"]
    assert validate(spec) == []
    assert read(write(spec, "rar").encode(), "rar", title="Care").formula == "rar"
    assert [c["category"] for c in json.loads(write(spec, "rar"))] == [
        "essential", "pitfall", "optional",
    ]  # fmt: skip


def test_rubrichub_goes_in_and_out() -> None:
    items = [{"criterion": "Is warm", "points": 10.0}, {"criterion": "Is brief", "points": 2.5}]
    spec = read(json.dumps(items).encode(), "rubrichub", title="Care")
    assert validate(spec) == []
    assert json.loads(write(spec, "rubrichub")) == items


def test_what_a_format_cannot_hold_is_said() -> None:
    said = " ".join(losses(KARDIA, "healthbench"))
    assert "levels and their anchors" in said and "another formula" in said
    assert any("checks" in each for each in losses(KARDIA, "rar")) == bool(KARDIA.checks)
    pitfall = read(b'[{"criterion": "Lectures", "points": -4}]', "healthbench", title="T")
    assert "become 0: Lectures" in " ".join(losses(pitfall, "rubrichub"))
    for name in FORMATS:
        assert write(KARDIA, name).endswith("\n")


def test_markdown_shows_words_as_words() -> None:
    spec = RubricSpec(
        title="# <b>T</b>",
        guidance="Read *all*. <script>",
        criteria=(
            CriterionSpec(
                "a", "a", "[x](javascript:y)", description="# no heading\n- no list",
                levels=(LevelSpec(1, "*One*", "a\nb"), LevelSpec(2, "Two", "c")),
                exemplars=(ExemplarSpec("> said", 1, "before"),), gate=2,
            ),
        ),
    )  # fmt: skip
    text = write(spec, "markdown")
    assert text.startswith("# \\# \\<b\\>T\\</b\\>\n")
    assert "## 1. \\[x\\]\\(javascript:y\\)" in text and "\n\\# no heading\n\\- no list" in text
    assert "&lt;script>" in text and "> before\n> \\> said" in text
    assert "1 \\*One\\*: a b" in text and "- Gate: below 2 the total is 0" in text


@pytest.mark.parametrize("guidance", ["<script>", "\\<script>", "\\\\<script>", "a\n<img src=x>"])
def test_markdown_holds_no_html_however_it_was_escaped(guidance: str) -> None:
    spec = RubricSpec(title="T", guidance=guidance, criteria=(CriterionSpec("a", "a", "A"),))
    html = MarkdownIt("commonmark").render(write(spec, "markdown"))
    assert "<script>" not in html and "<img" not in html


def test_markdown_has_no_heading_that_a_description_underlines() -> None:
    criterion = CriterionSpec("a", "a", "A", description="Not a heading\n===")
    html = MarkdownIt("commonmark").render(
        write(RubricSpec(title="T", criteria=(criterion,)), "markdown")
    )
    assert html.count("<h1>") == 1
