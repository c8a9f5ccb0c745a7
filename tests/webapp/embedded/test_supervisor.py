"""The supervisor restarts what crashes, gives up when that is hopeless, and leaves no orphan."""

import os
import signal
import subprocess
from pathlib import Path

import pytest

from tests.support.waiting import SHORT_S, wait_until
from tests.webapp.embedded.conftest import processes_naming

pytestmark = pytest.mark.slow

WATCH = """
import os, sys
from webapp.embedded.console import Console
from webapp.embedded.program import Program
from webapp.embedded.supervisor import GaveUp, StopRequested, Supervisor
try:
    with Supervisor(Console()) as supervisor:
        for name, code in CHILDREN.items():
            supervisor.start(
                Program(
                    name,
                    [sys.executable, "-c", code, str(place)],
                    log=place / f"{name}.log",
                    environment=os.environ,
                    folder=place,
                ),
                essential=name == "web",
            )
        print("watching", flush=True)
        supervisor.watch(every=0.02)
except StopRequested:
    print("stopped")
except GaveUp as error:
    print(error)
"""

# What the children do lasts longer than any test waits for their end.
COUNT = "import sys, pathlib, time; p = pathlib.Path(sys.argv[1]) / 'starts'; "
COUNT += "p.open('a').write('x'); time.sleep(3600)"
WITH_GRANDCHILD = (
    "import sys, subprocess; subprocess.run(['sh', '-c', 'sleep 3600; :', sys.argv[1]])"
)
STUBBORN = "import signal, sys, pathlib, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); "
STUBBORN += "(pathlib.Path(sys.argv[1]) / 'deaf').touch(); time.sleep(3600)"
# So that only a second Ctrl-C kills a child, and not that it takes too long to end.
PATIENT = "from webapp.embedded.program import Program; Program.stop.__defaults__ = (3600,)\n"


def watching(script, *, head: str = "", **children: str):
    process = script(f"{head}CHILDREN = {children!r}\n{WATCH}")
    assert process.stdout.readline() == "watching\n"
    return process


def test_a_killed_child_is_restarted_with_a_line_that_says_so(place: Path, script) -> None:
    supervisor = watching(script, worker=COUNT)
    starts = place / "starts"
    wait_until(lambda: starts.exists() and starts.read_text() == "x", "the first start")
    kill_children(place)
    line = supervisor.stdout.readline()
    assert "worker" in line
    assert "was killed by SIGKILL: restarting it" in line
    wait_until(lambda: starts.read_text() == "xx", "the second start")


def test_a_hopeless_child_is_given_up_and_the_reason_shown(script) -> None:
    supervisor = watching(script, web="raise SystemExit('no such table')")
    # Not communicate(), which leaves out what came together with the line that was read.
    told = supervisor.stdout.read()
    assert told.count("restarting") == 2
    assert "3 times" in told
    assert "no such table" in told
    assert told.endswith("Nothing works without web.\n")


def test_the_rest_runs_on_without_a_child_that_is_not_essential(place: Path, script) -> None:
    supervisor = watching(script, model="raise SystemExit(1)", worker=COUNT)
    lines = [supervisor.stdout.readline() for _ in range(3)]
    assert "given up" in lines[2]
    assert supervisor.poll() is None
    assert len(processes_naming(str(place))) >= 2


def test_warnings_and_tracebacks_reach_the_terminal_the_rest_the_log(place: Path, script) -> None:
    talk = "print('[INFO] fine'); print('[WARNING] odd', flush=True); import time; time.sleep(3600)"
    supervisor = watching(script, worker=talk)
    assert supervisor.stdout.readline() == "   worker | [WARNING] odd\n"
    assert (place / "worker.log").read_text() == "[INFO] fine\n[WARNING] odd\n"
    assert (place / "worker.log").stat().st_mode & 0o777 == 0o600


def test_a_signal_stops_everything(place: Path, script) -> None:
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        supervisor = watching(script, web=COUNT, worker=WITH_GRANDCHILD)
        supervisor.send_signal(number)
        assert supervisor.communicate(timeout=SHORT_S)[0].endswith("stopped\n")
        wait_until_none_names(place)


def test_a_second_ctrl_c_kills(place: Path, script) -> None:
    supervisor = watching(script, head=PATIENT, worker=STUBBORN)
    wait_until((place / "deaf").exists, "the child")
    supervisor.send_signal(signal.SIGINT)
    assert supervisor.stdout.readline() == "Stopping. A second Ctrl-C kills.\n"
    supervisor.send_signal(signal.SIGINT)
    assert supervisor.communicate(timeout=SHORT_S)[0] == "stopped\n"
    wait_until_none_names(place)


def test_a_killed_supervisor_leaves_no_child(place: Path, script) -> None:
    supervisor = watching(script, web=COUNT, worker=STUBBORN)
    supervisor.kill()
    supervisor.wait()
    wait_until_none_names(place)


def wait_until_none_names(place: Path) -> None:
    wait_until(lambda: processes_naming(str(place)) == [], "the end of the children")


def kill_children(place: Path) -> None:
    listed = subprocess.run(["ps", "-wweo", "pid,args"], capture_output=True, text=True, check=True)
    for line in listed.stdout.splitlines():
        if line.endswith(f" {place}"):
            os.kill(int(line.split()[0]), signal.SIGKILL)
