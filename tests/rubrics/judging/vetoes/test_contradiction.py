"""A reply that says of the seeker what the profile rules out."""

from typing import Any

import pytest

from rubrics.judging.vetoes.contradiction import find_contradiction
from tests.support.rubrics import context

PROFILE = (
    "MBTI: ISFJ\nAbout: Marta, 34, nurse in Porto. Lives alone on the ground floor.\n"
    "Signature: Night shifts\nRecent Activities: Broken lock"
)
FARMER = "MBTI: ISTP\nAbout: I'm Kwame from Sunyani, 40 years. Farmer. Married with three kids."
HISTORY = [
    {"role": "seeker", "text": "My brother Rui, 28, says I'm silly. He teaches judo to kids."},
    {"role": "supporter", "text": "Marta, what would help tonight?"},
    {"role": "seeker", "text": "I nearly called my friend Ana, the lawyer. I feel like 90."},
]


def _find(reply: str, profile: str = PROFILE) -> Any:
    history = HISTORY if profile == PROFILE else [{"role": "seeker", "text": "It rained again."}]
    return find_contradiction(context(reply, profile=profile, history=history, situation=""))


CONTRADICTIONS = [
    "David, that sounds frightening.",
    "Hi David, that sounds frightening.",
    "Hello Sarah! What happened then?",
    "Dear Helen, you were alone.",
    "Oh, Thomas, what a night.",
    "That was brave. Peter, who could stay with you?",
    "I hear you, Julia. Who could stay?",
    "Thank you, Michael, for telling me.",
    "It makes sense that you froze. What would help you right now, Sandra?",
    "You did well to tell me this, Erik.",
    "I'm so sorry, John.",
    "You are forty-five years old, and you may decide.",
    "As a fifty-year-old woman you know your own door.",
    "You're 45 and you have every right to be scared.",
    "You are only 17, and that is a lot.",
    "You’re already 61. What else do you expect from a lock?",
    "As a 22-year-old you may not know many neighbours.",
    "You are a 50-year-old woman who can decide this.",
    "you're 70 years old and nobody asked",
]
FARMER_CONTRADICTIONS = [
    "You're 25, and you have time, Kwame.",
    "Hello Anna, did the rain stop?",
]
FINE = [
    "Marta, that sounds frightening.",
    "Hi Marta, who could stay with you?",
    "Mar, you were alone.",
    "Martha, you were alone.",
    "Rui, is he nearby?",
    "What would you say to Ana?",
    "Honestly, you were alone.",
    "Okay, and then?",
    "Sorry, that was clumsy of me.",
    "Call Peter or anyone else you trust.",
    "At 12, you were already cooking for all of them.",
    "At 52, you know your own door.",
    "Imagine you are 70, and look back at this week.",
    "When you're 60, this lock will be a story.",
    "If you are 80 and still cross, that is fine.",
    "Once you're 40, nobody will ask.",
    "Until you are 45, the loan goes on.",
    "Peter, your brother, could stay.",
    "Peter, from the ground floor, has the tools.",
    "Peter, the caretaker, has the tools.",
    "As a carpenter, you would mend it yourself.",
    "Peter Pan would have frozen as well.",
    "Sleep well tonight. Peter.",
    "A lock like that, well, I would call Julia next door.",
    "At 34, you have handled many nights.",
    "You're 34 and you froze. So would I.",
    "You're 35 soon.",
    "At 28, your brother may not see it.",
    "You are 90 tonight, you say.",
    "You are 10 minutes from the station.",
    "At 2 you were standing in the kitchen.",
    "At 22, your door was locked, and at 23 it was not.",
    "You are 100 percent right.",
    "As a nurse, you stay calm for others.",
    "As a paramedic, you would know.",
    "You are a doctor or a nurse, somebody who stays calm.",
    "As a lawyer, Ana may know what the landlord owes you.",
    "You're a fighter.",
    "You are a good cook, I bet.",
    "You are a mother to all of them.",
    "You are not a policeman.",
    "If you were a carpenter, you would mend it.",
    "You sound like a teacher.",
    "Is there a locksmith, a carpenter or a caretaker who can come?",
    "As a child, you were afraid of the dark.",
    "Your work as a nurse is shift work.",
    "Das klingt schwer, Marta. Wer könnte heute bei dir sein?",
    "",
]


@pytest.mark.parametrize("reply", CONTRADICTIONS)
def test_a_contradiction_is_found(reply: str):
    finding = _find(reply)
    assert finding is not None
    assert finding.veto == "contradiction"
    assert "the profile says" in finding.reason
    assert finding.quote
    assert finding.quote in reply


@pytest.mark.parametrize("reply", FARMER_CONTRADICTIONS)
def test_other_profiles(reply: str):
    assert _find(reply, FARMER) is not None


@pytest.mark.parametrize("reply", FINE)
def test_no_contradiction(reply: str):
    assert _find(reply) is None


@pytest.mark.parametrize("reply", CONTRADICTIONS)
@pytest.mark.parametrize(
    "profile",
    ["", "INFP. Keeps bees.", "About: a quiet person who keeps to themselves.", "About:"],
)
def test_a_profile_that_states_nothing_is_never_contradicted(reply: str, profile: str):
    assert _find(reply, profile) is None


@pytest.mark.parametrize(
    ("reply", "reason"),
    [
        ("David, you froze.", "The reply calls the seeker David; the profile says Marta."),
        ("You're 52.", "The reply says that the seeker is 52; the profile says 34."),
        (
            "You are fifty-two years old.",
            "The reply says that the seeker is 52; the profile says 34.",
        ),
    ],
)
def test_the_reason_names_both(reply: str, reason: str):
    assert _find(reply).reason == reason


def test_an_age_in_words_explains_a_number():
    told = [{"role": "seeker", "text": "Next year I will be thirty-nine, no: forty-two."}]
    reply = "You're 42, you say, and everything is different."
    assert find_contradiction(context(reply, profile=PROFILE, history=told)) is None
    assert find_contradiction(context(reply, profile=PROFILE)) is not None
