"""Where embedded services keep their data, and as whom they run.

PostgreSQL refuses to run as root. Started by root, the services therefore run as `nobody`, in
folders that belong to `nobody`.
"""

import hashlib
import os
import pwd
import secrets
import stat
import tempfile
from functools import cache
from pathlib import Path
from typing import Any

from webapp.embedded.process import ServiceError

CHECKOUT = Path(__file__).resolve().parents[2]

# The path of a Unix socket must fit into sockaddr_un (108 bytes on Linux, 104 on macOS), with
# room here for the longest name that is put into the folder.
SOCKET_FOLDER_LIMIT = 80


def var() -> Path:
    """The folder of this checkout for everything that is not source. KARDIA_VAR moves it."""
    return Path(os.environ.get("KARDIA_VAR") or CHECKOUT / "var").absolute()


@cache
def service_user() -> pwd.struct_passwd | None:
    """Whom services run as, None for the present user."""
    return pwd.getpwnam("nobody") if os.geteuid() == 0 else None


def run_as() -> dict[str, Any]:
    """The arguments of Popen that start a program as the service user."""
    user = service_user()
    if user is None:
        return {}
    return {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}


def data_home(folder: Path) -> Path:
    """The folder where the services that belong to `folder` keep their data.

    It is `folder` itself, except for root below a private folder (such as /root): there `nobody`
    cannot pass, and opening the folder to all would be worse than keeping the data elsewhere.
    """
    if service_user() is None or _passable(folder):
        return folder
    # Named by what is in the folder, not by its path: the data follows a checkout that is moved,
    # and a fresh clone at the path of an earlier one does not find that one's data.
    name = folder / "services-id"
    if not name.exists():
        folder.mkdir(parents=True, exist_ok=True)
        name.write_text(secrets.token_hex(6))
    return Path("/var/lib") / f"kardia-{name.read_text()}"


def make_private(folder: Path) -> Path:
    """Make `folder` with mode 0700 for the service user, and its parents as they come.

    Raises ServiceError where somebody else owns what is there.
    """
    folder.parent.mkdir(parents=True, exist_ok=True)
    folder.mkdir(mode=0o700, exist_ok=True)
    user = service_user()
    owner = user.pw_uid if user else os.geteuid()
    found = folder.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid not in (owner, os.geteuid()):
        raise ServiceError(f"{folder} belongs to somebody else: remove it and start again")
    if user:
        os.chown(folder, user.pw_uid, user.pw_gid, follow_symlinks=False)
    folder.chmod(0o700)
    return folder


def socket_folder(home: Path) -> Path:
    """A private folder for the sockets of `home`: inside it where the path is short enough."""
    inside = home / "sockets"
    if len(os.fsencode(inside)) <= SOCKET_FOLDER_LIMIT:
        return make_private(inside)
    name = f"kardia-{os.geteuid()}-{_short_hash(home)}"
    outside = Path(tempfile.gettempdir()) / name
    if len(os.fsencode(outside)) > SOCKET_FOLDER_LIMIT or not _passable(outside):
        outside = Path("/tmp") / name  # noqa: S108 - private, and refused where another owns it
    return make_private(outside)


def reachable(path: Path) -> bool:
    """Whether the service user can read `path`."""
    return service_user() is None or (_passable(path) and bool(path.stat().st_mode & stat.S_IROTH))


def _passable(path: Path) -> bool:
    """Whether everybody may pass through the folders above `path`."""
    return all(
        parent.stat().st_mode & stat.S_IXOTH
        for parent in path.absolute().parents
        if parent.exists()
    )


def _short_hash(path: Path) -> str:
    return hashlib.sha256(os.fsencode(path.absolute())).hexdigest()[:12]
