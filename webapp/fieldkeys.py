"""Secrets at rest, encrypted with FIELD_KEYS, which are kept apart from SECRET_KEY."""

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings


class Undecryptable(ValueError):
    """No key of FIELD_KEYS opens it: the secret has to be entered again."""


def _fernet() -> MultiFernet:
    return MultiFernet([Fernet(key) for key in settings.FIELD_KEYS])


def encrypt(secret: bytes) -> bytes:
    return _fernet().encrypt(secret)


def decrypt(token: bytes) -> bytes:
    try:
        return _fernet().decrypt(token)
    except InvalidToken:
        raise Undecryptable("No key of FIELD_KEYS opens this secret.") from None


def rotate(token: bytes) -> bytes:
    """The same secret under the newest key."""
    try:
        return _fernet().rotate(token)
    except InvalidToken:
        raise Undecryptable("No key of FIELD_KEYS opens this secret.") from None
