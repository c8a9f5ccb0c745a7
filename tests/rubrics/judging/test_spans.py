"""The four spans in both spellings, whole and broken; and the normal form of text."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rubrics.core.text import canon
from rubrics.judging import spans as spans_module
from rubrics.judging.inputs import candidate_of
from rubrics.judging.spans import (
    SPAN_NAMES,
    Spans,
    canon_reply,
    parse_spans,
    reasoning_in,
    render_spans,
)

CONTENT = (
    st.text(st.characters(exclude_categories=["Cs"], exclude_characters="<"), min_size=1)
    .map(canon)
    .filter(bool)
)
SPELLINGS = st.sampled_from(["tokens", "tags"])
GOOD = Spans("She is alone.", "Stay with it.", "lonely", "Who is\nthere? 🐝 שלום")
TAGS, TOKENS = render_spans(GOOD, "tags"), render_spans(GOOD, "tokens")


@given(st.builds(Spans, CONTENT, CONTENT, CONTENT, CONTENT), SPELLINGS)
def test_what_is_rendered_is_parsed_back(spans, spelling):
    parsed = parse_spans(render_spans(spans, spelling))
    assert (parsed.spans, parsed.spelling, parsed.problems) == (spans, spelling, ())


@given(st.text())
def test_any_text_is_either_spans_or_problems(raw):
    parsed = parse_spans(raw)
    assert (parsed.spans is None) == bool(parsed.problems)


def test_reads_the_published_spellings():
    card = "".join(f"<|{name}_begin|> {name} <|{name}_end|>" for name in SPAN_NAMES)
    data = "\r\n".join(f"<{name}>\r\n{name}\r\n</{name}>" for name in SPAN_NAMES)
    assert parse_spans(card).spans == parse_spans(data).spans == Spans(*SPAN_NAMES)


@pytest.mark.parametrize(
    ("raw", "problem"),
    [
        ("", "none of the four"),
        ("I hear you.", "none of the four"),
        (TAGS.replace("<response>", "").replace("</response>", ""), "response span is missing"),
        (TAGS.replace("</response>", ""), "response span must be opened once"),
        (TAGS + TAGS, "understanding span must be opened once"),
        (TAGS.replace("lonely", "  \n"), "emotion span is empty"),
        (TAGS + "\nBye.", "outside the spans"),
        ("Sure! " + TOKENS, "outside the spans"),
        (TAGS.replace("<emotion>", "and <emotion>"), "outside the spans"),
        ("\n".join(reversed(TAGS.splitlines()[:3])) + TAGS.splitlines()[3], "must be opened once"),
        (
            TAGS.replace("understanding>", "x>")
            .replace("reasoning>", "understanding>")
            .replace("x>", "reasoning>"),
            "not in the order",
        ),
        (TAGS.replace("<emotion>", "<|emotion_begin|>"), "mixes the two spellings"),
        (TAGS.replace("Stay", "<response>Stay"), "response span must be opened once"),
        (TAGS.replace("<Emotion>", "<emotion>").replace("<emotion>", "<EMOTION>"), "emotion span"),
    ],
)
def test_says_what_is_broken(raw, problem):
    parsed = parse_spans(raw)
    assert parsed.spans is None
    assert problem in " ".join(parsed.problems)


@pytest.mark.parametrize("content", ["", "  ", "a <emotion> b", "</response>", "<|response_end|>"])
def test_refuses_to_render_what_it_could_not_read_back(content):
    with pytest.raises(ValueError, match="understanding"):
        render_spans(Spans(content, "b", "c", "d"), "tags")


def test_both_spellings_have_one_canonical_text():
    assert canon_reply(TAGS) == canon_reply(TOKENS) == canon_reply(f"  {TAGS}\r\n")
    assert canon_reply(" cafe\u0301\r\n") == "café"


@pytest.mark.parametrize(
    ("raw", "emotion", "response"),
    [
        (TAGS, "lonely", GOOD.response),
        ("I hear you.", "", "I hear you."),
        ("", "", ""),
        (TAGS.replace("<reasoning>", ""), "lonely", GOOD.response),
        # Cut inside of a span: what it says may be private, so that nothing was said.
        (TAGS.split("there?")[0], "lonely", ""),
        (TAGS.split("with it.")[0], "", ""),
        (TOKENS.split("with it.")[0], "", ""),
        ("Hello. <reasoning>She exaggerates", "", "Hello."),
        ("She exaggerates.</reasoning> Hello.", "", "Hello."),
        ("<reasoning>She <response>Hello.</response>", "", "Hello."),
        ("<reasoning>She <emotion>sad</emotion> cries", "sad", ""),
        ("<response>Hi. <reasoning>She lies.</reasoning> Bye.</response>", "", ""),
        # Think blocks, closed, cut, and opened by the chat template.
        ("<think>Tedious.</think>I am sorry.", "", "I am sorry."),
        (f"<think>Hidden.</think>{TOKENS}", "lonely", GOOD.response),
        ("Hidden.</think>I am sorry.", "", "I am sorry."),
        ("I am sorry. <think>Tedious", "", "I am sorry."),
        ("<think>a<think>b</think>Hi.", "", "Hi."),
        ("<response>Hi. <think>Tedious.</think>Bye.</response>", "", "Hi. Bye."),
        # In other spellings; a block ends in the one in which it begins.
        ("<thinking>Tedious.</thinking>I am sorry.", "", "I am sorry."),
        ("[THINK]Tedious.[/THINK]I am sorry.", "", "I am sorry."),
        ("Tedious.[/THINK]I am sorry.", "", "I am sorry."),
        ("I am sorry. [THINK]Tedious", "", "I am sorry."),
        ("<think>a [/THINK] b</think>Hi.", "", "Hi."),
        ("<emotion>sad</emotion> I hear you.", "sad", "I hear you."),
        (TAGS.split("<response>")[0], "lonely", ""),
        ("<response></response>", "", ""),
    ],
)
def test_a_broken_reply_keeps_what_can_be_told(raw, emotion, response):
    candidate = candidate_of(raw)
    assert (candidate["emotion"], candidate["response"]) == (emotion, response)
    assert candidate["raw"] == raw


def test_a_think_block_is_no_part_of_the_format():
    for raw in (f"<think>Hidden.</think>{TAGS}", TAGS.replace("Who", "<think>a</think>Who")):
        assert parse_spans(raw).problems == ("The reply holds a think block.",)


@pytest.mark.parametrize(
    ("raw", "found"),
    [
        ("I hear you.", ""),
        (TAGS, ""),
        (f"<think>Hidden.</think>{TOKENS}", "removed"),
        ("Hidden.[/THINK]I am sorry.", "removed"),
        ("I am sorry. <thinking>Tedious", "cut"),
        (TAGS.split("with it.")[0], "cut"),
        (f"<think>Hidden.</think>{TAGS.split('with it.')[0]}", "cut"),
        # Only what stands at the end can be cut.
        ("<reasoning>She lies.</reasoning> <reasoning>Again.</reasoning> Hi.", ""),
    ],
)
def test_what_became_of_reasoning_is_told(raw, found):
    assert reasoning_in(raw) == found


class CountedMarks(list):
    """Counts how often its marks are read, by iteration or one by one."""

    reads = 0

    def __iter__(self):
        for mark in super().__iter__():
            CountedMarks.reads += 1
            yield mark

    def __getitem__(self, place):
        found = super().__getitem__(place)
        CountedMarks.reads += len(found) if isinstance(place, slice) else 1
        return found


@pytest.mark.parametrize("unit", ["<response>", "</reasoning>", "<emotion>x</emotion>", "<think>"])
def test_the_work_grows_as_the_reply_does(monkeypatch, unit):
    find, reads = spans_module._marks, []
    monkeypatch.setattr(spans_module, "_marks", lambda text: CountedMarks(find(text)))
    for length in (100, 200):
        CountedMarks.reads = 0
        candidate_of(unit * length)
        parse_spans(unit * length)
        reads.append(CountedMarks.reads)
    assert reads[1] <= 2 * reads[0] + 50
