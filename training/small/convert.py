"""Turn the GGUF file into an ordinary model folder. Loads torch."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

from training.small import package
from training.trainer.files import flush_to_disk, sha256_of

README = """\
# {model}

{model} by Hugging Face (HuggingFaceTB), licence {licence}, converted by Kardia Studio.

- Source: the file `{file}` of the Python package {name} {version}, SHA-256 `{sha256}`
- The file has weights of four bits (Q4_1), here written as bfloat16. Its answers differ a little
  from those of the model that its authors published.
- Tokenizer and chat template are those of the file.
{adapter}
It is small, and what it says is often wrong. Don’t let a person in distress use it unless a
clinician supervises.
"""
ADAPTER = (
    "- It was trained further: the LoRA adapter `{name}`, SHA-256 of its weights `{sha256}`, was\n"
    "  merged into it. The card of the adapter says on what it was trained.\n"
)


def convert(file: Path, folder: Path, adapter: Path | None = None) -> None:
    """Write the model into an empty `folder`, with the LoRA `adapter` merged where one is named."""
    model, tokenizer = _load(file)
    if adapter is not None:
        model = _merged(model, adapter)
    import torch

    model.to(torch.bfloat16).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    (folder / "README.md").write_text(readme(adapter), encoding="utf-8")


def publish(written: Path, folder: Path) -> None:
    """Give a written folder its name. After a power cut it is whole, or not there."""
    for path in (*written.rglob("*"), written):
        flush_to_disk(path)
    shutil.rmtree(folder, ignore_errors=True)
    written.rename(folder)
    flush_to_disk(folder.parent)


def readme(adapter: Path | None) -> str:
    merged = ""
    if adapter is not None:
        weights = adapter / "adapter_model.safetensors"
        merged = ADAPTER.format(name=adapter.name, sha256=sha256_of(weights))
    return README.format(
        model=package.MODEL,
        licence=package.LICENCE,
        file=package.FILE,
        name=package.NAME,
        version=package.VERSION,
        sha256=package.SHA256,
        adapter=merged,
    )


def _load(file: Path) -> tuple[Any, Any]:
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer, GgufConfig

    model = AutoModelForCausalLM.from_pretrained(
        file.parent,
        gguf_file=file.name,
        quantization_config=GgufConfig(dequantize=True),
        dtype=torch.float32,
    )
    return model, AutoTokenizer.from_pretrained(file.parent, gguf_file=file.name)


def _merged(model: Any, adapter: Path) -> Any:
    from peft import PeftModel

    return PeftModel.from_pretrained(model, adapter).merge_and_unload()
