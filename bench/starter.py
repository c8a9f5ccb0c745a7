"""What a starter model can do on profiles and situations that training never saw.

JSON keys, shares in 0-1, greedy: `valid`, `situation`, `emotion`, `distinct2`, `copied`; what each
means stands at `training.starter.figures.figures`.
"""

import argparse
from pathlib import Path

from training.starter.figures import figures, training_text


def main(argv: list[str]) -> dict[str, float]:
    parser = argparse.ArgumentParser(prog="python -m bench starter", description=__doc__)
    parser.add_argument("--model", type=Path, required=True)
    parser.add_argument("--n", type=int, default=320)
    parser.add_argument("--seed", type=int, default=0, help="the seed of the build")
    arguments = parser.parse_args(argv)
    print("Collecting the sentences of the training text.", flush=True)
    text = training_text(arguments.seed)
    print(f"Asking {arguments.n} prompts of the test split, twice.", flush=True)
    return figures(arguments.model, arguments.n, text)
