"""The command that makes the models, whole or killed."""

import random
from dataclasses import replace
from itertools import islice
from pathlib import Path

import pytest
import torch
from django.core.management import call_command
from transformers import AutoModelForCausalLM, AutoTokenizer, Qwen3ForCausalLM

from training.starter import build as building
from training.starter.batches import IGNORED, encode
from training.starter.build import STAGES, build, model_config
from training.starter.copying import lay_out_copying
from training.starter.samples import cold_start_samples
from training.starter.tokenizer import train_tokenizer

pytestmark = pytest.mark.model

TINY = tuple(replace(stage, steps=2) for stage in STAGES)
SHORT = TINY[:2]  # one for each model
MODELS = {stage.model for stage in STAGES}


@pytest.fixture(autouse=True)
def few_samples_for_the_tokenizer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(building, "TOKENIZER_SAMPLES", 200)


def contents(folder: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


def test_the_command_makes_both_models_and_says_how_far_it_is(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(building, "STAGES", TINY)
    call_command("build_starter", "--seed", "4", "--out", str(tmp_path))
    told = capsys.readouterr().out
    assert "pre-training  step 2 of 2" in told and "cold start  step 2 of 2" in told
    assert {path.name for path in tmp_path.iterdir()} == MODELS
    for folder in tmp_path.iterdir():
        tokenizer = AutoTokenizer.from_pretrained(folder)
        assert AutoModelForCausalLM.from_pretrained(folder).config.vocab_size == len(tokenizer)


def test_the_same_seed_makes_the_same_models_and_a_killed_build_leaves_none(tmp_path):
    build(tmp_path, 4, lambda *_: None, stages=SHORT)
    made = contents(tmp_path)

    def killed_in_the_cold_start(stage: str, *_: object) -> None:
        if stage == "cold start":
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        build(tmp_path, 5, killed_in_the_cold_start, stages=SHORT)
    left = contents(tmp_path)
    assert {name: left[name] for name in made} == made
    assert all(name.startswith(".unfinished/") for name in left.keys() - made.keys())

    build(tmp_path, 4, lambda *_: None, stages=SHORT)
    assert contents(tmp_path) == made


def test_only_what_a_sample_teaches_is_labelled():
    samples = list(islice(cold_start_samples(0), 60))
    tokenizer = train_tokenizer(m["content"] for s in samples for m in s.messages)
    for sample in samples:
        ids, labels = encode(sample, tokenizer)
        assert ids == tokenizer.apply_chat_template(sample.messages, return_dict=False)
        taught = tokenizer.decode([label for label in labels if label != IGNORED])
        spoken = [m["content"] for m in sample.messages if m["role"] == "assistant"]
        expected = spoken if sample.learn == "turns" else spoken[-1:]
        assert taught == "".join(f"{text}<|im_end|>" for text in expected)


def test_the_model_can_copy_before_it_is_trained():
    """Of random tokens said twice, most of the second time is foretold; as a rule, none."""
    tokenizer = train_tokenizer(["a few words"])
    torch.manual_seed(0)
    plain = Qwen3ForCausalLM(model_config(tokenizer))
    copying = Qwen3ForCausalLM(model_config(tokenizer))
    lay_out_copying(copying)
    once = torch.randint(20, len(tokenizer), (2, 60))
    twice = torch.cat([once, once], dim=1)

    def foretold(model: Qwen3ForCausalLM) -> float:
        with torch.inference_mode():
            likeliest = model(input_ids=twice).logits[:, 60:-1].argmax(-1)
        return (likeliest == twice[:, 61:]).float().mean().item()

    assert foretold(plain) < 0.1
    assert foretold(copying) > 0.5


def test_words_are_cut_everywhere_alike_and_read_the_same():
    samples = list(islice(cold_start_samples(1), 60))
    tokenizer = train_tokenizer(m["content"] for s in samples for m in s.messages)
    rng = random.Random(0)
    cut = 0
    for sample in samples:
        whole = encode(sample, tokenizer)
        ids, labels = encode(sample, tokenizer, rng)
        learned = [i for i, label in enumerate(labels) if label != IGNORED]
        assert [labels[i] for i in learned] == [ids[i] for i in learned]
        assert tokenizer.decode([labels[i] for i in learned]) == tokenizer.decode(
            [label for label in whole.labels if label != IGNORED]
        )
        cut += len(ids) > len(whole.ids)
    assert cut > 30


def test_what_stutters_is_not_learned():
    sample = next(s for s in cold_start_samples(0) if s.learn == "reply")
    tokenizer = train_tokenizer(m["content"] for m in sample.messages)
    stuttered = [encode(sample, tokenizer, random.Random(n)) for n in range(40)]
    again = [e for e in stuttered if _ignored_behind_the_first_learned(e.labels)]
    assert 3 < len(again) < 30


def _ignored_behind_the_first_learned(labels: list[int]) -> int:
    """Without a stutter only the line end after the last message is ignored there."""
    first = next(i for i, label in enumerate(labels) if label != IGNORED)
    return labels[first:-1].count(IGNORED)
