"""Gives uv the settings that a person made for pip, which uv does not read.

Standard library only: it runs before anything is installed.
"""

from __future__ import annotations

import ast
import os
import subprocess
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import unquote, urlsplit

# The sections of pip's configuration that concern an installation, the strongest first.
SECTIONS = (":env:", "install", "global")


def read(python: Path) -> dict[str, str]:
    """pip's settings by name, from its files and from PIP_* alike; none where pip fails."""
    told = subprocess.run(
        [str(python), "-m", "pip", "config", "list"], capture_output=True, text=True, check=False
    )
    found: dict[str, dict[str, str]] = {section: {} for section in SECTIONS}
    for line in told.stdout.splitlines():
        key, _, value = line.partition("=")
        section, _, name = key.rpartition(".")
        if section in found:
            found[section][name.replace("_", "-")] = str(ast.literal_eval(value))
    settings: dict[str, str] = {}
    for section in reversed(SECTIONS):
        settings.update(found[section])
    return settings


def find_links(pip: Mapping[str, str]) -> list[str]:
    """The folders and pages of wheels that pip looks into, less the folders that are not there."""
    return [place for place in pip.get("find-links", "").split() if _exists(place)]


def uv_environment(pip: Mapping[str, str], environment: Mapping[str, str]) -> dict[str, str]:
    """The environment for uv. What it says about uv already is stronger than pip's settings."""
    extra = [url for url in pip.get("extra-index-url", "").split() if _exists(url)]
    translated = {
        "UV_PYTHON_DOWNLOADS": "never",
        "UV_NO_PROGRESS": "1",
        "UV_DEFAULT_INDEX": pip.get("index-url"),
        "UV_INDEX": " ".join(extra),
        # pip takes the best version from all its indexes; uv would look into the first only.
        "UV_INDEX_STRATEGY": "unsafe-best-match" if extra else None,
        "UV_FIND_LINKS": ",".join(find_links(pip)),
        "UV_INSECURE_HOST": pip.get("trusted-host"),
        "UV_HTTP_TIMEOUT": pip.get("timeout") or pip.get("default-timeout"),
        "SSL_CERT_FILE": pip.get("cert"),
        "ALL_PROXY": pip.get("proxy"),
    }
    return {**{name: value for name, value in translated.items() if value}, **environment}


def _exists(place: str) -> bool:
    """False for a local folder that is not there, which uv would stop at and pip passes over."""
    parts = urlsplit(place)
    if parts.scheme in ("", "file"):
        return Path(os.path.expanduser(unquote(parts.path))).exists()  # noqa: PTH111
    return True
