"""What is taken off around an answer, and how much that costs."""

import re
import tracemalloc

import pytest
from hypothesis import given
from hypothesis import strategies as st

from webapp.llm.client.wire import MAX_ANSWER_BYTES
from webapp.llm.wrappers import unwrapped

# What the words mean, written as patterns. They are too greedy for long answers.
THINKING = re.compile(r"\A(?!\s*[{\[`])\s*(?:<think>)?(?:(?!</?think>).)*</think>", re.DOTALL)
FENCE = re.compile(r"\A\s*```[A-Za-z0-9]*[ \t]*\n((?:(?!```).)*)\n[ \t]*```\s*\Z", re.DOTALL)
PIECES = ["<think>", "</think>", "```", "json", "\n", " ", "\t", "x"]


@given(st.lists(st.sampled_from(PIECES), max_size=12).map("".join))
def test_one_closed_block_and_one_fence_are_taken_off(text: str) -> None:
    rest = THINKING.sub("", text, count=1).strip()
    fenced = FENCE.match(rest)
    assert unwrapped(text) == (fenced[1] if fenced else rest)


@pytest.mark.parametrize("begin", ["<think>", "```\n"])
def test_the_longest_answer_takes_little_more_memory_than_itself(begin: str) -> None:
    text = begin + "x" * MAX_ANSWER_BYTES
    tracemalloc.start()
    try:
        assert unwrapped(text) == text
        assert tracemalloc.get_traced_memory()[1] < 3 * MAX_ANSWER_BYTES
    finally:
        tracemalloc.stop()
