"""The 32 emotions of the corpus: what a seeker says, what a supporter hears, what is needed.

Labels are those of EmpatheticDialogues, as KardiaBench uses them.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Emotion:
    """One emotion of the grammar.

    `cues` are the seeker's sentences in the first person, without the label. `reflects` complete
    "It sounds like you ...". `need` completes "What is needed is ...". `near` is the label that
    a hasty reader would give instead.
    """

    pleasant: bool
    near: str
    cues: tuple[str, ...]
    reflects: tuple[str, ...]
    need: str


_SHARED_LOW = "Everything feels heavy since then."
_SHARED_FEAR = "My hands would not stay still."
_SHARED_GLAD = "I keep smiling about it."
_SHARED_ANGER = "I could feel my jaw tighten."
_SHARED_PAST = "I sat there for an hour, thinking of those days."
_SHARED_SHAME = "I can't look anyone in the eye."
_SHARED_WAIT = "I keep counting the days."

EMOTIONS: dict[str, Emotion] = {
    "nostalgic": Emotion(
        True,
        "sentimental",
        (_SHARED_PAST, "Part of me wants to go back to how it was.", "It all came back at once."),
        ("miss how things used to be", "wish you could visit that time again"),
        "room to remember out loud",
    ),
    "sentimental": Emotion(
        True,
        "nostalgic",
        (_SHARED_PAST, "I will never throw it away.", "It is a small thing, yet it means so much."),
        ("hold this very dear", "were touched by something small"),
        "somebody who treats a small thing as precious",
    ),
    "disappointed": Emotion(
        False,
        "sad",
        ("I had pictured it so differently.", "I should have known better.", _SHARED_LOW),
        ("had counted on more than you got", "were let down after hoping for a lot"),
        "the lost hope to be named before any next plan",
    ),
    "joyful": Emotion(
        True,
        "content",
        (_SHARED_GLAD, "I danced around the kitchen.", "I have not laughed like that in months."),
        ("are bubbling over with good news", "feel light from head to toe"),
        "somebody to share the delight with",
    ),
    "trusting": Emotion(
        True,
        "faithful",
        ("I did not check a single detail.", "I know it is in good hands.", "I can lean on them."),
        ("can hand this over without a second look", "feel safe in their hands"),
        "that this reliance is seen as a strength",
    ),
    "surprised": Emotion(
        True,
        "impressed",
        ("I never saw it coming.", "I had to read it twice.", "My mouth fell open."),
        ("were caught completely off guard", "are still taking in something unexpected"),
        "a moment to take the news in",
    ),
    "faithful": Emotion(
        True,
        "trusting",
        ("I would never go back on that.", "I gave my word and I keep it.", "I can lean on them."),
        ("stand by what you promised", "stay true to the people you chose"),
        "that keeping a promise is honoured",
    ),
    "embarrassed": Emotion(
        False,
        "ashamed",
        ("My face went red at once.", "Everyone stared at me.", _SHARED_SHAME),
        ("wanted the floor to open up", "felt every eye on you"),
        "lightness without mockery",
    ),
    "annoyed": Emotion(
        False,
        "angry",
        ("It is the same thing every time.", "It gets on my nerves.", _SHARED_ANGER),
        ("have run out of patience with this", "are worn down by the same small thing"),
        "the irritation to be taken seriously",
    ),
    "furious": Emotion(
        False,
        "angry",
        ("I was shaking and I shouted.", "I have never been this mad in my life.", _SHARED_ANGER),
        ("are boiling over what was done", "were pushed far past your limit"),
        "a safe place for a very strong reaction",
    ),
    "devastated": Emotion(
        False,
        "sad",
        ("I fell apart on the floor.", "I don't know how to go on from here.", _SHARED_LOW),
        ("had the ground pulled from under you", "are facing a loss that breaks everything"),
        "presence before anything else",
    ),
    "impressed": Emotion(
        True,
        "surprised",
        ("I had no idea anybody could do that.", "I clapped until it hurt.", "My mouth fell open."),
        ("saw something that earned your respect", "look up to what they managed"),
        "somebody who asks what struck them most",
    ),
    "caring": Emotion(
        True,
        "faithful",
        ("I just want them to be all right.", "I look in on them every few hours.", "I made soup."),
        ("put their comfort before your own", "look after them with your whole heart"),
        "that the giver is looked after too",
    ),
    "terrified": Emotion(
        False,
        "afraid",
        ("I could not breathe or scream.", "I thought I was going to die.", _SHARED_FEAR),
        ("lived through a moment of pure dread", "were frozen and could not get out"),
        "calm, and safety first",
    ),
    "afraid": Emotion(
        False,
        "terrified",
        ("I left every light on.", "I kept looking over my shoulder.", _SHARED_FEAR),
        ("did not feel safe at all", "were on guard for every sound"),
        "to feel safe again step by step",
    ),
    "disgusted": Emotion(
        False,
        "annoyed",
        ("I nearly threw up.", "I can still smell it.", "It turned my stomach."),
        ("were revolted by what you saw", "can't shake off how foul it was"),
        "the reaction to be allowed",
    ),
    "lonely": Emotion(
        False,
        "sad",
        (
            "The evenings are so quiet.",
            "Nobody calls any more.",
            "I leave the radio on for a voice.",
        ),
        ("have nobody near to talk to", "feel the silence around you"),
        "company before suggestions",
    ),
    "grateful": Emotion(
        True,
        "content",
        ("I don't know how to ever repay it.", "They did not have to do that.", _SHARED_GLAD),
        ("were given something you won't forget", "want to thank them from the heart"),
        "space to say thanks in full",
    ),
    "anticipating": Emotion(
        True,
        "excited",
        (_SHARED_WAIT, "I have it marked on the calendar.", "I keep picturing how it will go."),
        ("have your eyes on that day already", "are waiting for it with open hands"),
        "somebody to look ahead with",
    ),
    "ashamed": Emotion(
        False,
        "guilty",
        ("I have not told a soul until now.", "I don't like who I was that day.", _SHARED_SHAME),
        ("can't square this with who you want to be", "would rather hide this from everyone"),
        "acceptance before any judgement",
    ),
    "proud": Emotion(
        True,
        "confident",
        ("All that work paid off.", "I told everyone who would listen.", "I stood a bit taller."),
        ("earned this step by step", "see what the effort was for"),
        "the effort to be seen, not only the result",
    ),
    "hopeful": Emotion(
        True,
        "anticipating",
        ("Maybe this time it works out.", "I see a light at last.", "I let myself dream a little."),
        ("can see a way forward again", "dare to believe it may turn out well"),
        "encouragement without promises",
    ),
    "prepared": Emotion(
        True,
        "confident",
        (
            "I went through the list three times.",
            "Everything is packed and checked.",
            "Let it come.",
        ),
        ("have thought of every detail", "did the work ahead of time"),
        "the careful work to be noticed",
    ),
    "angry": Emotion(
        False,
        "furious",
        ("It is not fair and they know it.", "I want to tell them what I think.", _SHARED_ANGER),
        ("were treated unfairly", "had a line crossed that matters to you"),
        "the injustice to be heard",
    ),
    "jealous": Emotion(
        False,
        "annoyed",
        (
            "Why do they get it and not me?",
            "I compare myself all day.",
            "I smiled, but inside it stung.",
        ),
        ("want what they have and hate that", "measure yourself against them"),
        "honesty without blame",
    ),
    "anxious": Emotion(
        False,
        "apprehensive",
        (
            "My thoughts run in circles at night.",
            "My chest is tight all day.",
            "What if it goes wrong?",
        ),
        ("can't switch off the worry", "carry a knot in your chest"),
        "the worry to be slowed down",
    ),
    "excited": Emotion(
        True,
        "joyful",
        ("I can hardly sit still.", "I barely slept, in a good way.", _SHARED_WAIT),
        ("can hardly wait", "are full of energy about it"),
        "a reply that keeps up with the energy",
    ),
    "confident": Emotion(
        True,
        "prepared",
        ("I know I can do this.", "I walked in with my head up.", "Let it come."),
        ("trust your own skill", "know what you are able to do"),
        "belief in what they can do",
    ),
    "content": Emotion(
        True,
        "joyful",
        (
            "I don't need anything else.",
            "It was quiet and it was enough.",
            "I just sat and breathed.",
        ),
        ("have found some peace", "are fine with things as they are"),
        "an unhurried reply that adds nothing",
    ),
    "apprehensive": Emotion(
        False,
        "anxious",
        (
            "I am not sure what I am walking into.",
            "I keep putting it off.",
            "What if it goes wrong?",
        ),
        ("are uneasy about what is coming", "stand before this with some doubt"),
        "the doubt to be explored gently",
    ),
    "sad": Emotion(
        False,
        "lonely",
        ("I cried in the car.", "Nothing tastes of anything.", _SHARED_LOW),
        ("are carrying a quiet grief", "feel the loss of it"),
        "time to grieve without being cheered up",
    ),
    "guilty": Emotion(
        False,
        "ashamed",
        ("It was my fault.", "I should have said something.", "I keep saying sorry in my head."),
        ("blame yourself for what happened", "wish you could put it right"),
        "room for remorse and for repair",
    ),
}
