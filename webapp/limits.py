"""Bounds and defaults of the numbers that people choose. Each feature names its own in a limits.py;
its model, service, form and serializer read them there, and the service enforces them."""

from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from webapp.errors import Refused

N = TypeVar("N", int, float)


@dataclass(frozen=True)
class Bounds(Generic[N]):
    """A number from `least` to `most`, both included. `name` is the code of its refusal."""

    name: str
    least: N
    most: N
    sentence: str = field(default="The {name} must be between {least} and {most}.", kw_only=True)

    @property
    def range(self) -> dict[str, Any]:
        """As fields of forms and serializers take it."""
        return {"min_value": self.least, "max_value": self.most}

    def require(self, value: float) -> None:
        """Raise Refused for a number outside, and for NaN."""
        if not self.least <= value <= self.most:
            raise Refused(str(self), code=self.name)

    def __str__(self) -> str:
        return self.sentence.format(
            name=self.name.replace("_", " "), least=_shown(self.least), most=_shown(self.most)
        )


@dataclass(frozen=True)
class Setting(Bounds[N]):
    """A number that may be left out; then it is `default`."""

    default: N = field(kw_only=True)


def _shown(number: float) -> str:
    return f"{number:,}" if isinstance(number, int) else f"{number:g}"


# The largest number of PostgreSQL's integer columns.
MAX_INTEGER = 2**31 - 1

SEED = Setting("seed", 0, MAX_INTEGER, default=0)
# How often a draft was saved, as the person saw it.
REVISION = Bounds("revision", 0, MAX_INTEGER)
