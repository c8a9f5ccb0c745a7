"""Keys of endpoints at rest: encrypted, and bound to the origin that they were entered for.

The origin is inside the ciphertext, so that nobody who can write the row but not FIELD_KEYS can
make the studio send a key elsewhere.
"""

import json

from webapp import fieldkeys
from webapp.errors import Refused
from webapp.llm.addresses import origin


class KeyLost(Refused):
    """The stored key can't be used: it has to be entered again."""


def origin_text(base_url: str) -> str:
    """scheme://host:port in one spelling. Raises AddressRefused."""
    scheme, host, port = origin(base_url)
    return f"{scheme}://{host}:{port}"


def seal(key: str, *, base_url: str) -> bytes:
    bound = {"key": key, "origin": origin_text(base_url)}
    return fieldkeys.encrypt(json.dumps(bound).encode())


def unseal(sealed: bytes, *, base_url: str) -> str:
    """The key, where it was entered for the origin of `base_url`. Raises KeyLost."""
    try:
        bound = json.loads(fieldkeys.decrypt(sealed))
    except fieldkeys.Undecryptable:
        raise KeyLost(
            "The key of this endpoint can’t be read any more. Enter the key again.",
            code="key_lost",
        ) from None
    if bound["origin"] != origin_text(base_url):
        raise KeyLost(
            "The key was entered for another address. Enter the key again.", code="key_lost"
        )
    return str(bound["key"])
