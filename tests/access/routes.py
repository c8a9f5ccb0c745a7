"""Every address of the studio, read from the URL patterns themselves."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.urls import URLPattern, URLResolver

from webapp.runs import registry
from webapp.urls import urlpatterns

# One address for all kinds of run, and a rule for each kind: `run_cancel(fit)`.
OF_ALL_KINDS = ("run_cancel", "run_resume")


@dataclass(frozen=True)
class Route:
    name: str
    # Names of the path's arguments.
    arguments: tuple[str, ...]
    path: str

    @property
    def url_name(self) -> str:
        return self.name.partition("(")[0]

    @property
    def in_project(self) -> bool:
        return "project_id" in self.arguments

    @property
    def is_api(self) -> bool:
        return self.path.startswith("api/")


def routes() -> list[Route]:
    return sorted(_walk(urlpatterns, "", ()), key=lambda route: route.path)


def _walk(patterns: list[Any], prefix: str, arguments: tuple[str, ...]) -> Iterator[Route]:
    for entry in patterns:
        path = prefix + str(entry.pattern)
        names = arguments + tuple(_arguments(entry))
        if isinstance(entry, URLResolver):
            yield from _walk(entry.url_patterns, path, names)
        elif isinstance(entry, URLPattern):
            for name in _names(entry.name or ""):
                yield Route(name, names, path)


def _names(url_name: str) -> list[str]:
    if url_name not in OF_ALL_KINDS:
        return [url_name]
    return [f"{url_name}({kind.model.kind})" for kind in registry.kinds()]


def _arguments(entry: URLPattern | URLResolver) -> list[str]:
    return list(entry.pattern.regex.groupindex)
