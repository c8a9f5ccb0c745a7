"""`python -m training.starter build --out DIR` and `... corpus --n 200 --out FILE`."""

import argparse
import json
import time
from pathlib import Path


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m training.starter", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    build = commands.add_parser("build", help="make corpus, tokenizer and model from a seed")
    build.add_argument("--out", type=Path, required=True)
    build.add_argument("--seed", type=int, default=0)
    figures = commands.add_parser("figures", help="measure a model on test profiles")
    figures.add_argument("--model", type=Path, required=True)
    figures.add_argument("--n", type=int, default=320)
    corpus = commands.add_parser("corpus", help="write graded dialogues as JSON lines")
    corpus.add_argument("--out", type=Path, required=True)
    corpus.add_argument("--n", type=int, default=200)
    corpus.add_argument("--seed", type=int, default=0)
    corpus.add_argument("--split", choices=("train", "validation", "test"))
    arguments = parser.parse_args()
    {"build": _build, "figures": _figures, "corpus": _corpus}[arguments.command](arguments)


def _build(arguments: argparse.Namespace) -> None:
    from training.starter.build import build

    began = time.monotonic()

    def show(stage: str, step: int, steps: int, note: str) -> None:
        seconds = time.monotonic() - began
        print(f"{seconds:6.0f} s  {stage}  {step} of {steps}  {note}", flush=True)

    build(arguments.out, arguments.seed, show)
    print(f"The starter model is in {arguments.out}.")


def _figures(arguments: argparse.Namespace) -> None:
    from training.starter.figures import figures

    print(json.dumps(figures(arguments.model, arguments.n), indent=2))


def _corpus(arguments: argparse.Namespace) -> None:
    from training.starter.corpus import dialogues

    with arguments.out.open("w", encoding="utf-8") as out:
        for dialogue in dialogues(arguments.n, arguments.seed, split=arguments.split):
            out.write(json.dumps(dialogue, ensure_ascii=False) + "\n")
    print(f"{arguments.n} dialogues are in {arguments.out}.")


if __name__ == "__main__":
    main()
