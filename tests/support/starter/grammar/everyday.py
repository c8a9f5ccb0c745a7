"""Everyday events that fit any feeling: only the cue beside them tells which one it is.

Training meets them beside the frames of each emotion. Their nouns are many and fall together at
random, and half of them are invented from the halves of two nouns: a model has to copy what it
reads, piece by piece. Learning by heart does not pay.
"""

import random
import re

_EVENTS = (
    "I found the {noun} of {friend} near {place} | the {noun} of {friend}",
    "{relative} gave me a {noun} at the {event} | the {noun} from {relative}",
    "I left a {noun} and a {other} in {town} | the {noun} in {town}",
    "{colleague} brought a {noun} to the {event} | the {noun} at the {event}",
    "{child} asked me for a {noun} and a {other} | the {noun} and the {other}",
    "I carried the {noun} through {town} with {friend} | the {noun} in {town}",
    "the {noun} behind {place} turned into a {other} | the {noun} behind {place}",
    "{friend} talked of the {noun} over {food} | the {noun} and the {food}",
    "I saw {relative} with a {noun} at {place} | {relative} and the {noun}",
    "{pet} slept on the {noun} of {colleague} | {pet} on the {noun}",
    "a {noun} stood where the {other} used to be | the {noun} and the {other}",
    "I painted the {noun} for {child} | the {noun} for {child}",
    "{colleague} sold a {noun} to {friend} | the {noun} that {colleague} sold",
    "they put the {noun} of {town} beside the {other} | the {noun} of {town}",
    "I counted every {noun} in the {other} of {relative} | the {other} of {relative}",
    "{friend} wrote about my {noun} in a {other} | {friend} and your {noun}",
    "I waited for {child} beside the {noun} | {child} beside the {noun}",
    "the {noun} fell on the {other} before the {exam} | the {noun} on the {other}",
    "we shared a {noun} with {colleague} | the {noun} with {colleague}",
    "I dropped my {noun} into the {other} at {place} | the {noun} in the {other}",
    "{relative} hid a {noun} in my {other} | the {noun} in your {other}",
    "a man in {town} held up my {noun} | the man with your {noun}",
    "I swapped the {noun} for a {other} with {friend} | the {noun} and the {other}",
    "{child} and {pet} ran off with the {noun} | {child} and the {noun}",
)
_NOUNS = (
    "anchor apron badge ballad banner barrel basin basket bathtub beacon beaver bell bench bill "
    "blouse board boot bottle bouquet bowl box bracelet branch brick bride broom brush bucket "
    "bus button cabin cable cage candle cane cap captain card carpet cart castle chain chair "
    "chart chest chimney choir cigar circle clerk cloak cloud clown coach coin colt column "
    "compass cone cook costume cottage couch crane crate cradle crew cross crown crystal cup "
    "curtain cushion dancer deal deck deer dial dice diploma ditch dolphin door drawer dragon "
    "dress drill drum duel eagle easel echo egg engine envelope essay fan feather fence fiddle "
    "file film flag flame flask flood flute foal fold folder forge fork fort fossil fox frame "
    "frog gate ghost giant glove goose gown grape grill guest guide gull hammer hammock harp "
    "hat hawk heel helmet herb hero hinge hole hook horn hose inkwell island jacket jar jewel "
    "jigsaw jug kettle key king kite knot ladder lake lantern lawn leaf ledge lens letter lid "
    "lily lion lizard loaf locket log loom lorry magnet map marble mask mast match mattress "
    "meadow medal melon menu mine moth motor mug mural nail neck needle nest net notebook nut "
    "oar olive oven owl paddle page pan panel parcel path peach pearl pedal pen pencil phone "
    "pie pigeon pillow pilot pin pipe pistol plank plate plough pocket poem pole poster pot "
    "priest pump puppet purse puzzle quilt radio raft rail rake ramp razor ribbon river rocket "
    "rod roof root rope rose rug ruler sack saddle sail sailor salmon saw scale screen script "
    "seal seat seed shed shell shield ship shirt shovel sign singer sink skate sketch skirt "
    "slipper snail sock song spade spark speaker spear spoon stage stamp star statue stool "
    "stove string sword tablet tail tank tap throne tiger tile timer toast tooth torch towel "
    "tower track tractor trap tray tree trophy truck trumpet tube tunnel turtle tyre vase veil "
    "vest wagon waiter wall wallet watch wave wheel whistle widow wig wing witness wreath yacht "
    "zebra zip"
)


def sample_event(rng: random.Random) -> str:
    """One event, "event | topic", whose nouns are filled and whose slots are still open."""
    noun, other = _noun(rng), _noun(rng)
    event = rng.choice(_EVENTS).replace("{noun}", noun).replace("{other}", other)
    return re.sub(r"\ba (?=[aeio])", "an ", event)


def _noun(rng: random.Random) -> str:
    nouns = _NOUNS.split()
    if rng.random() < 0.5:
        return rng.choice(nouns)
    head, tail = rng.sample(nouns, 2)
    return head[: rng.randint(2, len(head))] + tail[-rng.randint(2, len(tail)) :]
