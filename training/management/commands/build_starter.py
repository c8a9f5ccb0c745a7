"""`manage.py build_starter`: make the starter models again from a seed."""

import time
from argparse import ArgumentParser
from pathlib import Path

from django.core.management.base import BaseCommand


class Command(BaseCommand):
    help = (
        "Make corpus, tokenizer and both starter models from a seed. Until both are "
        "finished, the existing models stay in place."
    )
    requires_system_checks: tuple[str, ...] = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--seed", type=int, default=0)
        parser.add_argument("--out", type=Path, required=True)

    def handle(self, *, seed: int, out: Path, **_: object) -> None:
        # Only now: torch takes seconds to import, and --help needs none.
        from training.starter.build import STAGES, build

        began = time.monotonic()
        stage_began: dict[str, tuple[float, int]] = {}

        def show(stage: str, step: int, steps: int, loss: float) -> None:
            now = time.monotonic()
            stage_began.setdefault(stage, (now, step))
            since, first = stage_began[stage]
            rate = (step - first) / (now - since) if step > first else 0.0
            left = f"{(steps - step) / rate / 60:.1f} min left" if rate else "…"
            self.stdout.write(
                f"{now - began:6.0f} s  {stage}  step {step} of {steps}  loss {loss:.3f}  "
                f"{rate:.2f} steps/s  {left}"
            )
            self.stdout.flush()

        build(out, seed, show, stages=STAGES)
        minutes = (time.monotonic() - began) / 60
        self.stdout.write(f"The starter models are in {out} after {minutes:.1f} minutes.")
