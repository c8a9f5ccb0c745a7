"""Values that no person types, for every name that the studio reads."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from django.forms.forms import BaseForm
from django_filters import FilterSet
from rest_framework.serializers import Serializer

ROOT = Path(__file__).parents[2]
APPS = ("webapp", "rubrics", "annotation", "training")
# Names that a view reads itself, without a form or a serializer.
READ = re.compile(r"""(?:GET|POST|query_params|data|body)(?:\.get(?:list)?\(|\[)["']([\w-]+)["']""")

NUL, HALF_SURROGATE = "a\x00b", "a\ud800b"
# `c` is what a cursor holds, `9` many more digits than a database keeps.
TEXTS = (NUL, "9" * 400, "-1", "\u202e\ufffe", "NaN", "1e999", "")
VALUES: tuple[Any, ...] = (
    HALF_SURROGATE, NUL, 10**400, -1, 1.5, True, None, [], {}, [[HALF_SURROGATE]], {NUL: NUL},
    {"a": {"b": [HALF_SURROGATE]}},
)  # fmt: skip
PATHS = ("%00", "a%00b", "%ED%A0%80", "%FF", "..%2F..%2Fetc")


def names() -> list[str]:
    """Every name that a form, a serializer, a filter or a view reads, and those of pages."""
    found = {"cursor", "page_size", "format", "next"}
    for app in APPS:
        for file in (ROOT / app).rglob("*.py"):
            found.update(READ.findall(file.read_text()))
    for form in _subclasses(BaseForm):
        found.update(getattr(form, "base_fields", {}))
    for filters in _subclasses(FilterSet):
        found.update(getattr(filters, "base_filters", {}))
    for serializer in _subclasses(Serializer):
        found.update(getattr(serializer, "_declared_fields", {}))
        fields = getattr(getattr(serializer, "Meta", None), "fields", ())
        found.update(fields if isinstance(fields, tuple | list) else ())
    return sorted(found)


def _subclasses(of: type) -> Iterator[type]:
    for found in of.__subclasses__():
        yield found
        yield from _subclasses(found)
