import pytest

from rubrics.judging.vetoes.length import MAX_CHARACTERS, MAX_WORDS, find_empty, find_too_long


@pytest.mark.parametrize("reply", ["", "   ", "\n", "...", "…", "?!", "--", "“ ”", "\u200b"])
def test_a_reply_without_a_word_is_empty(reply: str):
    finding = find_empty(reply)
    assert finding is not None
    assert finding.veto == "empty"
    assert finding.quote in reply


@pytest.mark.parametrize(
    "reply", ["Ok", "I", "No.", "5", "嗯", "да", "Hm…", "🙏", "❤️", "🙏 thank you"]
)
def test_one_word_is_a_reply(reply: str):
    assert find_empty(reply) is None


def test_a_letter_in_the_place_of_a_turn_is_too_long():
    assert find_too_long("word " * MAX_WORDS) is None
    finding = find_too_long("word " * (MAX_WORDS + 1))
    assert finding is not None
    assert finding.reason == "The reply has 401 words; 400 are too many."


def test_a_script_without_spaces_is_counted_in_characters():
    assert find_too_long("我" * MAX_CHARACTERS) is None
    assert find_too_long("我" * (MAX_CHARACTERS + 1)) is not None
