"""A reply that says of the seeker what the profile rules out: another name or age.

Only what is plain on both sides counts. The profile has to state it in its line “About”, the reply
has to say it of the seeker, and nothing that the seeker, the situation or the profile says may
explain it: a name or number that occurs anywhere in them is no contradiction.
"""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from rubrics.judging.vetoes.finding import Finding, shortened
from rubrics.judging.vetoes.folding import MAX_READ
from rubrics.judging.vetoes.numbers_in_words import TENS_IN_WORDS, numbers_in
from rubrics.judging.vetoes.words import plain_words

GIVEN_NAMES = frozenset(
    (Path(__file__).parent / "given_names.txt").read_text(encoding="utf-8").split()
)
# A birthday or “nearly forty” is no contradiction.
MIN_YEARS_APART = 3

_NAME = r"[^\W\d_][^\W\d_]+(?:-[^\W\d_]+)?"
_ABOUT = re.compile(r"^About: *(.*)$", re.MULTILINE)
_OWN_NAME = re.compile(
    rf"^(?:(?:Hi|Hello),? *)?(?:(?:I am|I'm|I’m|My name is|My name's|Name:|Name is) *)?({_NAME})"
    r"(?=,| from\b| \(|\.|:)"
)
_OWN_AGE = (
    re.compile(r"\b(?:aged? |age: ?)(\d\d)\b", re.IGNORECASE),
    re.compile(r"\bI(?:'m|’m| am) (\d\d)(?= years|[,.;)]|$)"),
    re.compile(r"(?:^|, )(\d\d)(?: years old| years)?(?=[,.;)]|$)"),
    re.compile(r"\b(\d\d) years old\b"),
    re.compile(r"\. (\d\d)(?: years)?\."),
)
# “Peter, your brother, …” speaks of somebody else.
_NOBODY_ELSE = r"(?!, (?:your|from|the)\b)"
# How a reply speaks to the seeker by name.
_CALLED = (
    re.compile(
        r"(?:^|[.!?…] +)(?:(?:Hi|Hello|Hey|Dear|Oh|Ah|Well|Yes|No|Thanks|Thank you|Welcome|Sorry"
        r"|Welcome back|I’m sorry|I'm sorry|I hear you|Good morning|Good evening),? )?"
        rf"({_NAME})(?=[,!?:—–]| —| –){_NOBODY_ELSE}"
    ),
    re.compile(
        rf"\b(?:you|that|this|it|so|here|well|okay|alone|right|hard|now|sorry), ({_NAME})(?=[.!?])"
    ),
)
_CALLED_AGE = re.compile(
    r"\b(?:you(?:'re|’re| are)(?: only| just| already| still)? (\d\d)"
    r"(?= years old| and\b|[.,!?;]|$)"
    rf"|you(?:'re|’re| are)(?: only| just| already| still)? ({TENS_IN_WORDS})(?= years old)"
    rf"|as an? (\d\d|{TENS_IN_WORDS})[- ]year[- ]old\b"
    rf"|you(?:'re|’re| are) an? (\d\d|{TENS_IN_WORDS})[- ]year[- ]old\b)",
    re.IGNORECASE,
)
# Before the age in its sentence: another time of life, or none that is real.
_SUPPOSED = re.compile(r"\b(?:imagine|when|if|once|until)\b[^.!?]{0,80}$", re.IGNORECASE)


def find_contradiction(context: dict[str, Any]) -> Finding | None:
    about = _ABOUT.search(context["profile"])
    if about is None:
        return None
    reply, known = context["candidate"]["response"][:MAX_READ], _known(context)
    for why, match in _claims(reply, about[1].strip(), known):
        return Finding("contradiction", why, shortened(match[0].strip(" .!?…")))
    return None


def _claims(reply: str, about: str, known: str) -> Iterator[tuple[str, "re.Match[str]"]]:
    yield from _other_name(reply, about, known)
    yield from _other_age(reply, about, known)


def _other_name(reply: str, about: str, known: str) -> Iterator[tuple[str, "re.Match[str]"]]:
    own = _OWN_NAME.match(about)
    if own is None or own[1] not in GIVEN_NAMES:
        return
    words = set(plain_words(known))
    for pattern in _CALLED:
        for match in pattern.finditer(reply):
            name = match[1]
            # A short form begins like the name: Kath for Kathleen.
            is_short = name[:2].casefold() == own[1][:2].casefold()
            if name in GIVEN_NAMES and name.casefold() not in words and not is_short:
                yield f"The reply calls the seeker {name}; the profile says {own[1]}.", match


def _other_age(reply: str, about: str, known: str) -> Iterator[tuple[str, "re.Match[str]"]]:
    found = {int(match[1]) for pattern in _OWN_AGE for match in pattern.finditer(about)}
    if len(found) != 1:
        return
    [age] = found
    said = numbers_in(known)
    for match in _CALLED_AGE.finditer(reply):
        [called] = numbers_in(next(filter(None, match.groups())))
        if _SUPPOSED.search(reply[max(0, match.start() - 90) : match.start()]):
            continue
        if abs(called - age) >= MIN_YEARS_APART and called not in said:
            yield f"The reply says that the seeker is {called}; the profile says {age}.", match


def _known(context: dict[str, Any]) -> str:
    """All that was said of the seeker and by the seeker, and by the supporter before."""
    turns = [turn["text"] for turn in context["history"]]
    return "\n".join([context["profile"], context["situation"], *turns])
