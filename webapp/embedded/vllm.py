"""vLLM in a virtual environment of its own: `python3 -m webapp.embedded.vllm serve MODEL`.

On a machine with an NVIDIA GPU it is the official `vllm`, elsewhere the same release built for
CPU. `install` only installs it. Standard library only: a server for models needs no studio.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import sys
from collections.abc import Sequence
from pathlib import Path

from webapp.embedded.install import sha256
from webapp.embedded.venv import CHECKOUT, InstallError, Venv, has_gpu, step

VENV = Venv(CHECKOUT / ".venv-vllm")
GPU_REQUIREMENTS = CHECKOUT / "requirements-vllm.txt"
CPU_REQUIREMENTS = CHECKOUT / "requirements-vllm-cpu.txt"
# What the registry has of these is built against another torch and breaks the build for CPU.
LEFT_OUT_ON_CPU = ("torchvision", "torchaudio", "torchcodec", "triton")
HUB_NAME = re.compile(r"[\w.-]+/[\w.-]+")

# A weak model fills JSON with white space until its tokens are used up.
STRUCTURED = json.dumps({"backend": "xgrammar", "disable_any_whitespace": True})
# What the prompts of the studio are cut to.
CPU_CONTEXT = 4096
CPU_CACHE_GB = 1


class NoModel(Exception):
    """There is no checkpoint where one was named; the message says so."""


def install() -> None:
    """Bring .venv-vllm to what the requirements say. Raises InstallError with what to do."""
    gpu = has_gpu()
    requirements = GPU_REQUIREMENTS if gpu else CPU_REQUIREMENTS
    if not gpu and sys.platform != "linux":
        raise InstallError("vLLM runs on Linux; here, `python -m webapp.llm.local` serves models.")

    def fill(environment: dict[str, str]) -> None:
        if not gpu:
            VENV.install_torch(environment, requirements, backend="cpu")
        step(f"installing {requirements.name} (several GB)")
        # The file is whole; what it leaves out must stay out.
        VENV.install(environment, "--no-deps", "-r", str(requirements))

    VENV.bring_to({requirements.name: sha256(requirements)}, fill)


def is_installed() -> bool:
    return VENV.python.exists()


def command(model: str, *, host: str, port: int, extra: Sequence[str] = ()) -> list[str]:
    """The command that serves `model`: NAME=DIR, DIR or a name on the hub. Raises NoModel."""
    name, path = _named(model)
    flags = ["--structured-outputs-config", STRUCTURED, "--host", host, "--port", str(port)]
    if not has_gpu():
        flags += ["--dtype", "bfloat16", "--enforce-eager", "--max-model-len", str(CPU_CONTEXT)]
    program = [str(VENV.python), "-m", "vllm.entrypoints.openai.api_server"]
    return [*program, "--model", path, "--served-model-name", name, *flags, *extra]


def environment(model: str) -> dict[str, str]:
    """The environment of that command."""
    settings = {
        **os.environ,
        "VLLM_NO_USAGE_STATS": "1",
        "VLLM_CACHE_ROOT": str(CHECKOUT / "var" / "vllm"),
        # Without the compiled modules each of its processes takes a minute to start.
        "PYTHONDONTWRITEBYTECODE": "",
    }
    if not has_gpu():
        settings.setdefault("VLLM_CPU_KVCACHE_SPACE", str(CPU_CACHE_GB))
    if Path(_named(model)[1]).is_dir():
        settings["HF_HUB_OFFLINE"] = "1"
    return settings


def _named(model: str) -> tuple[str, str]:
    """Name and place of a model. Raises NoModel."""
    name, separator, place = model.partition("=")
    place = place if separator else model
    path = Path(place)
    if path.is_dir():
        if not (path / "config.json").is_file():
            raise NoModel(f"{place} is no checkpoint: it has no config.json")
        return (name if separator else path.resolve().name), place
    if not HUB_NAME.fullmatch(place):
        raise NoModel(f"the directory {place} does not exist")
    return (name if separator else place), place


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python3 -m webapp.embedded.vllm", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("install", help="only install it")
    serve = commands.add_parser("serve", help="install it and serve a model; more flags go to vLLM")
    serve.add_argument("model", help="NAME=DIR, DIR or a name on the hub")
    serve.add_argument("--host", default="127.0.0.1")
    serve.add_argument("--port", type=int, default=8200)
    options, extra = parser.parse_known_args(arguments)
    try:
        if options.command == "install":
            install()
            return 0
        program = command(options.model, host=options.host, port=options.port, extra=extra)
        install()
    except (InstallError, NoModel) as error:
        sys.stderr.write(f"{error}\n")
        return 1
    except KeyboardInterrupt:
        return 130
    os.execve(program[0], program, environment(options.model))  # noqa: S606 - a fixed program


if __name__ == "__main__":
    sys.exit(main())
