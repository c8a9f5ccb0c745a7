"""What is taken off around an answer, and how much that costs."""

import re
import tracemalloc

import pytest
from hypothesis import given
from hypothesis import strategies as st

from webapp.llm.client.wire import MAX_ANSWER_BYTES
from webapp.llm.wrappers import THINKING, unwrapped

# What the words mean, written as patterns. They are too greedy for long answers.
PATTERN = re.compile(r"\A(?!\s*[{\[`])\s*(?:<think>)?(?:(?!</?think>).)*</think>", re.DOTALL)
FENCE = re.compile(r"\A\s*```[A-Za-z0-9]*[ \t]*\n((?:(?!```).)*)\n[ \t]*```\s*\Z", re.DOTALL)
PIECES = ["<think>", "</think>", "```", "json", "\n", " ", "\t", "x"]


@given(st.lists(st.sampled_from(PIECES), max_size=12).map("".join))
def test_one_closed_block_and_one_fence_are_taken_off(text: str) -> None:
    rest = PATTERN.sub("", text, count=1).strip()
    fenced = FENCE.match(rest)
    assert unwrapped(text) == (fenced[1] if fenced else rest)


@pytest.mark.parametrize("opened, closed", THINKING)
def test_every_spelling_of_a_think_block_is_taken_off(opened: str, closed: str) -> None:
    for block in (f"{opened}\nMaybe 0?\n{closed}\n\n", f"Maybe 0?{closed}"):
        assert unwrapped(f'{block}{{"score": 2}}') == '{"score": 2}'
    for text in (f'{opened}Maybe {{"score": 2}}', f'{{"quote": "{closed}"}}', f"[1, {closed}"):
        assert unwrapped(text) == text


@pytest.mark.parametrize("begin", ["<think>", "[THINK]", "```\n"])
def test_the_longest_answer_takes_little_more_memory_than_itself(begin: str) -> None:
    text = begin + "x" * MAX_ANSWER_BYTES
    tracemalloc.start()
    try:
        assert unwrapped(text) == text
        assert tracemalloc.get_traced_memory()[1] < 3 * MAX_ANSWER_BYTES
    finally:
        tracemalloc.stop()
