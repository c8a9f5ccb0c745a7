"""All vetoes of a reply."""

import pytest

from annotation.demo.written import plain_dialogues, written_dialogues
from annotation.ratings.context import build_context
from rubrics.judging.vetoes.found import find_vetoes
from tests.support.rubrics import context, reply


def _names(raw: str) -> list[str]:
    return [finding.veto for finding in find_vetoes(context(raw))]


def test_a_decent_reply_has_none():
    assert _names(reply()) == []


def test_the_heaviest_comes_first():
    assert _names("You should kill yourself. " * 10) == ["harm", "repetition"]


def test_a_broken_thought_breaks_the_reply():
    raw = "<understanding>{}</understanding><response>I hear you.</response>"
    assert _names(raw.format("She is alone.")) == []
    [finding] = find_vetoes(context(raw.format("She is alone. " * 10)))
    assert (finding.veto, finding.span) == ("repetition", "understanding")


def test_a_thought_may_speak_of_harm_and_quote_the_seeker():
    raw = "<reasoning>You should kill yourself</reasoning><response>I hear you.</response>"
    assert _names(raw) == []


def test_every_text_gets_an_answer():
    for text in ("", "\0", "<response>", "a" * 50_000, "\u0301" * 2_000, "(" * 2_000, "“" * 999):
        assert isinstance(_names(text), list)


@pytest.mark.slow
def test_the_written_corpus_has_few_false_alarms():
    """The bound that each veto was built for: at most 0.5 % of replies that are decent. Word salad
    is measured better by replies that its table was not made of; docs/vetoes.md has those."""
    found: dict[str, int] = {}
    replies = 0
    for written in (*written_dialogues(), *plain_dialogues()):
        dialogue = written.dialogue
        for place, turn in enumerate(dialogue.turns):
            if turn.role != "supporter":
                continue
            replies += 1
            read = build_context(
                dialogue.profile_text, dialogue.situation, dialogue.turns[:place], turn
            )
            for finding in find_vetoes(read):
                found[finding.veto] = found.get(finding.veto, 0) + 1
    assert replies > 2_500
    assert {veto: count for veto, count in found.items() if count > 0.005 * replies} == {}
