"""Errors that services raise for people."""


class Refused(Exception):
    """A rule of the product forbids what was asked. The message is shown as it is."""

    status = 409

    def __init__(self, message: str, *, code: str = "refused") -> None:
        super().__init__(message)
        self.code = code


class Stale(Refused):
    """Somebody else changed the object since it was read."""
