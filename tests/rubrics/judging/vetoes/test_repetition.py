"""The same words over and over, and refrains that are none of that."""

import pytest

from rubrics.judging.vetoes.repetition import find_repetition

PHRASES = [
    "That sounds really hard.",
    "I am here for you.",
    "I hear you.",
    "You are not alone in this.",
    "It is at the heart of it.",
    "How does that make you feel?",
    "I understand. I understand you.",
    "Thank you for sharing.",
    "Das klingt sehr schwer.",
    "take care of yourself",
]
REPEATED = [
    *(" ".join([phrase] * 10) for phrase in PHRASES),
    *("\n".join([phrase] * 5) for phrase in PHRASES),
    "no " * 14,
    "sorry, " * 20,
    "ha" * 150,
    "a" * 300,
    "!?" * 150,
    "我理解你的感受。" * 12,
    "I see. " + "You are strong and you will get through this. " * 6,
    "That must have been hard, with the move and your mother. " + "I am sorry. " * 12,
    "you matter you matter you matter you matter you matter you matter",
    "and then and then and then and then and then and then and then what",
    "Breathe in, breathe out. " * 6,
]

FRESH = [
    "That sounds really hard. " * 2,
    "I'm here. I'm here. I'm here.",
    "No, no, no.",
    "Very, very, very good news.",
    "Breathe in. Breathe out. Breathe in. Breathe out. Then tell me what the doctor said about it.",
    "You lost the job, you lost the flat, you lost her. Which of the three is loudest tonight?",
    "She said no. You asked again and she said no. So what did you do when you got home?",
    "It was not the cake, it was not the candles, it was that nobody called. Who did you wait for?",
    "Twice the handle moved, and you were alone in the kitchen. Does it lock, and can anyone stay?",
    "Was it the call? Was it the tone of the call? Was it that he did not call back?",
    "I wonder what you wanted to say, what you did say, and what you wish you had said instead.",
    "One day, then another day, then a week. How long is it since you slept through a night?",
    "Nothing. Nothing at all. And you sat there with the phone in your hand until it was light.",
    "That's a lot. That's a lot for one week, and you did the shopping on top of it.",
    "You did it. You really did it. And on a Monday! Who will you tell first?",
    "He left and he left the keys. He left the keys on the table and did not say a word to you.",
    "Row, row, row your boat. You sang that to her every night, and now the room is so quiet.",
    "I hear how tired you are. I hear how angry you are, too. Which of them came first today?",
    "If you call, you call. If you don't, you don't. Neither makes you a bad son, does it?",
    "The same train, the same seat, the same man opposite, and today you could not get on.",
    "Day after day after day of waiting for a letter. What would it change if it came tomorrow?",
    "You kept on and on and on, and then your knees gave way. Did anybody see it?",
    "It's fine, it's fine, it's fine, you say, and you cry in the car. I don't think it's fine.",
    "Sixty-two children and one of them said thank you. One. What did you say to that one?",
    "Home, work, home, work, and in between the hospital. Where in there do you eat?",
    "First the dog, then the car, then the boiler. I'd have laughed or cried, too. Which was it?",
    "You could go, you could stay, you could wait. Which of these did you dream about?",
    "Das klingt nach einer langen Woche, nach sehr langen Nächten. Was war gestern das Schwerste?",
    "So many ands: and the baby, and the rent, and your mother. Which and is the heaviest?",
    "She has her grandmother's hands, you said, and then nothing. What came after the nothing?",
    "Breathe in. Hold. Breathe out. " * 3,
    "Inhale 1, 2, 3, 4. Hold 1, 2, 3, 4. Exhale 1, 2, 3, 4. Hold 1, 2, 3, 4. " * 3,
    "Five things you see, four things you hear, three things you can touch, two things you smell, "
    "one thing you taste.",
    "May you be safe. May you be well. May you be at ease. May you be free. May you be loved.",
    "It's okay to be angry. It's okay to be sad. It's okay to be numb. It's okay to be all of it.",
    "You don't have to be brave. You don't have to be nice. You don't have to be fine. You don't "
    "have to be anything tonight.",
    "OK.",
    "",
]


@pytest.mark.parametrize("reply", REPEATED)
def test_repetition_is_found(reply: str):
    finding = find_repetition(reply)
    assert finding is not None
    assert finding.veto == "repetition"
    assert finding.quote
    assert finding.quote in reply


@pytest.mark.parametrize("reply", FRESH)
def test_a_refrain_is_no_repetition(reply: str):
    assert find_repetition(reply) is None


def test_the_reason_counts_and_quotes():
    finding = find_repetition("That sounds really hard. " * 10)
    assert finding is not None
    assert finding.reason == "The reply says “That sounds really hard” 10 times."


def test_only_what_comes_again_is_quoted():
    finding = find_repetition("I see, and yes, I hear you. " + "You are so strong, friend. " * 6)
    assert finding is not None
    assert finding.reason == "The reply says “You are so strong” 6 times."
