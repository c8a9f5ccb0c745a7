"""How many ratings of people carry over. Ratings live in an app above this one, which registers
how to count them in AppConfig.ready."""

from collections.abc import Callable, Collection, Mapping

from webapp.accounts.models import Project

# Ratings of people in the project, by meaning id; a meaning without one may be left out.
CountRatings = Callable[[Project, Collection[str]], Mapping[str, int]]

_counters: list[CountRatings] = []


def register(count: CountRatings) -> None:
    _counters[:] = [count]


def count_ratings(project: Project, meanings: Collection[str]) -> Mapping[str, int]:
    for count in _counters:
        return count(project, meanings)
    return {}
