"""What the written corpus of the demo holds, and how alike its texts are.

JSON keys: `dialogues`, `profiles`, `others` (other replies), `emotions`, `fewest_of_an_emotion`,
`risk` (dialogues with a sign of risk), `rated_twice` (replies that a second author rated);
`distinct2` of the dialogues' responses, `skeleton` (largest share of responses with the same first
four words), `fivegram` (largest share that holds the same five words in a row), `alike` (highest
similarity of two situations), `profiles_used` (share of profiles that a dialogue speaks of);
`words` (mean number of words of a seeker's turn and of each span). `plain` has some of the same
figures of the plain dialogues. What a figure means stands in annotation/demo/sameness.py.
"""

import argparse
from collections import Counter
from statistics import mean
from typing import Any

from annotation.demo import sameness
from annotation.demo.written import (
    WrittenDialogue,
    other_replies,
    plain_dialogues,
    written_dialogues,
)
from annotation.formats.records import ParsedTurn


def main(argv: list[str]) -> dict[str, Any]:
    argparse.ArgumentParser(prog="python -m bench corpus", description=__doc__).parse_args(argv)
    dialogues, others = written_dialogues(), other_replies()
    supporter = [turn for each in dialogues for turn in _turns(each, "supporter")]
    responses = [turn.text for turn in supporter]
    opening, skeleton = sameness.common_opening(responses)
    phrase, fivegram = sameness.common_phrase(responses)
    alike, pair = sameness.most_alike([each.dialogue.situation for each in dialogues])
    print(f"Most common opening: “{opening}”. Most common five words: “{phrase}”.", flush=True)
    if pair:
        print(f"Most alike situations: {' and '.join(dialogues[at].id for at in pair)}.")
    by_emotion = Counter(each.dialogue.emotion for each in dialogues)
    return {
        "dialogues": len(dialogues),
        "profiles": len({each.dialogue.username for each in dialogues}),
        "others": len(others),
        "emotions": len(by_emotion),
        "fewest_of_an_emotion": min(by_emotion.values()),
        "risk": sum(bool(each.risk) for each in dialogues),
        "rated_twice": sum(len(reply.ratings) > 1 for reply in others),
        "distinct2": round(sameness.distinct2(responses), 3),
        "skeleton": round(skeleton, 4),
        "fivegram": round(fivegram, 4),
        "alike": round(alike, 3),
        "profiles_used": round(_profiles_used(dialogues), 3),
        "words": _mean_words(dialogues, supporter),
        "plain": _plain(plain_dialogues()),
    }


def _plain(dialogues: list[WrittenDialogue]) -> dict[str, Any]:
    supporter = [turn for each in dialogues for turn in _turns(each, "supporter")]
    responses = [turn.text for turn in supporter]
    opening, skeleton = sameness.common_opening(responses)
    phrase, fivegram = sameness.common_phrase(responses)
    print(f"Of the plain ones: most common opening “{opening}”, five words “{phrase}”.", flush=True)
    return {
        "dialogues": len(dialogues),
        "turns": len(supporter),
        "fewest_of_an_emotion": min(Counter(each.dialogue.emotion for each in dialogues).values()),
        "risk": sum(bool(each.risk) for each in dialogues),
        "distinct2": round(sameness.distinct2(responses), 3),
        "skeleton": round(skeleton, 4),
        "fivegram": round(fivegram, 4),
        "words": _mean_words(dialogues, supporter),
    }


def _turns(each: WrittenDialogue, role: str) -> list[ParsedTurn]:
    return [turn for turn in each.dialogue.turns if turn.role == role]


def _profiles_used(dialogues: list[WrittenDialogue]) -> float:
    profiles = {each.dialogue.username: each.dialogue.profile_text for each in dialogues}
    said = dict.fromkeys(profiles, "")
    for each in dialogues:
        said[each.dialogue.username] += " ".join(turn.raw for turn in each.dialogue.turns)
    return mean(
        sameness.uses_profile(
            text, [other for key, other in profiles.items() if key != name], said[name]
        )
        for name, text in profiles.items()
    )


def _mean_words(dialogues: list[WrittenDialogue], supporter: list[ParsedTurn]) -> dict[str, float]:
    seekers = [turn.text for each in dialogues for turn in _turns(each, "seeker")]
    texts = {"seeker": seekers}
    for name in ("understanding", "reasoning", "emotion", "response"):
        texts[name] = [turn.spans[name] for turn in supporter if turn.spans]
    return {
        name: round(mean(len(sameness.words(text)) for text in given), 1)
        for name, given in texts.items()
    }
