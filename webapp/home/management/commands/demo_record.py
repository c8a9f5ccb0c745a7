"""`manage.py demo_record RUN`: keep a finished training run as the recorded run of the demo."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from training.demo import making, recording
from training.demo.shape import RecordingBroken
from webapp.files.folders import run_folder
from webapp.home.machine import described
from webapp.ids import as_uuid


class Command(BaseCommand):
    help = (
        "Write a finished GRPO run of the demo into training/demo/recorded, without weights and "
        "without paths of this machine. Every demo then shows it."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("run", help="the run's id, as in its address, or its folder")
        parser.add_argument("--machine", default="", help="where it ran; this machine if left out")

    def handle(self, *, run: str, machine: str, **_: Any) -> None:
        try:
            made = making.record(_folder(run), machine=machine or described())
            size = recording.save(made)
        except RecordingBroken as error:
            raise CommandError(str(error)) from None
        about, steps = made.about, made.settings["grpo"]["steps"]
        self.stdout.write(
            f"{steps:,} steps, {size / 1e6:.1f} MB, of {about.date} on {about.machine}: "
            f"{recording.FOLDER}"
        )


def _folder(run: str) -> Path:
    pk = as_uuid(run)
    folder = run_folder(pk) if pk else Path(run)
    if not folder.is_dir():
        raise CommandError(f"There is no folder {folder}.")
    return folder
