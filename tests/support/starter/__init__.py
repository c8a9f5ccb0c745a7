"""The starter: a model of 1.65 million parameters that only the tests use. It knows the words of
the grammar beside it, from which `corpus` makes dialogues with known grades."""

from pathlib import Path

from training.models import Checkpoint
from training.services import checkpoint_register
from webapp.accounts.models import Project, User

FOLDER = Path(__file__).parent / "model"


def register(*, project: Project, actor: User, name: str = "starter") -> Checkpoint:
    """Add it as a folder of the server, which tests.support.services allows."""
    return checkpoint_register(
        project=project, actor=actor, name=name, folder=FOLDER, licence="Apache 2.0"
    )
