"""The model that is shipped, and the command that makes it."""

from pathlib import Path

import pytest
import torch
from transformers import AutoModelForCausalLM, AutoTokenizer

from annotation.prompts import seeker_messages
from rubrics.judging.spans import parse_spans
from training.starter.build import Stage, build
from training.starter.corpus import dialogues
from training.starter.figures import figures
from training.starter.tokenizer import SPAN_MARKS

MODEL = Path(__file__).parents[2] / "training/starter/model"


def test_it_is_small_and_holds_no_pickle():
    files = [path for path in MODEL.iterdir() if path.is_file()]
    assert sum(path.stat().st_size for path in files) <= 2_000_000
    assert not [path for path in files if path.suffix in (".bin", ".pt", ".pkl")]
    assert AutoModelForCausalLM.from_pretrained(MODEL).dtype == torch.bfloat16


def test_span_marks_are_single_tokens_that_decoding_keeps():
    tokenizer = AutoTokenizer.from_pretrained(MODEL)
    for mark in SPAN_MARKS:
        (token,) = tokenizer(mark)["input_ids"]
        assert tokenizer.decode([token], skip_special_tokens=True) == mark
    for text in ("Zwölf Züge, ok?", "日本 🙂", "a\nb  c"):
        assert tokenizer.decode(tokenizer(text)["input_ids"]) == text


@pytest.mark.slow
def test_it_answers_in_four_spans_and_leaves_room_for_training():
    measured = figures(MODEL, 96)
    assert measured["valid"] >= 0.95
    assert 0.40 <= measured["emotion"] <= 0.78
    assert measured["valid_sampled"] < measured["valid"]


def test_it_plays_the_seeker():
    tokenizer = AutoTokenizer.from_pretrained(MODEL)
    model = AutoModelForCausalLM.from_pretrained(MODEL)
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


def test_the_build_makes_a_model_folder_and_says_how_far_it_is(tmp_path):
    told = []
    stages = [
        Stage("one", steps=2, peak_lr=1e-3, noisy=False, whole_text=True),
        Stage("two", steps=2, peak_lr=1e-3, noisy=True, whole_text=False),
    ]
    build(tmp_path, 0, lambda *progress: told.append(progress[:3]), stages=stages)
    assert ("one", 2, 2) in told and ("two", 2, 2) in told
    tokenizer = AutoTokenizer.from_pretrained(tmp_path)
    model = AutoModelForCausalLM.from_pretrained(tmp_path)
    assert model.config.vocab_size == len(tokenizer)
    assert tokenizer.chat_template
