"""The supervisor restarts what crashes, gives up when that is hopeless, and leaves no orphan."""

import os
import signal
import subprocess
import time
from pathlib import Path

from tests.embedded.conftest import eventually, processes_naming

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

COUNT = "import sys, pathlib, time; p = pathlib.Path(sys.argv[1]) / 'starts'; "
COUNT += "p.open('a').write('x'); time.sleep(60)"
WITH_GRANDCHILD = "import sys, subprocess; subprocess.run(['sh', '-c', 'sleep 60; :', sys.argv[1]])"
STUBBORN = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); time.sleep(60)"


def watching(script, **children: str):
    process = script(f"CHILDREN = {children!r}\n{WATCH}")
    assert process.stdout.readline() == "watching\n"
    return process


def test_a_killed_child_is_restarted_with_a_line_that_says_so(place: Path, script) -> None:
    supervisor = watching(script, worker=COUNT)
    assert eventually((place / "starts").exists)
    kill_children(place)
    line = supervisor.stdout.readline()
    assert "worker" in line
    assert "was killed by SIGKILL: restarting it" in line
    assert eventually(lambda: (place / "starts").read_text() == "xx")


def test_a_hopeless_child_is_given_up_and_the_reason_shown(script) -> None:
    supervisor = watching(script, web="raise SystemExit('no such table')")
    told = supervisor.communicate(timeout=10)[0]
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
    talk = "print('[INFO] fine'); print('[WARNING] odd', flush=True); import time; time.sleep(60)"
    supervisor = watching(script, worker=talk)
    assert supervisor.stdout.readline() == "   worker | [WARNING] odd\n"
    assert (place / "worker.log").read_text() == "[INFO] fine\n[WARNING] odd\n"
    assert (place / "worker.log").stat().st_mode & 0o777 == 0o600


def test_a_signal_stops_everything(place: Path, script) -> None:
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        supervisor = watching(script, web=COUNT, worker=WITH_GRANDCHILD)
        supervisor.send_signal(number)
        assert supervisor.communicate(timeout=10)[0].endswith("stopped\n")
        assert processes_naming(str(place)) == []


def test_a_second_ctrl_c_kills(place: Path, script) -> None:
    supervisor = watching(script, worker=STUBBORN)
    time.sleep(0.3)
    supervisor.send_signal(signal.SIGINT)
    time.sleep(0.3)
    supervisor.send_signal(signal.SIGINT)
    assert supervisor.communicate(timeout=3)[0].endswith("stopped\n")
    assert processes_naming(str(place)) == []


def test_a_killed_supervisor_leaves_no_child(place: Path, script) -> None:
    supervisor = watching(script, web=COUNT, worker=STUBBORN)
    supervisor.kill()
    supervisor.wait()
    assert eventually(lambda: processes_naming(str(place)) == [])


def kill_children(place: Path) -> None:
    listed = subprocess.run(["ps", "-wweo", "pid,args"], capture_output=True, text=True, check=True)
    for line in listed.stdout.splitlines():
        if line.endswith(f" {place}"):
            os.kill(int(line.split()[0]), signal.SIGKILL)
