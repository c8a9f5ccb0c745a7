"""PostgreSQL and Valkey for a bench, with data of their own."""

import contextlib
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from webapp.embedded import homes
from webapp.embedded.services import KINDS


@contextlib.contextmanager
def services() -> Iterator[None]:
    """As durable as those of `make run`, with all migrations applied."""
    parent = Path("/var/tmp" if homes.service_user() else tempfile.gettempdir())  # noqa: S108
    home = homes.make_private(Path(tempfile.mkdtemp(prefix="kardia-bench-", dir=parent)))
    os.environ |= {
        "KARDIA_DEMO": "1",
        "KARDIA_VAR": str(home / "var"),
        "DJANGO_SETTINGS_MODULE": "webapp.settings",
    }
    with contextlib.ExitStack() as stack:
        stack.callback(shutil.rmtree, home, ignore_errors=True)
        for variable, kind in KINDS.items():
            service = kind(home, log=home / f"{kind.name}.log")
            stack.callback(service.stop)
            service.start()
            os.environ[variable] = service.url
        manage = [sys.executable, homes.CHECKOUT / "manage.py"]
        subprocess.run([*manage, "migrate", "--verbosity", "0"], check=True)
        yield
