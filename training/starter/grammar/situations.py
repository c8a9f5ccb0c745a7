"""Situations: for each emotion five frames with slots, each frame an event and its topic.

A frame is "event | topic". The event is a first-person clause to which a time is added; the
topic is the noun phrase that later turns refer to. Slots in braces are filled alike in both.
"""

import random
from dataclasses import dataclass

SLOTS: dict[str, tuple[str, ...]] = {
    "friend": ("my best friend", "my old roommate", "my neighbour", "my cousin", "a friend"),
    "relative": ("my sister", "my father", "my grandmother", "my brother", "my aunt"),
    "colleague": ("my manager", "a colleague", "my team lead", "the new intern"),
    "pet": ("my dog", "my cat", "our old rabbit", "my parrot"),
    "place": ("the lake house", "my home town", "the old school", "the corner café"),
    "thing": ("bike", "laptop", "guitar", "car"),
    "exam": ("driving test", "nursing exam", "language exam", "final interview"),
    "event": ("wedding", "birthday dinner", "graduation", "office party"),
    "child": ("my daughter", "my son", "my niece", "my godchild"),
    "food": ("soup", "cake", "salad", "sandwich"),
    "when": ("last night", "this morning", "on Sunday", "yesterday", "two days ago", "last week"),
}

FRAMES: dict[str, tuple[str, ...]] = {
    "nostalgic": (
        "I walked past {place} where I grew up | the walk past {place}",
        "I found the mixtape that {friend} made me | that mixtape from {friend}",
        "I heard the song we danced to at the {event} | that song from the {event}",
        "I looked through the photos of summers with {relative} | those summers with {relative}",
        "I met {friend} after ten years | meeting {friend} again",
    ),
    "sentimental": (
        "I came across the scarf that {relative} knitted | the scarf from {relative}",
        "I read the card {child} drew for me | the card from {child}",
        "I packed away the first shoes of {child} | the first shoes of {child}",
        "I wore the ring that belonged to {relative} | the ring of {relative}",
        "I kept the ticket from the {event} in my purse | the ticket from the {event}",
    ),
    "disappointed": (
        "I failed my {exam} by two points | the {exam}",
        "{friend} cancelled our trip at the last minute | the cancelled trip with {friend}",
        "nobody came to the {event} that I planned | the empty {event}",
        "the {thing} I saved up for broke at once | the broken {thing}",
        "{colleague} gave the promotion to somebody else | the lost promotion",
    ),
    "joyful": (
        "{relative} came home from hospital healthy | having {relative} home",
        "{child} took the first steps | the first steps of {child}",
        "we sang all the way to {place} | the drive to {place}",
        "{friend} and I laughed through the whole {event} | the {event} with {friend}",
        "I got the keys to my first flat | my first flat",
    ),
    "trusting": (
        "I gave {friend} the keys to my home | giving {friend} the keys",
        "I let {relative} handle all my savings | leaving my savings to {relative}",
        "I left {child} with {friend} for a week | leaving {child} with {friend}",
        "I told {friend} a secret I never shared | the secret with {friend}",
        "I let {colleague} present my project | {colleague} presenting my project",
    ),
    "surprised": (
        "{friend} stood at my door after years abroad | {friend} at my door",
        "I won a {thing} in a raffle | the {thing} from the raffle",
        "{relative} announced a second marriage | the marriage of {relative}",
        "everyone jumped out at my {event} | the surprise {event}",
        "{colleague} quit without a word | {colleague} leaving",
    ),
    "faithful": (
        "I turned down a flirt because I am married | staying true to my marriage",
        "I stayed with {friend} through the whole trial | standing by {friend}",
        "I visited {relative} every day as I had promised | the visits to {relative}",
        "I refused a job offer to stay with my small team | staying with my team",
        "I kept going to the same church through hard times | my church in hard times",
    ),
    "embarrassed": (
        "I tripped on the stage at the {event} | the fall at the {event}",
        "I called {colleague} mum in a meeting | calling {colleague} mum",
        "I sent a love note to {colleague} by mistake | the note to {colleague}",
        "my trousers split at the {event} | the split trousers at the {event}",
        "I forgot the name of {friend} in front of all | the forgotten name of {friend}",
    ),
    "annoyed": (
        "{friend} came an hour late again | {friend} being late",
        "{colleague} ate my {food} from the fridge | the stolen {food}",
        "the people upstairs drilled all day | the drilling upstairs",
        "{relative} borrowed my {thing} without asking | the borrowed {thing}",
        "{colleague} hummed through the whole shift | the humming of {colleague}",
    ),
    "furious": (
        "someone smashed my {thing} and drove off | the smashed {thing}",
        "{colleague} stole my work and got the prize | {colleague} stealing my work",
        "{friend} lied to me about money for a year | the lies of {friend}",
        "a man kicked {pet} on purpose | the man who kicked {pet}",
        "{relative} sold my things behind my back | what {relative} sold",
    ),
    "devastated": (
        "{relative} died without warning | the death of {relative}",
        "my house burned down with all I own | the fire in my house",
        "my partner of nine years left me | the end of those nine years",
        "{pet} was run over in front of me | losing {pet}",
        "the doctors told us {child} will not walk again | what the doctors said of {child}",
    ),
    "impressed": (
        "{child} played a whole concert by heart | the concert of {child}",
        "{colleague} calmed a shouting client in a minute | how {colleague} calmed the client",
        "{friend} ran a marathon after the operation | the marathon of {friend}",
        "{relative} learned a new language at eighty | {relative} learning a language",
        "I watched a potter make a jar with one hand | the potter with one hand",
    ),
    "caring": (
        "I nursed {pet} through the night | nursing {pet}",
        "I took {relative} in after the operation | looking after {relative}",
        "I brought {food} to {friend} who had the flu | bringing {food} to {friend}",
        "I sat with {child} until the fever went down | sitting with {child}",
        "I found a hurt bird and carried it home | the hurt bird",
    ),
    "terrified": (
        "a man followed me home with a knife | the man with the knife",
        "our plane dropped in a storm | the plane in the storm",
        "I was stuck in a lift that caught fire | the burning lift",
        "{child} slipped under the ice at {place} | {child} under the ice",
        "a bear stood in front of our tent | the bear at the tent",
    ),
    "afraid": (
        "I heard steps in the house while alone | the steps in the house",
        "I walked through a dark park near {place} | the dark park near {place}",
        "a stranger tried my door handle | the stranger at my door",
        "the power went out during the storm | the night of the storm",
        "a big dog ran at {child} and me | the big dog",
    ),
    "disgusted": (
        "I found a worm in my {food} | the worm in the {food}",
        "{colleague} cut toenails at the desk | the toenails at the desk",
        "I opened a fridge left off for a month | the rotten fridge",
        "somebody was sick on my seat in the train | the seat in the train",
        "I saw a cook spit in the {food} | the cook and the {food}",
    ),
    "lonely": (
        "I moved to a new city and know no one | the new city",
        "I ate my birthday {food} alone | the birthday alone",
        "{friend} moved abroad and stopped writing | {friend} moving abroad",
        "I spent the holidays by myself | the holidays alone",
        "my flat went silent since {pet} is gone | the silent flat without {pet}",
    ),
    "grateful": (
        "{friend} drove all night to help me move | {friend} driving all night",
        "a stranger returned my lost purse | the stranger with my purse",
        "{relative} paid my rent when I lost my job | {relative} paying the rent",
        "{colleague} took my shifts while I was ill | {colleague} taking my shifts",
        "the neighbours fixed my {thing} for free | the fixed {thing}",
    ),
    "anticipating": (
        "I booked a month in the mountains | the month in the mountains",
        "I got the date for my {exam} results | the results of the {exam}",
        "{relative} wrote that the baby is due soon | the baby of {relative}",
        "I ordered a new {thing} that comes on Friday | the new {thing}",
        "I planned a big {event} for next month | the {event} next month",
    ),
    "ashamed": (
        "I stole from {relative} when I was broke | taking money from {relative}",
        "I lied about my degree to {colleague} | the lie about my degree",
        "I drank too much and shouted at {child} | shouting at {child}",
        "I cheated on my {exam} | cheating on the {exam}",
        "I made fun of {friend} to look cool | making fun of {friend}",
    ),
    "proud": (
        "{child} graduated first in the class | the graduation of {child}",
        "I passed my {exam} after two years of work | passing the {exam}",
        "I finished my first ten-kilometre run | my ten-kilometre run",
        "{relative} opened a shop of her own | the shop of {relative}",
        "I built a {thing} with my own hands | the home-made {thing}",
    ),
    "hopeful": (
        "I had a second talk for the job I want | the job talk",
        "the new treatment for {relative} began | the new treatment of {relative}",
        "{friend} and I started to talk again | talking with {friend} again",
        "I planted seeds after a hard winter | the planted seeds",
        "I applied for a grant for my {thing} workshop | the grant for the workshop",
    ),
    "prepared": (
        "I packed an emergency kit before the storm | the emergency kit",
        "I rehearsed every answer for my {exam} | the {exam} answers",
        "I set out all the papers for the {event} | the papers for the {event}",
        "I serviced the {thing} before the long trip | the trip with the {thing}",
        "I cooked {food} ahead for the whole week | the {food} for the week",
    ),
    "angry": (
        "{colleague} blamed me for a mistake of others | the false blame from {colleague}",
        "{friend} shared my secret with everyone | {friend} sharing the secret",
        "the landlord kept my deposit | the kept deposit",
        "{relative} insulted my partner at the {event} | the insult at the {event}",
        "a driver scratched my {thing} and left | the scratched {thing}",
    ),
    "jealous": (
        "{friend} bought the house I dreamed of | the house {friend} bought",
        "{colleague} got the raise I asked for | the raise of {colleague}",
        "my partner danced with someone else at the {event} | that dance at the {event}",
        "{relative} was praised all evening and not me | the praise for {relative}",
        "{friend} got a new {thing} from rich parents | the new {thing} of {friend}",
    ),
    "anxious": (
        "I waited for a call about my test results | the test results",
        "I could not sleep before my {exam} | the {exam} ahead",
        "{child} did not answer the phone for hours | not reaching {child}",
        "I checked my bank account ten times | the money worries",
        "I have to speak in front of {colleague} tomorrow | the speech tomorrow",
    ),
    "excited": (
        "I bought tickets to see my favourite band | the concert tickets",
        "{friend} and I booked a trip round the world | the trip with {friend}",
        "I was picked for the finals in chess | the chess finals",
        "we are getting a puppy, {relative} told me | the puppy",
        "I start a new job with {friend} on Monday | the new job with {friend}",
    ),
    "confident": (
        "I walked into my {exam} and knew every answer | how the {exam} went",
        "I pitched my plan to {colleague} without notes | the pitch to {colleague}",
        "I signed up to race against {friend} | the race against {friend}",
        "I cooked {food} for twenty guests alone | the {food} for twenty",
        "I took the lead in the biggest case of the year | leading the big case",
    ),
    "content": (
        "I read by the window with {pet} on my lap | the hour with {pet}",
        "I had tea with {relative} and said little | the tea with {relative}",
        "I watched the sun go down at {place} | the evening at {place}",
        "I spent a slow day at home with a book | the slow day at home",
        "I ate warm {food} after a walk in the rain | the warm {food} after the rain",
    ),
    "apprehensive": (
        "I agreed to meet the parents of my partner | meeting the parents",
        "I signed up to move in with {friend} | moving in with {friend}",
        "{colleague} asked to see me without saying why | the talk with {colleague}",
        "I was told I need a small operation | the operation",
        "I was asked to give a toast at the {event} | the toast at the {event}",
    ),
    "sad": (
        "we sold {place} where I spent my childhood | selling {place}",
        "{pet} got too old to walk with me | {pet} growing old",
        "{friend} told me we have grown apart | growing apart from {friend}",
        "{relative} no longer knew my name | {relative} forgetting my name",
        "I watched {child} leave for another country | {child} leaving",
    ),
    "guilty": (
        "I forgot to feed {pet} of {friend} | forgetting {pet}",
        "I broke the {thing} of {relative} and said nothing | the broken {thing} of {relative}",
        "I missed the last call of {relative} | the missed call of {relative}",
        "I let {colleague} take the blame for me | letting {colleague} take the blame",
        "I skipped the {event} of {child} for work | the missed {event} of {child}",
    ),
}


@dataclass(frozen=True, slots=True)
class Situation:
    """What happened, in the seeker's words, and the noun phrase by which to speak of it."""

    emotion: str
    frame: int
    text: str
    topic: str

    @property
    def your_topic(self) -> str:
        """The topic as the supporter says it to the seeker."""
        return in_second_person(self.topic)

    @property
    def their_topic(self) -> str:
        """The topic as the supporter thinks of it."""
        return in_third_person(self.topic)


def in_second_person(text: str) -> str:
    """The seeker's noun phrase turned to them: "my aunt" becomes "your aunt"."""
    return _swap(text, {"my": "your", "our": "your"})


def in_third_person(text: str) -> str:
    """Words of or to the seeker as said about them: "you miss my aunt", "they miss their aunt"."""
    return _swap(text, {"my": "their", "our": "their", "your": "their", "you": "they"})


def _swap(text: str, words: dict[str, str]) -> str:
    return " ".join(words.get(word, word) for word in text.split(" "))


def sample_situation(emotion: str, rng: random.Random) -> Situation:
    """One situation of `emotion`: a frame with every slot filled."""
    frame = rng.randrange(len(FRAMES[emotion]))
    event, topic = FRAMES[emotion][frame].split(" | ")
    filled = {name: rng.choice(values) for name, values in SLOTS.items()}
    event = event.format(**filled)
    text = f"{event[0].upper()}{event[1:]} {filled['when']}."
    if "tomorrow" in event or "next month" in event or "Monday" in event:
        text = f"{event[0].upper()}{event[1:]}."
    return Situation(emotion, frame, text, topic.format(**filled))
