"""What the machine says of its memory and its processor."""

from pathlib import Path

import pytest

from webapp.home.machine import described, memory

MEMINFO = "MemTotal:       8000 kB\nMemFree:         100 kB\nMemAvailable:    3000 kB\n"


@pytest.fixture
def meminfo(tmp_path: Path) -> Path:
    file = tmp_path / "meminfo"
    file.write_text(MEMINFO)
    return file


def limit(tmp_path: Path, most: str, used: int) -> Path:
    (tmp_path / "memory.max").write_text(most)
    (tmp_path / "memory.current").write_text(str(used))
    (tmp_path / "memory.stat").write_text("anon 5\ninactive_file 1024\n")
    return tmp_path


def test_of_a_machine(meminfo: Path, tmp_path: Path) -> None:
    assert memory(meminfo, tmp_path / "none") == (3000 * 1024, 8000 * 1024)
    assert memory(meminfo, limit(tmp_path, "max", 5)) == (3000 * 1024, 8000 * 1024)


def test_of_a_container(meminfo: Path, tmp_path: Path) -> None:
    tight = limit(tmp_path, str(2048 * 1024), 1048 * 1024)
    assert memory(meminfo, tight) == (1001 * 1024, 2048 * 1024)


@pytest.mark.parametrize("content", ["", "MemTotal: 8000 kB", "MemAvailable\n", "a: b c"])
def test_a_system_that_does_not_say(tmp_path: Path, content: str) -> None:
    (tmp_path / "meminfo").write_text(content)
    assert memory(tmp_path / "meminfo", tmp_path) is None
    assert memory(tmp_path / "nothing", tmp_path) is None


def test_the_machine_in_words(meminfo: Path, tmp_path: Path) -> None:
    cpuinfo = tmp_path / "cpuinfo"
    cpuinfo.write_text("processor\t: 0\nmodel name\t: AMD EPYC 7B13\nmodel name\t: Another\n")
    (tmp_path / "cpu.max").write_text("100000 100000")
    meminfo.write_text(MEMINFO.replace("8000 kB", "8000000 kB"))
    card = tmp_path / "cards/0/information"
    card.parent.mkdir(parents=True)
    card.write_text("Model: \t\t NVIDIA L4\nIRQ: 1\n")
    words = described(cpuinfo, meminfo, tmp_path, tmp_path / "cards")
    assert words == "AMD EPYC 7B13, 1 core, 8 GB of memory, NVIDIA L4"


def test_a_machine_that_says_little_is_described_all_the_same(tmp_path: Path) -> None:
    none = tmp_path / "nothing"
    assert "core" in described(none, none, none, none)
