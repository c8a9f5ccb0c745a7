"""The words of the scene in which somebody is blind: the text, and what marks words about it."""

MARKER = "planted"
SAID = "The kitchen gets quiet. Whom do you miss"
RAW = (
    "<understanding>She is alone.</understanding>\n<reasoning>Name it.</reasoning>\n"
    "<emotion>lonely</emotion>\n<response>{said}</response>"
)
# The same text for a reader: a wide letter, a space of no width, other spaces, another end.
SAID_AGAIN = "The \u200bkitchen  gets\u00a0quiet. Ｗhom do you miss?!"


def marked(what: str) -> str:
    return f"{MARKER}-{what}"
