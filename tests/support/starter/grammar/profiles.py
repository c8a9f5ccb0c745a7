"""Invented profiles in KardiaBench's shape: MBTI, About, Signature, Recent Activities.

What a good answer says follows from them: type decides its order, its detail and its tempo, and a
value decides which part of the profile a persona-aware answer takes up.
"""

import random
from dataclasses import dataclass
from functools import cache

MBTI = tuple(a + b + c + d for a in "IE" for b in "NS" for c in "FT" for d in "JP")

# What is liked ("I like ..."), what was done of late, and the objects of both.
_INTERESTS = (
    "baking {}|Baked {}|rye bread, plum cake, walnut rolls, cinnamon buns, pretzels",
    "playing {}|Practised {}|the cello, the banjo, the oboe, the harp, the drums",
    "restoring {}|Polished {}|old radios, oak chairs, clocks, brass lamps, rowing boats",
    "cooking {}|Cooked {}|red curries, ramen, fish stews, risotto, dumplings",
    "collecting {}|Sorted {}|stamps, fossils, maps, tin toys, sea glass",
    "hiking {}|Hiked {}|the ridge, the coast path, the gorge, the moor, the pilgrim way",
    "knitting {}|Knitted {}|jumpers, mittens, blankets, shawls, striped socks",
    "learning {}|Studied {}|Portuguese, Icelandic, sign language, Korean, Latin",
    "photographing {}|Took photos of {}|street corners, mushrooms, bridges, trams, foggy fields",
    "writing {}|Wrote {}|sonnets, letters, radio plays, short stories, song lyrics",
    "coding {}|Put online {}|small games, weather maps, chat bots, puzzles, music tools",
    "carving {}|Carved {}|spoons, masks, chess pieces, owls, walking sticks",
    "brewing {}|Bottled {}|cider, ginger beer, pale ale, kombucha, elderflower wine",
    "mapping {}|Drew a chart of {}|caves, old wells, the stars, hedgerows, tide pools",
    "running {}|Ran {}|half marathons, hill trails, night relays, along the canal, barefoot",
)
_JOBS = (
    "a nurse on night shifts|a teacher at a primary school|a bus driver|a student of biology|"
    "a carpenter|an accountant|a barista|a software tester|a retired postman|a vet|a librarian|"
    "a florist|a paramedic|a translator|a museum guard|a dairy farmer|a tax clerk|a hairdresser|"
    "a physics teacher|a stage technician|a social worker|a pastry chef|a parent at home|"
    "a civil engineer|a lock keeper|a piano tuner|a tram mechanic|a court reporter|a ski guide|"
    "an optician|a beekeeper|a tour guide|a dental assistant|a roofer|a chemist|a call agent|"
    "a midwife|a shepherd|a glazier|a proofreader|a lifeguard|a watchmaker|a forester|"
    "a radio host|a tailor|a geologist|a night porter|a ferry captain"
)
_HOMES = (
    "in a small flat by the harbour|with two cats|with a partner and a toddler|"
    "in a village of forty people|in a shared house|with an old father|"
    "on the ninth floor of a tower|near the woods|in a city that I barely know|"
    "above a noisy bakery|on a houseboat|behind a windmill|next to a stadium|"
    "in a converted barn|with three teenagers|at the foot of a glacier|over a bookshop|"
    "in a caravan by the dunes|with a deaf grandmother|between two railway lines"
)

# What a persona-aware answer takes up: the interest, what was done of late, the job, the signature.
FOCI = ("interest", "recent", "job", "signature")
# A value as the profile has it, and the focus that it asks for.
_VALUES = (
    "I hate small talk and love honest talk.|signature",
    "Family comes first for me.|recent",
    "I need a plan before I move.|job",
    "I say yes too often.|interest",
    "I laugh easily and cry easily.|recent",
    "I would rather listen than speak.|interest",
    "I like things to be fair.|job",
    "I am slow to trust, but then I stay.|signature",
    "I am always late and always sorry.|recent",
    "I find it hard to ask for help.|job",
    "I work best when all is quiet.|interest",
    "I love a room full of people.|recent",
    "I keep every promise.|signature",
    "I worry about money.|job",
    "I can't stand being pitied.|signature",
    "I want to understand how things work.|interest",
    "I forget to eat when I am busy.|recent",
    "I trust my gut.|signature",
    "I count the good things each night.|recent",
    "I dread phone calls.|interest",
)
_SIGNATURES = (
    "Slow is smooth|Still learning|One more cup|Rain is only weather|Ask me tomorrow|"
    "Small steps count|Into the woods|Be kind, it is free|Louder than I look|Tea first|"
    "Mind the gap|Less noise, more stars|Never finished, often happy|Bread solves most things|"
    "Keep the receipt|Quiet waters|Measure twice|Leave the porch light on|Salt in the hair|"
    "Begin anywhere|Roots before wings|Nobody is late here|Fall seven times|Wind from the west|"
    "Half full, refill please|Made of leftovers|Handle with humour|North by habit|Mend, don't end|"
    "Soft heart, hard hat|Crumbs everywhere|Second breakfast club|Older than the internet|"
    "Two left feet|Dust and glitter|Patience is a muscle|Lost and found|Early bird, early nap|"
    "Every knot has an end|Paper beats screen|Stay odd|Moss grows anyway"
)
_ERRANDS = (
    "Moved a bookcase|Missed the bus twice|Fixed the boiler|Voted|Lost an umbrella|Gave blood|"
    "Found a coin from 1950|Cleaned the cellar|Changed the strings|Got new glasses|Slept in|"
    "Argued with the printer|Met the new neighbours|Planted a hedge|Burned the porridge|"
    "Wrote to the council|Sorted the post|Called an old teacher|Bought second-hand boots|"
    "Patched a tyre"
)
_FIRST = "amber birch cedar delta ember fern gale hazel iris juno kelp lotus maple nimbus onyx"
_SECOND = "fox finch river stone moth otter lark comet reed wolf heron pike thistle wren badger"


@dataclass(frozen=True, slots=True)
class Profile:
    """One invented person. `text` is what prompts and raters read.

    `doing` completes "I like ...", `recent` is what was done of late, in the past tense, and
    `focus` which of the FOCI a persona-aware answer takes up.
    """

    username: str
    mbti: str
    job: str
    doing: str
    recent: str
    signature: str
    focus: str
    text: str

    @property
    def introvert(self) -> bool:
        return self.mbti[0] == "I"

    @property
    def concrete(self) -> bool:
        return self.mbti[1] == "S"

    @property
    def feeling(self) -> bool:
        return self.mbti[2] == "F"

    @property
    def planning(self) -> bool:
        return self.mbti[3] == "J"


def sample_profile(rng: random.Random) -> Profile:
    mbti = rng.choice(MBTI)
    liked, lately = rng.sample(_INTERESTS, 2)
    doing, recent = _filled(liked, rng)[0], _filled(lately, rng)[1]
    job, home = _one(_JOBS, rng), _one(_HOMES, rng)
    value, focus = rng.choice(_VALUES).split("|")
    signature = _one(_SIGNATURES, rng)
    text = (
        f"MBTI: {mbti}\n"
        f"About: I am {job} and live {home}. I like {doing}. {value}\n"
        f"Signature: {signature}\n"
        f"Recent Activities: {recent}. {_one(_ERRANDS, rng)}."
    )
    username = f"{rng.choice(_FIRST.split())}_{rng.choice(_SECOND.split())}{rng.randrange(10, 100)}"
    return Profile(username, mbti, job, doing, recent, signature, focus, text)


def other_liking(profile: Profile, rng: random.Random) -> str:
    """What somebody else likes: it is not in the profile."""
    while (doing := _filled(rng.choice(_INTERESTS), rng)[0]) == profile.doing:
        pass
    return doing


@cache
def profiles(n: int, seed: int) -> tuple[Profile, ...]:
    """`n` profiles with distinct texts, the same for the same seed."""
    rng = random.Random(seed)
    found: dict[str, Profile] = {}
    while len(found) < n:
        profile = sample_profile(rng)
        found.setdefault(profile.text, profile)
    return tuple(found.values())


def _filled(interest: str, rng: random.Random) -> tuple[str, str]:
    doing, did, objects = interest.split("|")
    thing = rng.choice(objects.split(", "))
    return doing.format(thing), did.format(thing)


def _one(choices: str, rng: random.Random) -> str:
    return rng.choice(choices.split("|"))
