"""`python -m bench word_pairs`: make the table of word pairs anew from the written corpus.

A new table can change what is vetoed: raise `rubrics.judging.vetoes.found.VERSION` with it.
"""

from collections.abc import Iterator

from annotation.demo.written import other_replies, plain_dialogues, written_dialogues
from rubrics.judging.inputs import candidate_of
from rubrics.judging.vetoes.word_pairs import PATH, build, save


def main(argv: list[str]) -> dict[str, float]:
    table = build(_texts())
    save(table, PATH)
    set_bits = sum(byte.bit_count() for byte in table.bits)
    return {"words": len(table.rank), "set_bits": set_bits, "bytes": PATH.stat().st_size}


def _texts() -> Iterator[str]:
    for written in (*written_dialogues(), *plain_dialogues()):
        dialogue = written.dialogue
        yield from (dialogue.profile_text, dialogue.situation)
        for turn in dialogue.turns:
            yield from _spans(turn.raw) if turn.role == "supporter" else (turn.text,)
    for reply in other_replies():
        yield from _spans(reply.content)


def _spans(raw: str) -> Iterator[str]:
    candidate = candidate_of(raw)
    yield from (candidate[name] for name in ("understanding", "reasoning", "response"))
