"""Pins what requirements.in and requirements-dev.in name: `python3 -m webapp.embedded.lock`.

The files that it writes name no host, no path and no build of torch: which build is right is
decided on the machine that installs. Standard library only.
"""

from __future__ import annotations

import os
import re
import sys

from webapp.embedded import install, pip_settings

PLAIN = ["--no-emit-find-links", "--no-emit-index-url", "--custom-compile-command", "make lock"]


def main() -> int:
    environment = pip_settings.uv_environment(pip_settings.read(install.PYTHON), os.environ)
    run, dev = install.REQUIREMENTS, install.DEV_REQUIREMENTS
    for target, constraints in ((run, []), (dev, ["-c", run.name])):
        source = target.with_suffix(".in").name
        arguments = ["pip", "compile", "--quiet", source, "-o", target.name, *constraints, *PLAIN]
        if install.uv(environment, *arguments):
            return 1
        target.write_text(for_every_machine(target.read_text()))
    return 0


def for_every_machine(text: str) -> str:
    """Leave out what holds for one machine's build of torch only.

    A build for CUDA needs a score of packages, which it pins itself and other builds don't want.
    """
    entries = re.split(r"(?m)^(?=[a-z0-9])", text)
    kept = "".join(entry for entry in entries if not re.match(r"nvidia-|cuda-|triton==", entry))
    return re.sub(r"(?m)^(torch==[^+\s]+)\+\S+", r"\1", kept)


if __name__ == "__main__":
    sys.exit(main())
