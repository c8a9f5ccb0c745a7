"""What every kind of run shares, and what else is made once for one key."""

from webapp.errors import Refused

# Characters of the key under which a run is started once.
MAX_KEY = 64


def require_key(key: str) -> None:
    """Raise Refused for a key that is empty or too long."""
    if not 0 < len(key) <= MAX_KEY:
        raise Refused(f"The key of a start must have 1 to {MAX_KEY} characters.", code="key")
