"""What a killed worker does: `tests.support.worker` calls it in a process of its own."""

import os
from pathlib import Path

from django.conf import settings

from tests.support.worker import hold_after
from training import supervisor
from training.demo import recording
from training.models import Rollout


def replay(run_id: str) -> None:
    """Event by event, from the test's own recording into its own run folders."""
    settings.VAR_DIR = Path(os.environ["RUNS_IN"])
    recording.FOLDER = Path(os.environ["RECORDED"])
    supervisor.READ_BYTES = 64
    hold_after(lambda: Rollout.objects.filter(run=run_id).count())
    supervisor.work(run_id)
