"""Keep the LoRA adapter of a training run:
`python -m training.small.adapter CHECKPOINT FOLDER [--onto ADAPTER --rank RANK]`.

CHECKPOINT is the folder of a step of a run, such as `var/runs/ID/checkpoints/step-214`. Where the
run began with a model into which an adapter was merged already, `--onto` names that one, and both
become one adapter.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from training.small import package
from training.small.models import ADAPTER_WEIGHTS

if TYPE_CHECKING:
    from collections.abc import Mapping

    import torch

    Weights = Mapping[str, torch.Tensor]

CONFIG = "adapter_config.json"
# How LoRA calls its two factors: of the change, up @ down.
_DOWN, _UP = "lora_A", "lora_B"


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m training.small.adapter", description=__doc__)
    parser.add_argument("checkpoint", type=Path)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--onto", type=Path, help="the adapter that the run's base has already")
    parser.add_argument("--rank", type=int, default=16, help="of both as one")
    options = parser.parse_args(arguments)
    kept = keep(options.checkpoint, options.folder, onto=options.onto, rank=options.rank)
    sys.stdout.write(f"{kept:.1%} of the squared change of the weights is kept.\n")
    return 0


def keep(checkpoint: Path, folder: Path, *, onto: Path | None = None, rank: int = 16) -> float:
    """Write the adapter's weights in bfloat16, and its settings without paths of this machine. With
    the adapter `onto` which it was trained, both as one of this `rank`. The share of the squared
    change of the weights that was kept."""
    import torch
    from safetensors.torch import load_file, save_file

    weights = load_file(checkpoint / ADAPTER_WEIGHTS)
    settings, kept = json.loads((checkpoint / CONFIG).read_text()), 1.0
    if onto is not None:
        earlier = json.loads((onto / CONFIG).read_text())
        weights, kept = _both(
            (load_file(onto / ADAPTER_WEIGHTS), earlier["lora_alpha"] / earlier["r"]),
            (weights, settings["lora_alpha"] / settings["r"]),
            rank,
        )
        settings |= {"r": rank, "lora_alpha": rank}
    folder.mkdir(parents=True, exist_ok=True)
    halved = {name: weight.to(torch.bfloat16).contiguous() for name, weight in weights.items()}
    save_file(halved, folder / ADAPTER_WEIGHTS, metadata={"format": "pt"})
    settings["base_model_name_or_path"] = package.MODEL
    (folder / CONFIG).write_text(json.dumps(settings, indent=2, sort_keys=True) + "\n")
    return kept


def _both(
    first: tuple[Weights, float], second: tuple[Weights, float], rank: int
) -> tuple[dict[str, torch.Tensor], float]:
    """Two adapters, each with its scale (alpha over rank), as one of scale 1. Per layer it is the
    matrix of this rank that is closest to the sum of both (Eckart and Young, 1936), found from the
    factors: their QR decompositions, and the singular values of what is between. And the share of
    the squared change that it keeps."""
    import torch

    found: dict[str, torch.Tensor] = {}
    squares, left = 0.0, 0.0
    for name in (name for name in first[0] if _DOWN in name):
        up = name.replace(_DOWN, _UP)
        downs = torch.cat([weights[name].float() for weights, _ in (first, second)])
        ups = torch.cat([weights[up].float() * scale for weights, scale in (first, second)], dim=1)
        of_ups, between_ups = torch.linalg.qr(ups)
        of_downs, between_downs = torch.linalg.qr(downs.T)
        u, values, v = torch.linalg.svd(between_ups @ between_downs.T)
        roots = values[:rank].sqrt()
        found[up] = of_ups @ u[:, :rank] * roots
        found[name] = (roots[:, None] * v[:rank]) @ of_downs.T
        squares += float((values**2).sum())
        left += float((values[rank:] ** 2).sum())
    return found, 1 - left / squares


if __name__ == "__main__":
    sys.exit(main())
