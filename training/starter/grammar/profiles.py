"""Invented profiles in KardiaBench's shape: MBTI, About, Signature, Recent Activities."""

import random
from dataclasses import dataclass

MBTI = tuple(a + b + c + d for a in "IE" for b in "NS" for c in "FT" for d in "JP")


@dataclass(frozen=True, slots=True)
class Interest:
    """`doing` completes "I like ..."; `did` is an activity of the last days."""

    doing: str
    did: str


INTERESTS = (
    Interest("playing the cello", "Practised a slow piece on the cello"),
    Interest("growing tomatoes", "Repotted the tomatoes on the balcony"),
    Interest("long-distance running", "Ran twelve kilometres along the river"),
    Interest("baking bread", "Baked two loaves of rye bread"),
    Interest("watching birds", "Saw a kingfisher near the bridge"),
    Interest("restoring old radios", "Soldered the dial of an old radio"),
    Interest("painting in watercolour", "Painted the harbour in watercolour"),
    Interest("climbing", "Climbed a new route in the hall"),
    Interest("writing poems", "Read a poem at the open mic"),
    Interest("swimming in cold lakes", "Swam in the cold lake at dawn"),
    Interest("playing chess", "Lost a chess game to a schoolchild"),
    Interest("keeping bees", "Checked the bee hives after the rain"),
    Interest("sewing quilts", "Finished a quilt with blue squares"),
    Interest("dancing salsa", "Went to a salsa night"),
    Interest("hiking", "Hiked to the ridge and back"),
    Interest("reading crime novels", "Read a crime novel in one go"),
    Interest("building model trains", "Laid new track for the model trains"),
    Interest("singing in a choir", "Sang the alto part with the choir"),
    Interest("learning Portuguese", "Wrote a letter in Portuguese"),
    Interest("cooking curries", "Cooked a curry for six people"),
    Interest("riding horses", "Rode out on the grey horse"),
    Interest("taking street photos", "Took photos in the rain"),
    Interest("playing board games", "Hosted a board game evening"),
    Interest("doing pottery", "Glazed three bowls at the pottery"),
    Interest("knitting", "Knitted half a jumper"),
    Interest("cycling", "Cycled over the hill pass"),
    Interest("coding small games", "Put a small game online"),
    Interest("stargazing", "Saw the rings of Saturn"),
)

JOBS = (
    "a nurse on night shifts",
    "a teacher at a primary school",
    "a bus driver",
    "a student of biology",
    "a carpenter",
    "an accountant",
    "a barista",
    "a software tester",
    "a retired postman",
    "a vet",
    "a librarian",
    "a florist",
    "a paramedic",
    "a translator",
    "a museum guard",
    "a farmer",
    "a tax clerk",
    "a hairdresser",
    "a physics teacher",
    "a stage technician",
    "a social worker",
    "a chef",
    "a parent at home",
    "a civil engineer",
)

HOMES = (
    "in a small flat by the harbour",
    "with two cats",
    "with my partner and a toddler",
    "in a village of forty people",
    "in a shared house",
    "with my old father",
    "on the ninth floor of a tower",
    "near the woods",
    "in a city that I barely know",
    "above a noisy bakery",
)

VALUES = (
    "I hate small talk and love honest talk.",
    "Family comes first for me.",
    "I need a plan before I move.",
    "I say yes too often.",
    "I laugh easily and cry easily.",
    "I would rather listen than speak.",
    "I like things to be fair.",
    "I am slow to trust, but then I stay.",
    "I am always late and always sorry.",
    "I find it hard to ask for help.",
    "I work best when all is quiet.",
    "I love a room full of people.",
)

SIGNATURES = (
    "Slow is smooth.",
    "Still learning.",
    "One more cup.",
    "Rain is only weather.",
    "Ask me tomorrow.",
    "Small steps count.",
    "Out of office, into the woods.",
    "Be kind, it is free.",
    "Louder than I look.",
    "Tea first.",
    "Mind the gap.",
    "Less noise, more stars.",
    "Never finished, often happy.",
    "Bread solves most things.",
    "Keep the receipt.",
    "Quiet waters.",
)

_FIRST = ("amber", "birch", "cedar", "delta", "ember", "fern", "gale", "hazel", "iris", "juno")
_SECOND = ("fox", "finch", "river", "stone", "moth", "otter", "lark", "comet", "reed", "wolf")


@dataclass(frozen=True, slots=True)
class Profile:
    """One invented person. `text` is what prompts and raters read."""

    username: str
    mbti: str
    job: str
    interest: Interest
    second_interest: Interest
    text: str

    @property
    def introvert(self) -> bool:
        return self.mbti.startswith("I")


def sample_profile(rng: random.Random) -> Profile:
    mbti = rng.choice(MBTI)
    interest, second = rng.sample(INTERESTS, 2)
    job, home, value = rng.choice(JOBS), rng.choice(HOMES), rng.choice(VALUES)
    username = f"{rng.choice(_FIRST)}_{rng.choice(_SECOND)}{rng.randrange(10, 100)}"
    text = (
        f"MBTI: {mbti}\n"
        f"About: I am {job} and live {home}. I like {interest.doing}. {value}\n"
        f"Signature: {rng.choice(SIGNATURES)}\n"
        f"Recent Activities: {interest.did}. {second.did}."
    )
    return Profile(username, mbti, job, interest, second, text)


def profiles(n: int, seed: int) -> list[Profile]:
    """`n` profiles with distinct texts, the same for the same seed."""
    rng = random.Random(seed)
    found: dict[str, Profile] = {}
    while len(found) < n:
        profile = sample_profile(rng)
        found.setdefault(profile.text, profile)
    return list(found.values())
