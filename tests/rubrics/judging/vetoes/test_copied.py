"""Words of the context in the place of a reply, and short quotations."""

from typing import Any

import pytest

from rubrics.judging.vetoes.copied import find_copied
from tests.support.rubrics import context

SEEKER = (
    "My sister moved to Lyon in March and since then the flat is so quiet that I leave the radio "
    "on in the kitchen all night. Yesterday she called for four minutes and said she had to run."
)
EARLIER = (
    "I used to cook for two every evening and now I eat bread over the sink and go to bed at nine."
)
SUPPORTER = (
    "Since March the flat has been quiet. What do you miss first when you open the door at night?"
)
SITUATION = (
    "My sister and I shared a flat for six years and she has moved to another country for work."
)
PROFILE = (
    "About: Inês, 31, works in a bakery in Porto and gets up at three in the morning, also Sundays."
)

WORDS = SEEKER.split()
COPIES = [
    SEEKER,
    SEEKER.upper(),
    SEEKER.replace(",", "").replace(".", ""),
    f"“{SEEKER}”",
    f"You said: “{SEEKER}”",
    SEEKER.replace("sister", "s\u200bist\u0435r"),
    f"{SEEKER} That sounds hard.",
    f"I am sorry to hear that. {SEEKER}",
    f"{SEEKER} What happened then?",
    EARLIER,
    f"{EARLIER} Oh no.",
    SUPPORTER,
    SITUATION,
    PROFILE,
    PROFILE.removeprefix("About: "),
    f"{SITUATION} {PROFILE}",
    f"{SEEKER} {EARLIER}",
    *(" ".join(WORDS[start : start + 14]) for start in range(0, 20, 2)),
    *(" ".join(WORDS[start:]) for start in range(6, 18, 3)),
    " ".join(WORDS[:20]) + " and that is hard for you.",
]
OWN_WORDS = [
    f"You wrote “{SEEKER}”. I keep coming back to the four minutes. What did you do then?",
    "Four minutes, and then she had to run. What would you have told her in the fifth?",
    "“She had to run.” And you were left with the radio. What was on?",
    "The flat is so quiet that you leave the radio on. Which sound did you lose when she left?",
    "Since then the flat is so quiet, you say. I can nearly hear it. When is it worst?",
    "Lyon is far. You shared bread and evenings for years, so of course the kitchen feels empty.",
    "You said “I eat bread over the sink”. I had to swallow. Who taught you to cook for two?",
    "It makes sense that a call of four minutes hurts more than no call at all.",
    "That sounds lonely. Is there somebody near you whom you could ask for supper this week?",
    "So quiet that I leave the radio on",
    "My sister moved to Lyon in March",
    "I hear you.",
    "",
    "She moved in March and it is still the radio that keeps you company. How are you sleeping?",
    "Getting up at three and coming home to nobody is a lot. Do you eat before the shift?",
    "You cooked for two every evening. What was the dish that she always asked for?",
    "A sister in another country is a strange thing: near on the phone, far at the table.",
    "You wrote that she “had to run”. I wonder whether she would be sad to hear how it landed.",
    "Six years is long. No wonder the sink has become your table. What would she say if she saw?",
    "I'm glad you told me. Would you like to write to her what four minutes felt like?",
    "The radio all night, the bread over the sink, bed at nine. What holds you through the day?",
    "Is it the quiet itself, or that nobody asks how the day was?",
    "Perhaps she runs because she misses you as well. Have you two ever said it aloud?",
    "And the bakery, does it help to have people around at three in the morning?",
    "You leave the radio on in the kitchen, not by the bed. Why there, do you think?",
    "When she said she had to run, did you say that you wanted to talk longer?",
    "Nobody gets used to a silent flat in a few weeks. Be a little patient with yourself.",
    "It is fine to be cross with her and to love her, both on the same evening.",
    "Maybe set a time with her, Sundays at six, so that nobody has to run.",
    "What was the first thing you did after she put the phone down yesterday?",
    "Das klingt sehr einsam. Was würdest du ihr gern sagen, wenn sie länger Zeit hätte?",
]


def _found(reply: str) -> Any:
    history = [
        {"role": "seeker", "text": EARLIER},
        {"role": "supporter", "text": SUPPORTER},
        {"role": "seeker", "text": SEEKER},
    ]
    return find_copied(context(reply, history=history, situation=SITUATION, profile=PROFILE))


@pytest.mark.parametrize("reply", COPIES)
def test_a_copy_is_found(reply: str):
    finding = _found(reply)
    assert finding is not None
    assert finding.veto == "copied"
    assert finding.quote in reply


@pytest.mark.parametrize("reply", OWN_WORDS)
def test_a_short_quotation_is_no_copy(reply: str):
    assert _found(reply) is None


@pytest.mark.parametrize(
    ("reply", "where"),
    [
        (SEEKER, "the seeker’s last turn."),
        (EARLIER, "an earlier turn of the seeker."),
        (SUPPORTER, "the supporter’s last turn."),
        (SITUATION, "the situation."),
        (PROFILE, "the profile."),
    ],
)
def test_the_reason_says_what_was_copied(reply: str, where: str):
    assert _found(reply).reason.endswith(f"is copied word for word from {where}")


def test_nothing_to_copy_from():
    assert find_copied(context(SEEKER)) is None
