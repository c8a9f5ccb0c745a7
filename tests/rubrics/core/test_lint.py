"""What the lint warns about, and what it leaves alone."""

import dataclasses
import re
import sys

import pytest
from hypothesis import given

from rubrics.core import lint as linting
from rubrics.core.drafts import MAX_TOTAL_TEXT
from rubrics.core.lint import lint
from rubrics.core.spec import CriterionSpec, ExemplarSpec, LevelSpec, validate
from rubrics.demo.epitome import EPITOME
from rubrics.demo.kardia import KARDIA
from rubrics.demo.seeker_survey import SEEKER_SURVEY
from tests.rubrics.core.test_spec import RUBRICS
from tests.support.rubrics import check, criterion, rubric
from tests.support.waiting import SHORT_S

SHOWN = tuple(ExemplarSpec(f"A reply at {value}.", value) for value in (1, 2, 3))


def quiet(**changes: object) -> CriterionSpec:
    """A criterion that nothing is said about."""
    anchors = ("Passes the feeling over.", "Names it in any words.", "Names it in their words.")
    levels = tuple(LevelSpec(v, "", anchor) for v, anchor in enumerate(anchors, start=1))
    given = {"uid": "a", "levels": levels, "exemplars": SHOWN, **changes}
    return criterion(**given)


def with_anchors(*anchors: str) -> CriterionSpec:
    levels = tuple(LevelSpec(v, "", anchor) for v, anchor in enumerate(anchors, start=1))
    return quiet(levels=levels, exemplars=SHOWN[: len(levels)])


def found(*criteria: CriterionSpec, **changes: object) -> list[tuple[str, str]]:
    return [(f.rule, f.path) for f in lint(rubric(*criteria, **changes))]


def test_a_criterion_that_is_clear_gets_no_word():
    assert lint(rubric(quiet(), check("f", "format"))) == []


def test_errors_are_those_that_block_publishing_and_come_first():
    spec = rubric(quiet(name="", description="Is it adequate?"))
    findings = lint(spec)
    assert [f.severity for f in findings] == ["error", "warning"]
    assert [(f.path, f.message) for f in findings[:1]] == [
        (p.path, p.message) for p in validate(spec)
    ]


# Two things in one criterion


@pytest.mark.parametrize("name", ["Warmth and safety", "Warmth & safety", "Tone/length", "A or b"])
def test_a_name_of_two_things(name):
    assert found(quiet(name=name)) == [("two_things", "criteria[0].name")]


@pytest.mark.parametrize("name", ["Warmth", "Understanding", "Candour", "Persona consistency"])
def test_a_name_of_one_thing(name):
    assert found(quiet(name=name)) == []


@pytest.mark.parametrize(
    "description",
    [
        "Does it keep the seeker safe, and does it notice when they are not?",
        "Is the reply warm? Is it short?",
        "Does the reply ask, or does the supporter tell?",
    ],
)
def test_a_second_question(description):
    assert found(quiet(description=description)) == [("two_things", "criteria[0].description")]


@pytest.mark.parametrize(
    "description",
    [
        "Does the reply say what happened and how it felt?",
        "Does the reply communicate what the seeker feels or has gone through?",
        "Does it draw on the profile and on earlier turns?",
        "",
    ],
)
def test_one_question_with_an_and_in_it(description):
    assert found(quiet(description=description)) == []


# Vague words


@pytest.mark.parametrize(
    "anchor", ["Responds appropriately.", "Somewhat warm.", "Gives help, facts, etc.", "Very good."]
)
def test_vague_words_in_an_anchor(anchor):
    findings = lint(rubric(with_anchors("Passes it over.", anchor, "Names it in their words.")))
    assert [(f.rule, f.path) for f in findings] == [("vague", "criteria[0].levels[1].anchor")]
    assert findings[0].quote in anchor.lower() and findings[0].advice


@pytest.mark.parametrize(
    "anchor",
    [
        "An encouragement, a good wish, a word of comfort.",
        "Clear and correct, a little formal.",
        "Names the feeling.",
        "Etching is mentioned.",
    ],
)
def test_words_that_can_be_seen_in_a_text(anchor):
    assert found(with_anchors("Passes it over.", anchor, "Says it in their words.")) == []


# Overlapping and missing anchors


@pytest.mark.parametrize(
    ("lower", "upper", "why"),
    [
        ("Names the feeling.", "names the feeling", "have the same anchor"),
        ("Mostly names the feeling.", "Clearly names the feeling.", "word of degree"),
        ("Asks 1 to 3 questions.", "Asks 3-5 questions.", "both include 3 questions"),
        (
            "Says back in plain words what happened to the seeker today and how it felt there.",
            "Says back in plain words what happened to the seeker today and how it felt then.",
            "say nearly the same",
        ),
    ],
)
def test_neighbours_that_overlap(lower, upper, why):
    findings = lint(rubric(with_anchors("Passes it over.", lower, upper)))
    assert [(f.rule, f.path) for f in findings] == [("overlap", "criteria[0].levels[2].anchor")]
    assert why in findings[0].message and "Levels 2 and 3" in findings[0].message


def test_the_same_anchor_at_levels_far_apart():
    findings = lint(rubric(with_anchors("Names it.", "Passes it over.", "Names it.")))
    assert [f.message for f in findings] == ["Levels 1 and 3 have the same anchor."]


@pytest.mark.parametrize(
    ("lower", "upper"),
    [
        ("Answers the last turn.", "Answers the last turn and draws on an earlier one."),
        ("Asks 1 to 3 questions.", "Asks 4 to 5 questions."),
        ("Asks 1 to 3 questions.", "Has 2 to 5 sentences."),
        ("The reply names the feeling.", "The reply does not name the feeling."),
        ("One sees warmth 1.", "One sees warmth 2."),
        ("As 3.", "As 4."),
    ],
)
def test_neighbours_that_differ(lower, upper):
    assert found(with_anchors("Says nothing of it.", lower, upper)) == []


def test_a_missing_anchor_is_an_error():
    findings = lint(rubric(with_anchors("Passes it over.", " ", "Names it.")))
    assert [(f.severity, f.path) for f in findings] == [("error", "criteria[0].levels[1].anchor")]


# Exemplars


@pytest.mark.parametrize(
    ("exemplars", "message"),
    [
        ((), "No exemplar shows levels 1, 2 and 3."),
        (SHOWN[:2], "No exemplar shows level 3."),
        ((*SHOWN[:2], ExemplarSpec("A reply.", 1)), "No exemplar shows level 3."),
    ],
)
def test_levels_that_no_exemplar_shows(exemplars, message):
    findings = lint(rubric(quiet(exemplars=exemplars)))
    assert [(f.rule, f.path, f.message) for f in findings] == [
        ("no_exemplar", "criteria[0].exemplars", message)
    ]


def test_yes_or_no_needs_no_exemplar():
    assert found(quiet(scale="binary", levels=(), exemplars=())) == []


# Weights


@pytest.mark.parametrize(
    ("formula", "change", "path"),
    [
        ("weighted_mean", {"weight": 0.0}, "criteria[1].weight"),
        ("harmonic_mean", {"weight": 0.004}, "criteria[1].weight"),
    ],
)
def test_a_weight_that_counts_for_nothing(formula, change, path):
    light = quiet(uid="b", **change)
    assert found(quiet(), light, formula=formula) == [("counts_for_nothing", path)]


def test_points_that_count_for_nothing():
    points = {"scale": "points", "levels": (), "exemplars": ()}
    heavy = quiet(points=10.0, **points)
    light = quiet(uid="b", points=0.01, **points)
    rules = [("counts_for_nothing", "criteria[1].points")]
    assert found(heavy, light, formula="healthbench") == rules


@pytest.mark.parametrize(
    "light", [{"weight": 0.02}, {"weight": 0.0, "gate": 2}, {"weight": 0.0, "kind": "check"}]
)
def test_a_weight_that_counts(light):
    if light.get("kind") == "check":
        light |= {"scale": "binary", "levels": (), "check": "format", "exemplars": ()}
    assert found(quiet(), quiet(uid="b", **light)) == []


def test_one_of_a_hundred_equal_criteria_counts():
    assert found(*(quiet(uid=str(n)) for n in range(100))) == []


# Protected traits


@pytest.mark.parametrize(
    "text", ["Fits the seeker’s religion.", "Is it right for a woman?", "Fits the ethnic group."]
)
def test_a_protected_trait(text):
    assert found(quiet(description=text)) == [("protected_trait", "criteria[0].description")]


@pytest.mark.parametrize(
    "text", ["Is it humane?", "Does it manage the trace of it?", "Mentions the embrace."]
)
def test_words_that_only_look_like_one(text):
    assert found(quiet(description=text)) == []


# As a whole


@pytest.mark.parametrize("spec", [KARDIA, EPITOME, SEEKER_SURVEY], ids=lambda spec: spec.title)
def test_demo_rubrics_have_no_error(spec):
    assert [f for f in lint(spec) if f.severity == "error"] == []


def test_warnings_of_the_demo_rubrics_are_the_ones_that_were_read():
    """Kardia's criteria have no exemplars, and Safety asks two questions."""
    assert [(f.rule, f.path) for f in lint(KARDIA)] == [
        ("no_exemplar", "criteria[2].exemplars"),
        ("no_exemplar", "criteria[3].exemplars"),
        ("no_exemplar", "criteria[4].exemplars"),
        ("no_exemplar", "criteria[5].exemplars"),
        ("two_things", "criteria[6].description"),
        ("no_exemplar", "criteria[6].exemplars"),
    ]
    assert lint(EPITOME) == []


@given(RUBRICS)
def test_never_fails_and_always_says_what_to_do(spec):
    for finding in lint(spec):
        assert finding.message.endswith((".", "?"))
        assert finding.severity == "error" or finding.advice
        assert re.match(r"[a-z_]+|criteria\[\d+\]", finding.path)


def steps(spec) -> int:
    """How many lines of the lint run: the work, whatever the machine."""
    linting._wording.cache_clear()
    count = 0

    def trace(frame, event, argument):
        nonlocal count
        count += 1
        return trace

    sys.settrace(trace)
    try:
        lint(spec)
    finally:
        sys.settrace(None)
    return count


def test_work_grows_with_the_number_of_criteria_and_no_faster():
    def many(n):
        return rubric(*(quiet(uid=str(i), exemplars=()) for i in range(n)))

    assert steps(many(80)) < 2.2 * steps(many(40))


HARD = ("and ", "a/", "1 to ", "?", " ", "to some ", "a ", "1-")


@pytest.mark.timeout(SHORT_S)
@pytest.mark.parametrize("text", HARD)
def test_a_whole_draft_of_text_that_nearly_matches_does_not_stall(text):
    """As much text as a draft may hold: a pattern that goes back over it would take minutes."""
    long = text * (MAX_TOTAL_TEXT // 60 // 5 // len(text))
    levels = tuple(LevelSpec(v, "", f"{long} {v}") for v in range(3))
    one = quiet(description=long, use_when=long, name=text * 20, levels=levels)
    lint(rubric(*(dataclasses.replace(one, uid=str(n)) for n in range(60))))
