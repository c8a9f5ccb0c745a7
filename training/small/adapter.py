"""Keep the LoRA adapter of a training run: `python -m training.small.adapter CHECKPOINT FOLDER`.

CHECKPOINT is the folder of a step of a run, such as `var/runs/ID/checkpoints/step-214`.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path

from training.small import package
from training.small.models import ADAPTER_WEIGHTS

CONFIG = "adapter_config.json"


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m training.small.adapter", description=__doc__)
    parser.add_argument("checkpoint", type=Path)
    parser.add_argument("folder", type=Path)
    options = parser.parse_args(arguments)
    keep(options.checkpoint, options.folder)
    return 0


def keep(checkpoint: Path, folder: Path) -> None:
    """Write the adapter's weights in bfloat16, and its settings without paths of this machine."""
    import torch
    from safetensors.torch import load_file, save_file

    folder.mkdir(parents=True, exist_ok=True)
    weights = load_file(checkpoint / ADAPTER_WEIGHTS)
    halved = {name: weight.to(torch.bfloat16).contiguous() for name, weight in weights.items()}
    save_file(halved, folder / ADAPTER_WEIGHTS, metadata={"format": "pt"})
    settings = json.loads((checkpoint / CONFIG).read_text())
    settings["base_model_name_or_path"] = package.MODEL
    (folder / CONFIG).write_text(json.dumps(settings, indent=2, sort_keys=True) + "\n")


if __name__ == "__main__":
    sys.exit(main())
