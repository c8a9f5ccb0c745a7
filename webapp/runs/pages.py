"""What the pages of every kind of run share."""

from collections.abc import Sequence
from typing import Any

from django.template.loader import render_to_string


def render_parts(folder: str, names: Sequence[str], **context: Any) -> Sequence[str]:
    """The partials of a folder that are sent while a run works."""
    return [render_to_string(f"{folder}/_{name}.html", {**context, "live": True}) for name in names]
