"""Identifiers: time-ordered UUIDs made in Python, so that indexes stay compact; and read."""

import uuid

import uuid_utils.compat


def new_id() -> uuid.UUID:
    """A version 7 UUID (RFC 9562)."""
    return uuid_utils.compat.uuid7()


def as_uuid(text: str) -> uuid.UUID | None:
    """The id that a text is; None where it is none."""
    try:
        return uuid.UUID(text)
    except ValueError:
        return None
