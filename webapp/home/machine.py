"""What this machine says of its memory and its processor. Pure."""

import os
import platform
import re
from pathlib import Path

MEMINFO = Path("/proc/meminfo")
CPUINFO = Path("/proc/cpuinfo")
# One folder a graphics card of NVIDIA.
CARDS = Path("/proc/driver/nvidia/gpus")
CGROUP = Path("/sys/fs/cgroup")


def memory(meminfo: Path = MEMINFO, cgroup: Path = CGROUP) -> tuple[int, int] | None:
    """Available and total bytes, of the container where it has a limit; None where the system does
    not say, as on macOS."""
    try:
        lines = meminfo.read_text().splitlines()
        kilobytes = {line.split(":")[0]: int(line.split()[1]) for line in lines}
        available, total = kilobytes["MemAvailable"] * 1024, kilobytes["MemTotal"] * 1024
    except (OSError, ValueError, IndexError, KeyError):
        return None
    limited = _of_container(cgroup)
    if limited is None or limited[1] > total:
        return available, total
    return min(available, limited[0]), limited[1]


def described(
    cpuinfo: Path = CPUINFO, meminfo: Path = MEMINFO, cgroup: Path = CGROUP, cards: Path = CARDS
) -> str:
    """The machine for people, such as "AMD EPYC 7B13, 2 cores, 8 GB of memory"."""
    has = memory(meminfo, cgroup)
    cores = _cores(cgroup)
    parts = [
        _named(cpuinfo, r"model name\s*:\s*(.+)") or platform.machine(),
        f"{cores} core{'' if cores == 1 else 's'}",
        f"{has[1] / 1e9:.0f} GB of memory" if has else "",
        *(_named(card, r"Model:\s*(.+)") for card in sorted(cards.glob("*/information"))),
    ]
    return ", ".join(part for part in parts if part)


def _named(file: Path, pattern: str) -> str:
    """What a file of /proc says first in the pattern's group; "" where it does not."""
    try:
        found = re.search(pattern, file.read_text())
    except OSError:
        return ""
    return found[1].strip() if found else ""


def _cores(cgroup: Path) -> int:
    """Those that programs may use here; a container may have less than the machine."""
    cores = os.cpu_count() or 1
    if hasattr(os, "sched_getaffinity"):
        cores = len(os.sched_getaffinity(0))
    try:
        quota, period = map(int, (cgroup / "cpu.max").read_text().split())
    except (OSError, ValueError):
        return cores
    return max(1, min(cores, quota // period))


def _of_container(cgroup: Path) -> tuple[int, int] | None:
    """What version 2 of cgroups allows; files that were only read can be forgotten at once."""
    try:
        most = int((cgroup / "memory.max").read_text())
        used = int((cgroup / "memory.current").read_text())
        stat = dict(line.split() for line in (cgroup / "memory.stat").read_text().splitlines())
        forgettable = int(stat.get("inactive_file", 0))
    except (OSError, ValueError):
        return None
    return max(most - used + forgettable, 0), most
