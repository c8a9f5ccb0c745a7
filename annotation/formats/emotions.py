"""The 32 emotion labels of EmpatheticDialogues, which KardiaBench uses (arXiv 2512.01282)."""

EMOTIONS = (
    "nostalgic",
    "sentimental",
    "disappointed",
    "joyful",
    "trusting",
    "surprised",
    "faithful",
    "embarrassed",
    "annoyed",
    "furious",
    "devastated",
    "impressed",
    "caring",
    "terrified",
    "afraid",
    "disgusted",
    "lonely",
    "grateful",
    "anticipating",
    "ashamed",
    "proud",
    "hopeful",
    "prepared",
    "angry",
    "jealous",
    "anxious",
    "excited",
    "confident",
    "content",
    "apprehensive",
    "sad",
    "guilty",
)

_LABELS = frozenset(EMOTIONS)


def emotion_label(text: str) -> str | None:
    """The label that `text` is, apart from case and outer white space; None for any other text.

    Nothing is guessed: "anxiety" is not "anxious".
    """
    label = text.strip().casefold()
    return label if label in _LABELS else None
