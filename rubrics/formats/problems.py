"""What is wrong with a file, for the person who made it."""


class BadFile(ValueError):
    """A file that is no rubric: the line counted from 1 where it is known, why, and what was
    expected there."""

    def __init__(self, line: int | None, reason: str, expected: str) -> None:
        where = f"Line {line}: " if line else ""
        super().__init__(f"{where}{reason} Expected: {expected}.")
        self.line, self.reason, self.expected = line, reason, expected
