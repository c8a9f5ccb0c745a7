"""Identifiers: time-ordered UUIDs made in Python, so that indexes stay compact."""

import uuid

import uuid_utils.compat


def new_id() -> uuid.UUID:
    """A version 7 UUID (RFC 9562)."""
    return uuid_utils.compat.uuid7()
