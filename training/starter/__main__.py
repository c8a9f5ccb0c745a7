"""`python -m training.starter --n 200 --out FILE`: write graded dialogues as JSON lines."""

import argparse
import json
from pathlib import Path

from training.starter.corpus import dialogues


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m training.starter", description=__doc__)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--n", type=int, default=200)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--split", choices=("train", "validation", "test"))
    parser.add_argument("--templates", choices=("a", "b"), help="half of the reply skeletons")
    asked = parser.parse_args()
    made = dialogues(asked.n, asked.seed, split=asked.split, templates=asked.templates)
    with asked.out.open("w", encoding="utf-8") as out:
        for dialogue in made:
            out.write(json.dumps(dialogue, ensure_ascii=False) + "\n")
    print(f"{asked.n} dialogues are in {asked.out}.")


if __name__ == "__main__":
    main()
