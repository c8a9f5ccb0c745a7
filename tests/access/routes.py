"""Every address of the studio, read from the URL patterns themselves."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.urls import URLPattern, URLResolver

from webapp.urls import urlpatterns


@dataclass(frozen=True)
class Route:
    name: str
    # Names of the path's arguments.
    arguments: tuple[str, ...]
    path: str

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
            yield Route(entry.name or "", names, path)


def _arguments(entry: URLPattern | URLResolver) -> list[str]:
    return list(entry.pattern.regex.groupindex)
