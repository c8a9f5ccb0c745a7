"""An adapter that was trained for the small model is merged into it."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.support import starter
from training.checkpoints.contents import inspect
from training.small import convert, package
from training.small.adapter import keep
from training.small.models import ADAPTER_WEIGHTS, PUBLISHED, TRAINED
from training.trainer.files import sha256_of

pytestmark = [pytest.mark.model, pytest.mark.slow]


@pytest.fixture
def as_starter(monkeypatch: pytest.MonkeyPatch) -> None:
    """The starter model in place of the one of the package."""
    from transformers import AutoModelForCausalLM, AutoTokenizer

    def load(file: Path) -> tuple[Any, Any]:
        return (
            AutoModelForCausalLM.from_pretrained(starter.FOLDER, dtype="float32"),
            AutoTokenizer.from_pretrained(starter.FOLDER),
        )

    monkeypatch.setattr(convert, "_load", load)


def adapter_in(folder: Path, **settings: Any) -> Path:
    """An adapter that changes the model."""
    import torch
    from peft import LoraConfig, get_peft_model

    model, _ = convert._load(Path("any"))
    plan = LoraConfig(target_modules="all-linear", task_type="CAUSAL_LM", **settings)
    adapted = get_peft_model(model, plan)
    with torch.no_grad():
        for name, weight in adapted.named_parameters():
            if "lora_B" in name:
                weight.normal_(std=0.01)
    adapted.save_pretrained(folder)
    return folder


def test_a_merged_adapter_changes_the_weights_and_is_named(
    as_starter: None, tmp_path: Path
) -> None:
    adapter = adapter_in(tmp_path / "calm")
    folders = [tmp_path / "plain", tmp_path / "merged"]
    for folder, merged in zip(folders, (None, adapter), strict=True):
        folder.mkdir()
        convert.convert(tmp_path / "any.gguf", folder, merged)
    plain, merged = folders
    assert inspect(merged).parameters == inspect(plain).parameters
    assert sha256_of(merged / "model.safetensors") != sha256_of(plain / "model.safetensors")
    assert not (merged / "adapter_config.json").exists()
    assert "trained further" not in (plain / "README.md").read_text()
    assert (
        f"`calm`, SHA-256 of its weights `{sha256_of(adapter / 'adapter_model.safetensors')}`"
        in (merged / "README.md").read_text()
    )


def test_an_adapter_is_kept_in_half_the_bytes_and_without_paths(
    as_starter: None, tmp_path: Path
) -> None:
    from safetensors import safe_open

    keep(adapter_in(tmp_path / "step-4"), tmp_path / "kept")
    weights = tmp_path / "kept" / ADAPTER_WEIGHTS
    assert weights.stat().st_size < 0.6 * (tmp_path / "step-4" / ADAPTER_WEIGHTS).stat().st_size
    with safe_open(weights, "pt") as kept:
        assert {str(kept.get_tensor(name).dtype) for name in kept.keys()} == {"torch.bfloat16"}  # noqa: SIM118
    settings = json.loads((tmp_path / "kept" / "adapter_config.json").read_text())
    assert settings["base_model_name_or_path"] == "SmolLM2-135M-Instruct"
    convert._merged(convert._load(Path("any"))[0], tmp_path / "kept")


def test_two_adapters_become_one(as_starter: None, tmp_path: Path) -> None:
    """Of a rank that holds both, it changes the model as both do one after the other; of a smaller
    one, nearly so."""
    import torch

    first = adapter_in(tmp_path / "first", r=4, lora_alpha=8)
    second = adapter_in(tmp_path / "second", r=2, lora_alpha=6)
    model = convert._merged(convert._merged(convert._load(Path("any"))[0], first), second)

    def farthest(rank: int) -> tuple[float, float]:
        kept = keep(second, tmp_path / f"both-{rank}", onto=first, rank=rank)
        one = convert._merged(convert._load(Path("any"))[0], tmp_path / f"both-{rank}")
        pairs = zip(one.parameters(), model.parameters(), strict=True)
        with torch.no_grad():
            return kept, max(float((a - b).abs().max()) for a, b in pairs)

    whole, part = farthest(6), farthest(5)
    assert whole[0] == pytest.approx(1) and whole[1] < 1e-3
    assert 0.5 < part[0] < 1 and part[1] > whole[1]


def test_the_adapter_of_the_repository_is_small_and_names_its_base() -> None:
    assert TRAINED.adapter is not None
    assert (TRAINED.adapter / ADAPTER_WEIGHTS).stat().st_size <= 12_000_000
    settings = json.loads((TRAINED.adapter / "adapter_config.json").read_text())
    assert settings["base_model_name_or_path"] == package.MODEL
    assert TRAINED.folder_name != PUBLISHED.folder_name
