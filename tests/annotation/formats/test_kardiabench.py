import pytest

from annotation.formats import kardiabench
from annotation.formats.emotions import EMOTIONS, emotion_label
from annotation.formats.records import Broken, Limits, Record
from rubrics.judging.spans import Spans, render_spans
from tests.support.source_files import SHAPES, as_lines, read, read_file

SPANS = Spans("She is tired.", "Be gentle.", "sad", "That sounds hard.")


def row(reply: str = render_spans(SPANS, "tags"), **columns):
    messages = [
        {"role": "system", "content": "You are kind."},
        {"role": "user", "content": "I can't sleep.\r\n"},
        {"role": "assistant", "content": reply},
    ]
    return {
        "person": "MBTI: INFP",
        "mbti": "INFP",
        "emotion": "sad",
        "situation": "Night shifts.",
        "anon_username": "owl",
        "messages": messages,
    } | columns


def dialogue(**columns):
    (record,) = read(kardiabench.read, as_lines(row(**columns)))
    assert isinstance(record, Record), record
    return record.dialogue


@pytest.mark.parametrize("spelling", ["tokens", "tags"])
def test_all_turns_are_kept_raw_and_parsed(spelling):
    reply = render_spans(SPANS, spelling)
    read_dialogue = dialogue(reply=reply)
    system, seeker, supporter = read_dialogue.turns
    assert (system.role, system.text) == ("system", "You are kind.")
    assert (seeker.role, seeker.text, seeker.raw) == (
        "seeker",
        "I can't sleep.",
        "I can't sleep.\r\n",
    )
    assert (supporter.role, supporter.text) == ("supporter", "That sounds hard.")
    assert (supporter.raw, supporter.spelling) == (reply, spelling)
    assert supporter.spans == {
        "understanding": "She is tired.",
        "reasoning": "Be gentle.",
        "emotion": "sad",
        "response": "That sounds hard.",
    }
    assert read_dialogue.profile_text == "MBTI: INFP"
    assert read_dialogue.ratings == ()
    assert read_dialogue.rater is None


def test_both_spellings_have_one_key():
    tags, tokens = (dialogue(reply=render_spans(SPANS, s)) for s in ("tags", "tokens"))
    assert tags.source_key == tokens.source_key


@pytest.mark.parametrize(
    "change",
    [
        {"person": "MBTI: ENFP"},
        {"mbti": "ENFP"},
        {"emotion": "guilty"},
        {"situation": "Day shifts."},
        {"anon_username": "lark"},
        {"reply": "I see."},
    ],
)
def test_other_content_has_another_key(change):
    assert dialogue(**change).source_key != dialogue().source_key


def test_two_broken_replies_with_the_same_response_have_two_keys():
    one, two = (
        dialogue(reply=f"<reasoning>{reasoning}</reasoning><response>Yes.</response>")
        for reasoning in ("a", "b")
    )
    assert one.turns[2].text == two.turns[2].text == "Yes."
    assert one.source_key != two.source_key


def test_a_reply_without_whole_spans_is_kept_with_its_problems():
    read_dialogue = dialogue(reply="<reasoning>Secret.</reasoning>")
    assert read_dialogue.turns[2].spans is None
    assert read_dialogue.turns[2].text == ""
    assert read_dialogue.meta["span_problems"][0]["turn"] == 2


@pytest.mark.parametrize(
    "reply",
    [
        "<think>Tedious.</think>I am sorry to hear that.",
        "Tedious.</think>I am sorry to hear that.",
        "<think>Hidden.</think><understanding>Low.</understanding><reasoning>Kind.</reasoning>"
        "<emotion>sad</emotion><response>I am sorry to hear that.</response>",
    ],
)
def test_what_a_model_thought_is_no_part_of_what_people_read(reply):
    read_dialogue = dialogue(reply=reply)
    turn = read_dialogue.turns[2]
    assert (turn.text, turn.raw) == ("I am sorry to hear that.", reply)
    assert read_dialogue.meta["span_problems"] == [
        {"turn": 2, "problems": ["The reply holds a think block."]}
    ]


def test_splits_follow_the_profile():
    assert dialogue().split_group == dialogue(person="Another text").split_group == "owl"
    unnamed = dialogue(anon_username=None).split_group
    assert unnamed == dialogue(anon_username="", situation="Other").split_group
    nobody = dialogue(anon_username=None, person=None)
    assert nobody.split_group == nobody.source_key


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"messages": []}, '"messages" is empty'),
        ({"messages": {}}, '"messages" should be a list, but is an object'),
        ({"messages": ["hi"]}, "Message 1 should be an object, but is text"),
        ({"messages": [{"role": "tool", "content": "x"}]}, "Message 1 has an unknown role"),
        ({"messages": [{"role": ["user"], "content": "x"}]}, "Message 1 has an unknown role"),
        ({"messages": [{"content": "x"}]}, "Message 1 has an unknown role"),
        ({"messages": [{"role": "user"}]}, "The content of message 1 should be text, but is"),
        ({"messages": [{"role": "user", "content": " "}]}, "The content of message 1 is empty"),
        (
            {"messages": [{"role": "system", "content": "x"}]},
            '"messages" has no turn by a seeker or supporter',
        ),
        ({"person": 5}, '"person" should be text, but is a number'),
        ({"mbti": "INFP-T and more"}, '"mbti" has 15 characters; at most 8 are read'),
    ],
)
def test_a_wrong_field_is_named(change, reason):
    (broken,) = read(kardiabench.read, as_lines(row(**change)))
    assert isinstance(broken, Broken)
    assert broken.reason.startswith(reason)


def test_too_many_turns_are_refused():
    messages = [{"role": "user", "content": "hi"}] * 6
    (broken,) = read(kardiabench.read, as_lines(row(messages=messages)), Limits(turns=5))
    assert broken.reason == '"messages" has 6 turns; at most 5 are read'


def test_the_synthetic_file():
    records, broken = read_file(kardiabench.read, SHAPES / "kardiabench-shape.jsonl")
    assert len({record.key for record in records}) == 12
    assert [item.line for item in broken] == [5, 10]
    turns = [turn for record in records for turn in record.dialogue.turns]
    assert {turn.spelling for turn in turns} == {None, "tags", "tokens"}
    assert sum(turn.role == "system" for turn in turns) == 2
    assert sum("span_problems" in record.dialogue.meta for record in records) == 1
    assert all(emotion_label(record.dialogue.emotion) for record in records)


def test_a_label_is_never_guessed():
    assert len(set(EMOTIONS)) == 32
    assert emotion_label(" Sad\n") == "sad"
    assert emotion_label("sadness") is None
    assert emotion_label("sad, lonely") is None
    assert emotion_label("") is None
