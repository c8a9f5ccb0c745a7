"""LoRA: adapters are trained in place of all weights, and merged into each checkpoint."""

from pathlib import Path
from typing import cast

from peft import LoraConfig, PeftModel
from transformers import PreTrainedModel

from training.trainer.config import LoraSection
from training.trainer.generation import load_model, load_tokenizer

# Where a checkpoint of adapters holds the whole model. The adapters beside it are what training
# continues from.
MERGED = "merged"


def adapter_config(lora: LoraSection | None) -> LoraConfig | None:
    """peft's settings; None where all weights are trained."""
    if lora is None:
        return None
    return LoraConfig(
        r=lora.rank,
        lora_alpha=lora.alpha,
        lora_dropout=lora.dropout,
        target_modules="all-linear",
        task_type="CAUSAL_LM",
    )


def write_merged(base: Path, adapters: Path) -> str:
    """Write the whole model into the folder of its adapters; returns the folder inside it.

    The base is loaded a second time, so that the model under training is left as it is.
    """
    model = PeftModel.from_pretrained(load_model(base), str(adapters))
    merged(model).save_pretrained(adapters / MERGED)
    load_tokenizer(base).save_pretrained(adapters / MERGED)
    return MERGED


def merged(model: PreTrainedModel | PeftModel) -> PreTrainedModel:
    """The model with its adapters added into its weights; as it is where it has none."""
    if isinstance(model, PeftModel):
        return cast(PreTrainedModel, model.merge_and_unload())  # type: ignore[operator]
    return model


def model_in(checkpoint: Path) -> Path:
    """The folder of a checkpoint that loads by itself."""
    whole = checkpoint / MERGED
    return whole if whole.is_dir() else checkpoint
