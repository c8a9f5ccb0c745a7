"""The 32 emotions of the corpus: what a seeker says, what a supporter hears, what is needed.

Labels are those of EmpatheticDialogues, as KardiaBench uses them.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Emotion:
    """One emotion of the grammar.

    `cues` are the seeker's sentences in the first person, without the label; some are shared with
    a near emotion. `reflects` complete "It sounds like you ...". `need` completes "What is needed
    is ...". `near` is the label that a hasty reader would give instead.
    """

    pleasant: bool
    near: str
    cues: tuple[str, ...]
    reflects: tuple[str, ...]
    need: str


def _emotion(near: str, cues: str, reflects: str, need: str, *, pleasant: bool) -> Emotion:
    """Cues and reflects are written one after the other, parted by bars."""
    return Emotion(pleasant, near, tuple(cues.split(" | ")), tuple(reflects.split(" | ")), need)


def _pleasant(near: str, cues: str, reflects: str, need: str) -> Emotion:
    return _emotion(near, cues, reflects, need, pleasant=True)


def _unpleasant(near: str, cues: str, reflects: str, need: str) -> Emotion:
    return _emotion(near, cues, reflects, need, pleasant=False)


# Cues that two or three near emotions share.
_LOW = "Everything feels heavy since then."
_FEAR = "My hands would not stay still."
_GLAD = "I keep smiling about it."
_ANGER = "I could feel my jaw tighten."
_PAST = "I sat there for an hour, thinking of those days."
_SHAME = "I can't look anyone in the eye."
_WAIT = "I keep counting the days."

EMOTIONS: dict[str, Emotion] = {
    "nostalgic": _pleasant(
        "sentimental",
        f"{_PAST} | Part of me wants to go back to how it was. | It all came back at once. | "
        "For a moment I was ten years old again. | Those years will not return. | "
        "I could hear the voices of back then.",
        "miss how things used to be | wish you could visit that time again | drift back to the "
        "old days | long for a world that is gone | walk through old memories",
        "room to remember out loud",
    ),
    "sentimental": _pleasant(
        "nostalgic",
        f"{_PAST} | I will never throw it away. | It is a small thing, yet it means so much. | "
        "I held it against my chest. | Nobody else would see what it is worth. | "
        "I got a lump in my throat over so little.",
        "hold this very dear | were touched by something small | treasure what others overlook | "
        "keep a whole love in one object | melt at such a token",
        "somebody who treats a small thing as precious",
    ),
    "disappointed": _unpleasant(
        "sad",
        f"{_LOW} | I had pictured it so differently. | I should have known better. | "
        "All that looking forward for nothing. | I had told everyone about it. | "
        "My hopes were high and then, nothing.",
        "had counted on more than you got | were let down after hoping for a lot | had the rug "
        "pulled from a lovely plan | got much less than was promised | hoped and came away empty",
        "the lost hope to be named before any next plan",
    ),
    "joyful": _pleasant(
        "content",
        f"{_GLAD} | I danced around the kitchen. | I have not laughed like that in months. | "
        "I could have hugged the whole street. | My cheeks hurt from grinning. | "
        "I whistled all day long.",
        "are bubbling over with good news | feel light from head to toe | are dancing inside | "
        "shine with happiness | want to hug the whole world",
        "somebody to share the delight with",
    ),
    "trusting": _pleasant(
        "faithful",
        "I did not check a single detail. | I know it is in good hands. | I can lean on them. | "
        "I did not lose a minute of sleep over it. | I asked no questions. | "
        "If anyone does it right, they do.",
        "can hand this over without a second look | feel safe in their hands | rely on them with "
        "ease | let go because they hold it | need no proof of their care",
        "that this reliance is seen as a strength",
    ),
    "surprised": _pleasant(
        "impressed",
        "I never saw it coming. | I had to read it twice. | My mouth fell open. | "
        "I pinched my arm. | I stood there like a post. | Nobody had given me a hint.",
        "were caught completely off guard | are still taking in something unexpected | did not "
        "expect this at all | blink and can't believe it | were turned upside down",
        "a moment to take the news in",
    ),
    "faithful": _pleasant(
        "trusting",
        "I would never go back on that. | I gave my word and I keep it. | I can lean on them. | "
        "Through thick and thin, I said. | I did not waver for a second. | "
        "They know I will not leave.",
        "stand by what you promised | stay true to the people you chose | keep your word when it "
        "costs | remain at their side | do not walk away from a vow",
        "that keeping a promise is honoured",
    ),
    "embarrassed": _unpleasant(
        "ashamed",
        f"{_SHAME} | My face went red at once. | Everyone stared at me. | "
        "I wished for a hole in the floor. | They still giggle about it. | "
        "I stammered and ran out.",
        "wanted the floor to open up | felt every eye on you | blush when you think of it | "
        "would love to rewind that minute | were caught in an awkward spot",
        "lightness without mockery",
    ),
    "annoyed": _unpleasant(
        "angry",
        f"{_ANGER} | It is the same thing every time. | It gets on my nerves. | "
        "I rolled my eyes so hard. | How often do I have to say it? | "
        "It is a small thing, but it grates.",
        "have run out of patience with this | are worn down by the same small thing | find this "
        "grating | would like it to stop at last | are rubbed the wrong way",
        "the irritation to be taken seriously",
    ),
    "furious": _unpleasant(
        "angry",
        f"{_ANGER} | I was shaking and I shouted. | I have never been this mad in my life. | "
        "I saw red. | I threw a plate against the wall. | My blood is still boiling.",
        "are boiling over what was done | were pushed far past your limit | burn with rage | "
        "could break something right now | are beside yourself",
        "a safe place for a very strong reaction",
    ),
    "devastated": _unpleasant(
        "sad",
        f"{_LOW} | I fell apart on the floor. | I don't know how to go on from here. | "
        "My whole world is in pieces. | I screamed until I had no voice. | "
        "There is nothing left to hold on to.",
        "had the ground pulled from under you | are facing a loss that breaks everything | stand "
        "in the ruins of your life | can hardly breathe for grief | lost what held you up",
        "presence before anything else",
    ),
    "impressed": _pleasant(
        "surprised",
        "I had no idea anybody could do that. | I clapped until it hurt. | My mouth fell open. | "
        "What skill that takes! | I could never do that. | I take my hat off to such talent.",
        "saw something that earned your respect | look up to what they managed | admire that "
        "mastery | were struck by such skill | could watch that again and again",
        "somebody who asks what struck them most",
    ),
    "caring": _pleasant(
        "faithful",
        "I just want them to be all right. | I look in on them every few hours. | I made tea. | "
        "I tucked the blanket in twice. | Their comfort comes first now. | "
        "I can rest when they are well.",
        "put their comfort before your own | look after them with your whole heart | are gentle "
        "with what is fragile | watch over them day and night | give them all your warmth",
        "that the giver is looked after too",
    ),
    "terrified": _unpleasant(
        "afraid",
        f"{_FEAR} | I could not breathe or scream. | I thought I was going to die. | "
        "My legs gave way under me. | I still wake up screaming. | I was frozen to the spot.",
        "lived through a moment of pure dread | were frozen and could not get out | feared for "
        "your life | still feel death's breath | were in the grip of horror",
        "calm, and safety first",
    ),
    "afraid": _unpleasant(
        "terrified",
        f"{_FEAR} | I left every light on. | I kept looking over my shoulder. | "
        "I locked the door twice. | The hair on my neck stood up. | I hardly dare to go outside.",
        "did not feel safe at all | were on guard for every sound | felt a threat close by | "
        "would rather not be alone with it | keep listening for danger",
        "to feel safe again step by step",
    ),
    "disgusted": _unpleasant(
        "annoyed",
        "I nearly threw up. | I can still smell it. | It turned my stomach. | "
        "I washed my hands five times. | My skin crawls when I think of it. | I gagged.",
        "were revolted by what you saw | can't shake off how foul it was | want to scrub it all "
        "away | felt sick to your stomach | recoil at the thought of it",
        "the reaction to be allowed",
    ),
    "lonely": _unpleasant(
        "sad",
        "The evenings are so quiet. | Nobody calls any more. | I leave the radio on for a voice. | "
        "I set the table for one. | I have not spoken to a soul all day. | "
        "Nobody would notice if I stayed in bed.",
        "have nobody near to talk to | feel the silence around you | long for a familiar voice | "
        "are left outside of every circle | miss being missed",
        "company before suggestions",
    ),
    "grateful": _pleasant(
        "content",
        f"{_GLAD} | I don't know how to ever repay it. | They did not have to do that. | "
        "I baked them a thank-you cake. | What a gift that was. | I will never forget this help.",
        "were given something you won't forget | want to thank them from the heart | count this "
        "as a gift | know how much it cost them | feel carried by their kindness",
        "space to say thanks in full",
    ),
    "anticipating": _pleasant(
        "excited",
        f"{_WAIT} | I have it marked on the calendar. | I keep picturing how it will go. | "
        "Soon I will know. | I check the date each morning. | The wait is almost over.",
        "have your eyes on that day already | are waiting for it with open hands | look ahead "
        "with interest | picture how it will unfold | lean towards what is coming",
        "somebody to look ahead with",
    ),
    "ashamed": _unpleasant(
        "guilty",
        f"{_SHAME} | I have not told a soul until now. | I don't like who I was that day. | "
        "What kind of person does that? | I feel small and dirty. | "
        "If they knew, they would turn away.",
        "can't square this with who you want to be | would rather hide this from everyone | "
        "think less of yourself since | feel small before the others | dread being seen",
        "acceptance before any judgement",
    ),
    "proud": _pleasant(
        "confident",
        "All that work paid off. | I told everyone who would listen. | I stood a bit taller. | "
        "It took years and now it is done. | I framed the certificate. | Look what became of it!",
        "earned this step by step | see what the effort was for | hold your head high | have "
        "every right to glow | made something of it",
        "the effort to be seen, not only the result",
    ),
    "hopeful": _pleasant(
        "anticipating",
        "Maybe this time it works out. | I see a light at last. | I let myself dream a little. | "
        "It could still turn out well. | Things may look up from here. | "
        "For the first time, I believe in it.",
        "can see a way forward again | dare to believe it may turn out well | sense a new "
        "beginning | let a little light in | trust that it could get better",
        "encouragement without promises",
    ),
    "prepared": _pleasant(
        "confident",
        "I went through the list three times. | Everything is packed and checked. | "
        "Let it come. | I have a plan for every case. | Nothing is left to chance. | "
        "All boxes are ticked.",
        "have thought of every detail | did the work ahead of time | are ready for whatever comes "
        "| left nothing to chance | have a plan and a spare plan",
        "the careful work to be noticed",
    ),
    "angry": _unpleasant(
        "furious",
        f"{_ANGER} | It is not fair and they know it. | I want to tell them what I think. | "
        "They had no right to do that. | I slammed the door. | How dare they?",
        "were treated unfairly | had a line crossed that matters to you | want justice for this | "
        "won't swallow that wrong | have good reason to object",
        "the injustice to be heard",
    ),
    "jealous": _unpleasant(
        "annoyed",
        "Why do they get it and not me? | I compare myself all day. | "
        "I smiled, but inside it stung. | It should have been mine. | "
        "I wish I were in their shoes. | I can't be glad for them.",
        "want what they have and hate that | measure yourself against them | wish it were yours | "
        "feel passed over beside them | look at their luck and ache",
        "honesty without blame",
    ),
    "anxious": _unpleasant(
        "apprehensive",
        "My thoughts run in circles at night. | My chest is tight all day. | "
        "What if it goes wrong? | I bite my nails. | I can't stop checking. | "
        "My stomach is in knots.",
        "can't switch off the worry | carry a knot in your chest | are caught in a loop of what-if "
        "| are tense from morning to night | keep bracing for the worst",
        "the worry to be slowed down",
    ),
    "excited": _pleasant(
        "joyful",
        f"{_WAIT} | I can hardly sit still. | I barely slept, in a good way. | "
        "My heart is racing with glee. | I told the baker and the bus driver. | "
        "I jump up and down like a child.",
        "can hardly wait | are full of energy about it | are all aglow | tingle with expectation | "
        "are ready to leap",
        "a reply that keeps up with the energy",
    ),
    "confident": _pleasant(
        "prepared",
        "I know I can do this. | I walked in with my head up. | Let it come. | "
        "I did not doubt myself once. | This is what I am good at. | I will manage it easily.",
        "trust your own skill | know what you are able to do | stand on firm feet | believe in "
        "your strength | can rely on yourself",
        "belief in what they can do",
    ),
    "content": _pleasant(
        "joyful",
        "I don't need anything else. | It was quiet and it was enough. | I just sat and breathed. "
        "| There was nothing to do and that was fine. | I felt at ease with the day. | "
        "Let it stay like this.",
        "have found some peace | are fine with things as they are | rest in the moment | lack "
        "nothing right now | are at ease",
        "an unhurried reply that adds nothing",
    ),
    "apprehensive": _unpleasant(
        "anxious",
        "I am not sure what I am walking into. | I keep putting it off. | "
        "What if it goes wrong? | I wonder if I should back out. | "
        "Something about it makes me hesitate. | I have my doubts.",
        "are uneasy about what is coming | stand before this with some doubt | hesitate at the "
        "door | would rather wait a little | don't know what to expect",
        "the doubt to be explored gently",
    ),
    "sad": _unpleasant(
        "lonely",
        f"{_LOW} | I cried in the car. | Nothing tastes of anything. | "
        "The tears come without warning. | I stare out of the window. | I miss it so much.",
        "are carrying a quiet grief | feel the loss of it | have tears close by | mourn what is "
        "over | ache with missing",
        "time to grieve without being cheered up",
    ),
    "guilty": _unpleasant(
        "ashamed",
        "It was my fault. | I should have said something. | I keep saying sorry in my head. | "
        "I wish I could undo it. | They trusted me and I failed them. | I owe them an apology.",
        "blame yourself for what happened | wish you could put it right | carry the weight of a "
        "mistake | want to make amends | replay what you should have done",
        "room for remorse and for repair",
    ),
}
