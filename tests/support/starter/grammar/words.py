"""The fillers of slots: people, towns, places, things."""

import random

_WOMEN = (
    "Ada Anouk Aylin Bea Bela Birgit Carla Chiara Dalia Dilan Edda Elif Esra Fenna Flora "
    "Frida Gesa Greta Hedda Ida Ilse Imani Ines Irma Juna Karin Kira Lale Leni Lilo Lorea "
    "Maite Marta Meret Mira Nadia Nele Nora Odile Orla Paola Petra Rana Rike Rosa Sanne Selma "
    "Sina Talia Tamar Thea Tilda Tove Ulla Vera Vida Wanda Xenia Yara Zara Zita"
)
_MEN = (
    "Arvid Bastian Bruno Cem Cosmo Dario Egon Emre Enzo Fabio Fidel Gino Hamid Hanno Henk "
    "Isak Ivo Jamal Jarek Joris Kaito Kenji Lasse Linus Luca Malik Mattis Milan Moritz Naoki "
    "Nilo Omar Oskar Pavel Pelle Quirin Remy Rufus Silas Stig Sven Timo Uwe Viggo Wim Yusuf "
    "Anton Bjarne Caspar Dimitri Edgar Florin Gustav Hugo Igor Jonte Konrad Leif Magnus Nils"
)
TOWNS = (
    "Aldermoor Arnsby Bellhaven Birkholm Brackwell Calder Corvara Dunmere Eastmarch Elverdal "
    "Fairlough Falkstad Garnsey Glenmoor Grimsund Hallow Harlund Hexford Ilmenau Karvik "
    "Kestrel Kirkwold Lindholm Lowmere Marlund Mirefield Morvane Nordby Oakhampton Oldenvik "
    "Ostrava Pelham Quarrie Ravensby Rosmarin Saltbury Sandvik Selby Skarholm Tarnow "
    "Thornbury Ulmgate Valmere Vesterby Waldau Westray Wexholm Wolvern Yarrow Zellin"
)

# Kinds of people by the names that may follow: women's, men's, or either.
_FRIENDS = {
    "women": "my landlady|my old girlfriend|my bridesmaid",
    "men": "my godfather|my old boyfriend|my landlord",
    "either": "my best friend|my old roommate|my neighbour|my cousin|my friend|my classmate|"
    "my pen pal|my gym partner|my band mate",
}
_RELATIVES = {
    "women": "my sister|my grandmother|my aunt|my mother|my mother-in-law|my twin sister",
    "men": "my father|my brother|my uncle|my grandfather|my stepfather|my half-brother",
}
_COLLEAGUES = {
    "either": "my manager|my team lead|the new intern|my office mate|the head nurse|our director|"
    "my rival|the site foreman|my mentor|the accountant|my supervisor|the new hire",
}
_CHILDREN = {
    "women": "my daughter|my niece|my granddaughter",
    "men": "my son|my nephew|my grandson",
    "either": "my godchild|my youngest|my eldest",
}
_PETS = "my dog|my cat|my rabbit|my parrot|my pony|my tortoise|my ferret|my goat|my greyhound"
_PET_NAMES = "Biscuit Pepper Mochi Rusty Juniper Pickle Socks Waffle Bramble Comet Hazel Truffle"
_PLACE_KINDS = (
    "old|little|red|upper|flooded|crooked|village|riverside|harbour|corner|abandoned|northern"
)
_PLACES = (
    "mill|chapel|school|café|library|boathouse|farm|theatre|greenhouse|lake house|cinema|market "
    "hall|bakery|cottage|barn|vineyard|workshop|swimming hall|allotment|inn|playhouse|pier|"
    "observatory|quarry"
)
_THING_KINDS = (
    "blue|brass|wooden|silver|folding|second-hand|green|heavy|painted|leather|tin|crimson|velvet"
)
_THINGS = (
    "bicycle|laptop|guitar|camera|sewing machine|telescope|record player|kayak|typewriter|sofa|"
    "lamp|suitcase|accordion|tent|coffee grinder|pram|mirror|sledge|toolbox|violin|desk|scooter"
)
_EXAMS = (
    "driving test|nursing exam|language exam|final interview|pilot test|bar exam|chemistry exam|"
    "piano exam|entrance exam|licence check|thesis defence|sailing test"
)
_EVENTS = (
    "wedding|birthday dinner|graduation|office party|summer fair|baptism|school play|reunion|"
    "harvest feast|engagement party|book launch|housewarming|charity run|carnival|farewell party|"
    "anniversary|street festival|concert|funeral tea|prize evening"
)
_FOOD_KINDS = "lentil|pumpkin|apple|onion|mushroom|lemon|cherry|leek|carrot|plum|barley|fish"
_FOODS = "soup|cake|salad|pie|stew|pancakes|dumplings|tart|curry|bread|casserole"
_TIMES = (
    "last night|this morning|on Sunday|yesterday|two days ago|last week|on Tuesday after work|"
    "on the first of the month|just before lunch|at dawn|over Easter|in the middle of the week|"
    "on Friday evening|during the heat wave|the other day|three weeks ago|on a grey Monday|"
    "after the storm|shortly before midnight|on the way home|last Saturday|at the start of spring"
)

SLOTS = (
    *("friend", "relative", "colleague", "child", "pet", "place", "thing", "exam", "event"),
    *("food", "town", "when"),
)
PEOPLE = ("friend", "relative", "colleague", "child", "pet")


def fill_slots(rng: random.Random) -> dict[str, str]:
    """A filler for each slot, in the seeker's words ("my aunt Wanda")."""
    return {
        "friend": _person(_FRIENDS, rng, named=0.8),
        "relative": _person(_RELATIVES, rng, named=0.5),
        "colleague": _person(_COLLEAGUES, rng, named=0.7),
        "child": _person(_CHILDREN, rng, named=0.7),
        "pet": _named(_one(_PETS, rng), _PET_NAMES, rng, 0.7),
        "place": f"the {_one(_PLACE_KINDS, rng)} {_one(_PLACES, rng)}",
        "thing": f"{_one(_THING_KINDS, rng)} {_one(_THINGS, rng)}",
        "exam": _one(_EXAMS, rng),
        "event": _one(_EVENTS, rng),
        "food": f"{_one(_FOOD_KINDS, rng)} {_one(_FOODS, rng)}",
        "town": rng.choice(TOWNS.split()),
        "when": _one(_TIMES, rng),
    }


def _one(kinds: str, rng: random.Random) -> str:
    return rng.choice(kinds.split("|"))


def _person(kinds: dict[str, str], rng: random.Random, *, named: float) -> str:
    names = {"women": _WOMEN, "men": _MEN, "either": f"{_WOMEN} {_MEN}"}
    everyone = [(kind, who) for who in kinds for kind in kinds[who].split("|")]
    kind, who = rng.choice(everyone)
    return _named(kind, names[who], rng, named)


def _named(kind: str, names: str, rng: random.Random, share: float) -> str:
    return f"{kind} {rng.choice(names.split())}" if rng.random() < share else kind
