"""What pip was told reaches uv, and the pins hold on every machine."""

from pathlib import Path

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
