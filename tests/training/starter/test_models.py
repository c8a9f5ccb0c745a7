"""The models that are shipped."""

from pathlib import Path

import pytest
import torch
from transformers import AutoModelForCausalLM, AutoTokenizer

from annotation.generation.prompts import seeker_messages
from rubrics.judging.spans import parse_spans
from training.starter.build import BASE, SFT
from training.starter.corpus import dialogues
from training.starter.figures import figures, training_text
from training.starter.tokenizer import SPAN_MARKS

pytestmark = pytest.mark.model

MODELS = Path(__file__).parents[3] / "training/starter/models"
SUPPORTER = MODELS / SFT


def test_they_are_small_and_hold_no_pickle():
    files = [path for path in MODELS.rglob("*") if path.is_file()]
    assert {path.parent.name for path in files} == {BASE, SFT, MODELS.name}
    assert sum(path.stat().st_size for path in files) <= 15_000_000
    assert not [path for path in files if path.suffix in (".bin", ".pt", ".pkl")]
    for name in (BASE, SFT):
        assert AutoModelForCausalLM.from_pretrained(MODELS / name).dtype == torch.bfloat16


@pytest.mark.parametrize("name", [BASE, SFT])
def test_span_marks_are_single_tokens_that_decoding_keeps(name):
    tokenizer = AutoTokenizer.from_pretrained(MODELS / name)
    for mark in SPAN_MARKS:
        (token,) = tokenizer(mark)["input_ids"]
        assert tokenizer.decode([token], skip_special_tokens=True) == mark
    for text in ("Zwölf Züge, ok?", "日本 🙂", "a\nb  c"):
        assert tokenizer.decode(tokenizer(text)["input_ids"]) == text


@pytest.mark.slow
def test_it_answers_in_four_spans_and_leaves_room_for_training():
    """As the card says, but of fewer prompts, so in wider bounds."""
    measured = figures(SUPPORTER, 20, training_text(share=0.02))
    assert measured["valid"] >= 0.95
    assert measured["situation"] >= 0.75 and measured["situation_by_chance"] < 0.15
    assert 0.40 <= measured["emotion"] <= 0.78
    assert measured["valid_sampled"] < measured["valid"]


def test_it_plays_the_seeker():
    tokenizer = AutoTokenizer.from_pretrained(SUPPORTER)
    model = AutoModelForCausalLM.from_pretrained(SUPPORTER)
    for dialogue in dialogues(6, 9, split="test"):
        messages = seeker_messages(
            dialogue["profile"]["text"],
            dialogue["situation"],
            dialogue["emotion"],
            [{"role": t["role"], "text": t["text"]} for t in dialogue["turns"][:2]],
        )
        inputs = tokenizer.apply_chat_template(
            messages, add_generation_prompt=True, return_tensors="pt", return_dict=True
        )
        with torch.inference_mode():
            output = model.generate(**inputs, do_sample=False, max_new_tokens=80)
        said = tokenizer.decode(output[0, inputs["input_ids"].shape[1] :])
        assert said.endswith("<|im_end|>")
        assert len(said.split()) >= 5 and not parse_spans(said).spans and "_begin|>" not in said
