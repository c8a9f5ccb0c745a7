"""The learned judge, on rows whose levels are known by construction."""

import random
import sys
from dataclasses import replace

import pytest

from rubrics.core.spec import criterion_hash
from rubrics.judging.artefact import ArtefactError, artefact_hash, load, save
from rubrics.judging.judge import rate_sync
from rubrics.judging.learned import LabelledRow, fit
from tests.support.rubrics import context, criterion, item, rubric

WARM = ["I am with you.", "I feel for you.", "That moves me.", "My heart goes out to you."]
FLAT = ["Read the manual.", "Buy a lamp.", "Go to bed.", "Make a list."]
ASKS = ["What was it like?", "Who was there?"]
SPEC = rubric(criterion("warmth", low=0, high=2), criterion("asking", low=0, high=1))


def labelled(count, seed=0):
    chance = random.Random(seed)
    rows = []
    for _ in range(count):
        warmth, asking = chance.randint(0, 2), chance.randint(0, 1)
        parts = chance.sample(WARM, warmth) + chance.sample(FLAT, 2 - warmth)
        parts += chance.sample(ASKS, asking)
        chance.shuffle(parts)
        rows.append(LabelledRow(context(" ".join(parts)), {"warmth": warmth, "asking": asking}))
    return rows


@pytest.fixture(scope="module")
def judge():
    return fit(SPEC, labelled(300), seed=1)


def inputs_of(rows):
    return [item(row.context["candidate"]["raw"], str(index)) for index, row in enumerate(rows)]


def test_learns_what_separates_the_levels(judge):
    rows = labelled(100, seed=5)
    results = rate_sync(SPEC, inputs_of(rows), judge)
    for uid in ("warmth", "asking"):
        right = sum(
            r.scores[uid].value == row.levels[uid] for r, row in zip(results, rows, strict=True)
        )
        assert right >= 95


def test_expected_score_lies_on_the_scale_and_follows_the_level(judge):
    results = rate_sync(SPEC, inputs_of(labelled(60, seed=6)), judge)
    by_value = {0: [], 1: [], 2: []}
    for result in results:
        score = result.scores["warmth"]
        assert 0 <= score.expected <= 2
        by_value[score.value].append(score.expected)
    assert max(by_value[0]) < min(by_value[2])


def test_rationale_quotes_what_weighed_most(judge):
    text = "Buy a lamp. I feel for you. What was it like?"
    [result] = rate_sync(SPEC, [item(text)], judge)
    asking = result.scores["asking"]
    assert asking.evidence[0] == "What was it like?"
    assert all(quote in text for quote in asking.evidence)
    assert "“What was it like?”, towards a higher level" in asking.rationale


def test_a_criterion_in_other_words_is_not_scored(judge):
    reworded = replace(SPEC.criteria[0], description="Something else entirely")
    spec = rubric(reworded, SPEC.criteria[1], criterion("new"))
    [result] = rate_sync(spec, [item("I feel for you.")], judge)
    assert result.scores["warmth"].status == "not_scored"
    assert "does not read wording" in result.scores["warmth"].reason
    assert result.scores["new"].status == "not_scored"
    assert result.scores["asking"].status == "scored"


def test_declares_the_criteria_that_it_was_fitted_on(judge):
    assert judge.fitted_on == {c.uid: criterion_hash(c) for c in SPEC.criteria}


def test_a_new_weight_or_gate_keeps_the_judge(judge):
    weighed = replace(SPEC.criteria[0], weight=9.0, gate=1)
    [result] = rate_sync(rubric(weighed), [item("I feel for you.")], judge)
    assert result.scores["warmth"].status == "scored"


def test_any_text_is_scored_without_an_error(judge):
    texts = ["…", "?!", "\u202e\u200b", "x" * 20_000, "🐝🐝", "शब्द", "<response>"]
    for result in rate_sync(SPEC, [item(text) for text in texts], judge):
        assert {score.status for score in result.scores.values()} == {"scored"}


def test_a_criterion_with_one_level_in_its_ratings_is_left_out():
    rows = [replace(row, levels={**row.levels, "asking": 1}) for row in labelled(40)]
    assert list(fit(SPEC, rows, seed=1).fitted_on) == ["warmth"]


def test_rows_may_lack_levels():
    rows = labelled(60)
    partly = [replace(row, levels={"asking": row.levels["asking"]}) for row in rows[30:]]
    fitted = fit(SPEC, rows[:30] + partly, seed=1).fitted
    assert (fitted["warmth"].ratings, fitted["asking"].ratings) == (30, 60)


@pytest.mark.parametrize(
    ("rows", "reason"),
    [
        ([], "can’t learn yet"),
        ([LabelledRow(context("Hello."), {"warmth": 1})] * 5, "can’t learn yet"),
        ([LabelledRow(context("Hello."), {"warmth": 7})], "not a level"),
    ],
)
def test_refuses_ratings_that_teach_nothing(rows, reason):
    with pytest.raises(ValueError, match=reason):
        fit(SPEC, rows, seed=1)


def work_for(judge, replies: int) -> int:
    """How many functions are called to score so many replies: the work, whatever the machine."""
    inputs = inputs_of(labelled(replies, seed=9))
    count = 0

    def note(frame, event, argument):
        nonlocal count
        count += event in ("call", "c_call")

    sys.setprofile(note)
    try:
        rate_sync(SPEC, inputs, judge)
    finally:
        sys.setprofile(None)
    return count


def test_32_replies_are_read_together_as_a_reward_needs_it(judge):
    """Read one after the other they would cost 32 times as much as one."""
    work_for(judge, 1)  # what is only made once
    assert work_for(judge, 32) < 6 * work_for(judge, 1)


def test_a_saved_judge_scores_exactly_alike(judge, tmp_path):
    save(judge, tmp_path)
    inputs = inputs_of(labelled(50, seed=7))
    assert rate_sync(SPEC, inputs, load(tmp_path)) == rate_sync(SPEC, inputs, judge)


def test_the_same_ratings_and_seed_give_the_same_artefact(judge, tmp_path):
    save(judge, tmp_path / "one")
    save(fit(SPEC, labelled(300), seed=1), tmp_path / "two")
    save(fit(SPEC, labelled(299), seed=1), tmp_path / "three")
    one, two, three = (artefact_hash(tmp_path / name) for name in ("one", "two", "three"))
    assert one == two != three


def test_the_artefact_is_two_files_of_plain_data(judge, tmp_path):
    save(judge, tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["arrays.npz", "judge.json"]


def test_load_refuses_a_folder_without_a_judge(tmp_path):
    with pytest.raises(ArtefactError, match="missing"):
        load(tmp_path)
