"""Which folders of the server a model may lie in."""

from pathlib import Path

from django.conf import settings

from training.checkpoints.limits import MAX_PATH
from training.models import Checkpoint
from training.paths import weights_of
from webapp.errors import Refused

NO_ROOTS = (
    "No folder of the server is allowed yet. An administrator names them in KARDIA_MODEL_ROOTS."
)


def usable_weights(checkpoint: Checkpoint) -> Path:
    """The folder of a checkpoint's weights. One of the server is checked at each use: the folder,
    its links and what an administrator allows may have changed since it was added. Raises
    Refused."""
    folder = weights_of(checkpoint)
    is_of_server = checkpoint.origin == Checkpoint.Origin.PATH
    return allowed_folder(str(folder)) if is_of_server else folder


def allowed_folder(path: str) -> Path:
    """The folder without links. Raises Refused where it or a file of it lies elsewhere: outside of
    KARDIA_MODEL_ROOTS, or among what the studio keeps. The same refusal whether a folder outside
    is there or not: nobody learns here what lies elsewhere on the server."""
    roots = [Path(root).resolve() for root in settings.MODEL_ROOTS]
    if not roots:
        raise Refused(NO_ROOTS, code="path")
    try:
        folder = Path(path.strip()).resolve() if path.isprintable() else Path("/")
        if not _is_below(folder, roots):
            allowed = ", ".join(settings.MODEL_ROOTS)
            raise Refused(f"The folder must lie below {allowed}.", code="path")
        if not folder.is_dir() or len(str(folder)) > MAX_PATH:
            raise Refused("There is no such folder.", code="path")
        outside = [file.name for file in folder.iterdir() if not _is_below(file.resolve(), roots)]
    except (OSError, RuntimeError):
        # Names that are too long, links in a circle, folders of somebody else.
        raise Refused("The studio can’t read this folder.", code="path") from None
    if outside:
        raise Refused(f"{outside[0]} is a link that leads out of the folder.", code="path")
    return folder


def _is_below(path: Path, roots: list[Path]) -> bool:
    """Whether it is in one of the folders. What the studio keeps never is: it has the files of
    every project."""
    if path.is_relative_to(settings.VAR_DIR.resolve()):
        return False
    return any(path.is_relative_to(root) for root in roots)
