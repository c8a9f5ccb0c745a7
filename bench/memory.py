"""What a running `make run` of this checkout takes: `python -m bench memory`, on Linux.

PSS divides a page that several processes share among them, so that the sum is what the studio takes
in all. RSS counts such a page for each of them.
"""

from pathlib import Path
from typing import Any

from webapp.embedded import homes


def main(argv: list[str]) -> dict[str, Any]:
    if argv:
        raise SystemExit("usage: python -m bench memory")
    root = (homes.var() / "studio.lock").read_text()
    sizes = {pid: _sizes(pid) for pid in _tree(root)}
    for pid, (pss, rss) in sizes.items():
        print(f"{pss:6.0f} {rss:6.0f} MB  {_command(pid)}")
    return {
        "processes": len(sizes),
        "pss_mb": round(sum(pss for pss, _ in sizes.values())),
        "rss_mb": round(sum(rss for _, rss in sizes.values())),
    }


def _tree(pid: str) -> list[str]:
    children = [
        child
        for thread in Path("/proc", pid, "task").iterdir()
        for child in (thread / "children").read_text().split()
    ]
    return [pid, *(below for child in children for below in _tree(child))]


def _sizes(pid: str) -> tuple[float, float]:
    """PSS and RSS in MB."""
    lines = Path("/proc", pid, "smaps_rollup").read_text().splitlines()[1:]
    kilobytes = {line.split(":")[0]: int(line.split()[1]) for line in lines}
    return kilobytes["Pss"] / 1024, kilobytes["Rss"] / 1024


def _command(pid: str) -> str:
    return Path("/proc", pid, "cmdline").read_text().replace("\0", " ").strip()[-90:]
