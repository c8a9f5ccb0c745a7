"""The model can do what the tests that use it rely on."""

import pytest

from annotation.generation.prompts import prompt_messages, seeker_messages
from rubrics.judging.spans import SPAN_NAMES, parse_spans
from tests.support import starter
from tests.support.starter.corpus import dialogues
from training.trainer.generation import generate_replies, load_model, load_tokenizer

pytestmark = pytest.mark.model


def test_it_is_small_and_holds_no_pickle() -> None:
    files = list(starter.FOLDER.iterdir())
    assert sum(path.stat().st_size for path in files) <= 4_000_000
    assert {path.suffix for path in files} == {".safetensors", ".json", ".jinja"}


def test_span_marks_are_single_tokens_that_decoding_keeps() -> None:
    tokenizer = load_tokenizer(starter.FOLDER)
    for mark in (f"<|{name}_{edge}|>" for name in SPAN_NAMES for edge in ("begin", "end")):
        (token,) = tokenizer(mark)["input_ids"]
        assert tokenizer.decode([token], skip_special_tokens=True) == mark


def test_it_answers_in_four_spans_and_plays_the_seeker() -> None:
    told = list(dialogues(8, 77, split="test"))
    about = [(row["profile"]["text"], row["situation"]) for row in told]
    opened = [[{"role": "seeker", "text": row["turns"][0]["text"]}] for row in told]
    answered = [
        [{"role": turn["role"], "text": turn["text"]} for turn in row["turns"][:2]] for row in told
    ]
    prompts = [
        *(prompt_messages(*who, turns) for who, turns in zip(about, opened, strict=True)),
        *(
            seeker_messages(*who, row["emotion"], turns)
            for who, row, turns in zip(about, told, answered, strict=True)
        ),
    ]
    model, tokenizer = load_model(starter.FOLDER), load_tokenizer(starter.FOLDER)
    said = generate_replies(model, tokenizer, prompts, max_tokens=192, sample=False)
    spans = [parse_spans(text).spans for text in said]
    assert sum(each is not None for each in spans[:8]) >= 7
    assert spans[8:] == [None] * 8 and all(len(text.split()) >= 5 for text in said[8:])
