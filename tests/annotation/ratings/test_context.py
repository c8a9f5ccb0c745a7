import json

import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from annotation.formats.records import plain_turn, supporter_turn
from annotation.ratings.context import build_context, context_hash
from rubrics.judging.spans import Spans, render_spans

SPANS = Spans("She is tired.", "Be gentle.", "sad", "That sounds hard.")


def reply(response: str = "That sounds hard.", spelling="tags"):
    return supporter_turn(render_spans(Spans("U.", "R.", "sad", response), spelling))[0]


def seeker(text: str):
    return plain_turn("seeker", text)


HISTORY = [
    plain_turn("system", "The seeker feels GOLD."),
    seeker("first"),
    reply("one"),
    seeker("second"),
    seeker("more"),
    reply("two", "tokens"),
    seeker("third"),
]


def test_the_shape():
    candidate = supporter_turn(render_spans(SPANS, "tokens"))[0]
    context = build_context(" Owl\r\n", "Night shifts.", HISTORY, candidate)
    assert context == {
        "profile": "Owl",
        "situation": "Night shifts.",
        "history": [
            {"role": "seeker", "text": "first"},
            {"role": "supporter", "text": "one"},
            {"role": "seeker", "text": "second"},
            {"role": "seeker", "text": "more"},
            {"role": "supporter", "text": "two"},
            {"role": "seeker", "text": "third"},
        ],
        "candidate": {
            "understanding": "She is tired.",
            "reasoning": "Be gentle.",
            "emotion": "sad",
            "response": "That sounds hard.",
            "raw": candidate.raw,
        },
        "cut": 0,
    }
    assert "GOLD" not in json.dumps(context)


def test_a_reply_without_whole_spans_shows_what_it_has():
    candidate = supporter_turn("<emotion>sad</emotion><response>Yes.</response>")[0]
    shown = build_context("", "", [], candidate)["candidate"]
    assert (shown["understanding"], shown["emotion"], shown["response"]) == ("", "sad", "Yes.")
    plain = build_context("", "", [], plain_turn("supporter", "I see."))["candidate"]
    assert (plain["reasoning"], plain["response"], plain["raw"]) == ("", "I see.", "I see.")


def test_reasoning_of_earlier_turns_is_never_shown():
    broken = supporter_turn("<reasoning>SECRET</reasoning><response>Yes.</response>")[0]
    context = build_context("", "", [seeker("hi"), broken, seeker("well")], reply())
    assert context["history"][1] == {"role": "supporter", "text": "Yes."}
    assert "SECRET" not in json.dumps(context)


@pytest.mark.parametrize(
    ("budget", "cut", "first"),
    [
        (None, 0, "first"),
        (35, 0, "first"),
        (34, 1, "second"),
        (27, 1, "second"),
        (26, 2, "third"),
        (0, 2, "third"),
    ],
)
def test_the_oldest_exchanges_are_cut_first(budget, cut, first):
    # The candidate's spans have 9 characters, the exchanges 8, 13 and 5.
    context = build_context("", "", HISTORY, reply("ok"), budget_chars=budget)
    assert (context["cut"], context["history"][0]["text"]) == (cut, first)


def test_both_spellings_hash_alike():
    tags, tokens = (
        build_context("p", "s", HISTORY, reply(spelling=spelling))
        for spelling in ("tags", "tokens")
    )
    assert tags["candidate"]["raw"] != tokens["candidate"]["raw"]
    assert context_hash(tags) == context_hash(tokens)


def test_the_hash_is_over_everything_else():
    base = build_context("p", "s", HISTORY, reply())
    others = [
        build_context("q", "s", HISTORY, reply()),
        build_context("p", "t", HISTORY, reply()),
        build_context("p", "s", HISTORY[:-1], reply()),
        build_context("p", "s", HISTORY, reply("No.")),
        build_context("p", "s", HISTORY, reply(), budget_chars=0),
        build_context("p", "s", HISTORY, plain_turn("supporter", "a")),
        build_context("p", "s", HISTORY, plain_turn("supporter", "b")),
        base | {"cut": 1},
    ]
    assert len({context_hash(context) for context in [base, *others]}) == 1 + len(others)


turns = st.lists(
    st.tuples(st.sampled_from(["seeker", "supporter", "system"]), st.text(min_size=1, max_size=9)),
    max_size=12,
)


@given(turns, st.integers(0, 60))
def test_what_is_left_is_the_newest_turns_whole(said, budget):
    history = [plain_turn(role, text) for role, text in said]
    candidate = plain_turn("supporter", "ok")
    whole = build_context("", "", history, candidate, budget_chars=None)["history"]
    context = build_context("", "", history, candidate, budget_chars=budget)
    left = context["history"]
    assert whole[len(whole) - len(left) :] == left
    assert (context["cut"] == 0) == (left == whole)
    assert not whole or left
    assert rfc8785.dumps(context)
