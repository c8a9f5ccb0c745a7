"""A pytest plugin: an embedded PostgreSQL and Valkey for the whole run, before Django's settings.

Loaded by `-p tests.support.services`. They live in a temporary folder, so the data of `make run` is
never touched. DATABASE_URL and REDIS_URL, where set, are used as they are; KARDIA_VAR too is
temporary.
Of several test processes (xdist) each has a database of its own on the first one's PostgreSQL, and
a Valkey and a folder of its own.
"""

import gc
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.waiting import LONG_S, SHORT_S
from webapp.embedded import homes
from webapp.embedded.services import KINDS

# Of one test with its fixtures, in seconds: a test's own waits end before it and say what for.
os.environ.setdefault("PYTEST_TIMEOUT", str(LONG_S + 2 * SHORT_S))

# Nothing that is imported becomes garbage; looking for it again and again took a sixth of the time
# until the first test. tests/conftest.py has it looked for again.
gc.disable()

PREFIX = "kardia-tests-"
OURS = "KARDIA_TEST_SERVICES"  # the variables that this plugin set

# Root's own temporary folder may be closed to the user whom the services run as.
PARENT = Path("/var/tmp" if homes.service_user() else tempfile.gettempdir())  # noqa: S108


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_load_initial_conftests(early_config: pytest.Config) -> Iterator[None]:
    # A wrapper, because pytest-django reads the settings in this hook, first of the others.
    if "PYTEST_XDIST_WORKER" in os.environ:
        _forget_what_is_not_shared()
    else:
        _remove_left_overs()
    home = _temporary_home()
    early_config.add_cleanup(lambda: shutil.rmtree(home, ignore_errors=True))
    # The threads of small models wait for each other longer than they work.
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    # Tests add their model as a folder of the server.
    os.environ["KARDIA_MODEL_ROOTS"] = str(Path(__file__).parent / "starter")
    os.environ.setdefault("KARDIA_DEMO", "1")  # secrets are generated, into a place of its own
    for variable, kind in KINDS.items():
        if not os.environ.get(variable):
            service = kind(home, log=home / f"{kind.name}.log", durable=False)
            early_config.add_cleanup(service.stop)  # last added, first called
            service.start()
            for name, address in service.addresses.items():
                _set_for_all(name, address)
    if not os.environ.get("KARDIA_VAR"):
        _set_for_all("KARDIA_VAR", str(home / "var"))
        # Where whitenoise looks for collected files; it warns at each request where it is missing.
        (home / "var" / "static").mkdir(parents=True)
    return (yield)


def _set_for_all(variable: str, value: str) -> None:
    """Set a variable, and note that it is ours and was not given from outside."""
    os.environ[variable] = value
    os.environ[OURS] = f"{os.environ.get(OURS, '')} {variable}".strip()


def is_ours(variable: str) -> bool:
    """Whether this plugin set it, and the service is thrown away with the run."""
    return variable in os.environ.get(OURS, "").split()


def _forget_what_is_not_shared() -> None:
    shared = {"DATABASE_URL", "DATABASE_OWNER_URL"}
    ours = set(os.environ.get(OURS, "").split())
    for variable in ours - shared:
        del os.environ[variable]
    os.environ[OURS] = " ".join(ours & shared)


def _temporary_home() -> Path:
    return homes.make_private(Path(tempfile.mkdtemp(prefix=f"{PREFIX}{os.getpid()}-", dir=PARENT)))


def _remove_left_overs() -> None:
    """Remove the folders of runs that were killed."""
    for folder in PARENT.glob(f"{PREFIX}*"):
        pid = folder.name.removeprefix(PREFIX).split("-")[0]
        if pid.isdigit() and not _is_alive(int(pid)):
            shutil.rmtree(folder, ignore_errors=True)


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
