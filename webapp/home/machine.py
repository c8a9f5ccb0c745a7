"""What this machine says of its memory. Pure."""

from pathlib import Path

MEMINFO = Path("/proc/meminfo")
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
