"""Models are loaded from safetensors only, and their replies keep the marks of the spans."""

import json
import shutil
from pathlib import Path

import pytest
import torch

from rubrics.judging.spans import SPAN_NAMES
from tests.support import starter
from training.trainer import generation
from training.trainer.generation import bfloat16_is_faster, load_model, load_tokenizer
from training.trainer.strict import ConfigError

pytestmark = pytest.mark.model


def test_weights_in_a_pickle_file_are_not_loaded(tmp_path: Path) -> None:
    from tests.support.tiny_model import build_model

    build_model(tmp_path)
    torch.save(load_model(tmp_path).state_dict(), tmp_path / "pytorch_model.bin")
    (tmp_path / "model.safetensors").unlink()
    with pytest.raises(ConfigError, match="can't be loaded"):
        load_model(tmp_path)


def test_marks_of_spans_that_are_special_tokens_survive_decoding(tmp_path: Path) -> None:
    """As TRL decodes, in training and from the checkpoint that training saves."""
    from transformers import AutoTokenizer

    folder = tmp_path / "model"
    shutil.copytree(starter.FOLDER, folder)
    marks = [f"<|{name}_{edge}|>" for name in SPAN_NAMES for edge in ("begin", "end")]
    tokenizer = json.loads((folder / "tokenizer.json").read_text())
    for token in tokenizer["added_tokens"]:
        token["special"] = token["special"] or token["content"] in marks
    (folder / "tokenizer.json").write_text(json.dumps(tokenizer))
    config = json.loads((folder / "tokenizer_config.json").read_text())
    config["extra_special_tokens"] += marks
    (folder / "tokenizer_config.json").write_text(json.dumps(config))

    said = "".join(f"<|{name}_begin|>{name}<|{name}_end|>" for name in SPAN_NAMES)
    plain = AutoTokenizer.from_pretrained(folder)
    ids = plain(f"{said}<|im_end|>")["input_ids"]
    assert plain.decode(ids, skip_special_tokens=True) == "".join(SPAN_NAMES)
    load_tokenizer(folder).save_pretrained(tmp_path / "saved")
    for place in (folder, tmp_path / "saved"):
        loaded = load_tokenizer(place)
        assert loaded(f"{said}<|im_end|>")["input_ids"] == ids
        assert loaded.batch_decode([ids], skip_special_tokens=True) == [said]
    saved = AutoTokenizer.from_pretrained(tmp_path / "saved")
    assert saved.decode(ids, skip_special_tokens=True) == said


@pytest.mark.parametrize(
    ("seconds", "is_faster"), [(0.5, True), (0.79, True), (0.9, False), (1.6, False)]
)
def test_bfloat16_is_taken_where_it_is_clearly_faster(
    monkeypatch: pytest.MonkeyPatch, seconds: float, is_faster: bool
) -> None:
    taken = {torch.float32: 1.0, torch.bfloat16: seconds}
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(generation, "_multiplying", taken.__getitem__)
    assert bfloat16_is_faster() is is_faster


def test_both_formats_are_tried() -> None:
    assert 0 < generation._multiplying(torch.float32) < 10
    assert 0 < generation._multiplying(torch.bfloat16) < 10
