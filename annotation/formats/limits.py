"""How much of a file one record may hold, so that no upload exhausts a worker."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds on one line (or array entry), each refused with a reason when passed."""

    record_bytes: int = 2_000_000
    depth: int = 32
    turns: int = 500
    emotion_chars: int = 80
    mbti_chars: int = 8
    username_chars: int = 120


LIMITS = Limits()
