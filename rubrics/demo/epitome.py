"""The EPITOME rubric: how far a peer's reply communicates empathy, by three mechanisms.

The mechanisms and their three levels are those of Sharma et al., "A computational approach to
understanding empathy expressed in text-based mental health support", EMNLP 2020; the wording is
our own.
"""

from rubrics.core.spec import CriterionSpec, ExemplarSpec, LevelSpec, RubricSpec

EMOTIONAL_REACTIONS_UID = "cd82d9ca-ed22-4c71-a9ff-36d45637e93d"
INTERPRETATIONS_UID = "2c066d95-0524-4a97-adad-b3dae7e59ad4"
EXPLORATIONS_UID = "0ab861a2-b607-4e3e-98b5-0c376beee8a0"

# The keys of the published files, and of their labels.
UID_BY_KEY = {
    "emotional_reactions": EMOTIONAL_REACTIONS_UID,
    "interpretations": INTERPRETATIONS_UID,
    "explorations": EXPLORATIONS_UID,
}

GUIDANCE = """\
Read the seeker’s post, then the reply.

- The three mechanisms are independent: a reply may show all of them, one or none.
- Rate what is communicated. A reply can be kind and useful and still be level 0.
- A mechanism may stand in one clause. Mark the clause as evidence.
"""


def _levels(none: str, weak: str, strong: str) -> tuple[LevelSpec, ...]:
    return (
        LevelSpec(0, "No communication", none),
        LevelSpec(1, "Weak communication", weak),
        LevelSpec(2, "Strong communication", strong),
    )


_EMOTIONAL_REACTIONS = CriterionSpec(
    uid=EMOTIONAL_REACTIONS_UID,
    meaning_id="02bbb680-4260-4e3e-98b5-0c376beee8a1",
    name="Emotional reactions",
    description="Does the supporter express warmth, compassion or concern that they feel after "
    "reading the post?",
    levels=_levels(
        "No feeling of the supporter towards the seeker is expressed. Advice, facts and the "
        "supporter’s own story do not count.",
        "Warmth or concern can be heard, but the feeling is not named: an encouragement, a good "
        "wish, a word of comfort.",
        "The supporter names what they feel for the seeker, such as sadness, worry or gladness.",
    ),
    exemplars=(
        ExemplarSpec("Try going to bed an hour earlier.", 0, "I lie awake every night."),
        ExemplarSpec("Hang in there, it will get better.", 1, "I lie awake every night."),
        ExemplarSpec("It makes me sad to read how alone you are.", 2, "I lie awake every night."),
    ),
)

_INTERPRETATIONS = CriterionSpec(
    uid=INTERPRETATIONS_UID,
    meaning_id="1acdbdf8-ff1c-49de-a0a1-df65520a15f5",
    name="Interpretations",
    description="Does the reply communicate an understanding of what the seeker feels or has "
    "gone through?",
    levels=_levels(
        "No understanding of the seeker’s feelings or experience is communicated.",
        "Understanding is claimed but not shown: the reply says that it understands, and not what.",
        "Understanding is shown: the reply puts into words what the seeker feels or goes through, "
        "or tells of an experience of the supporter’s own that is like it.",
    ),
    exemplars=(
        ExemplarSpec("Which city do you live in?", 0, "Everyone left after school."),
        ExemplarSpec("I know how you feel.", 1, "Everyone left after school."),
        ExemplarSpec(
            "It must feel as if they all moved on and you were left standing.",
            2,
            "Everyone left after school.",
        ),
    ),
)

_EXPLORATIONS = CriterionSpec(
    uid=EXPLORATIONS_UID,
    meaning_id="6fab1354-0e04-422f-8789-69828a7962f3",
    name="Explorations",
    description="Does the reply try to learn more about feelings and experiences that the seeker "
    "has not told of?",
    levels=_levels(
        "The reply does not ask about the seeker, or asks for politeness only.",
        "The reply asks in general words that would fit any post.",
        "The reply asks about one feeling or experience of this seeker and names it.",
    ),
    exemplars=(
        ExemplarSpec("You should talk to your manager.", 0, "Work is too much for me."),
        ExemplarSpec("What happened?", 1, "Work is too much for me."),
        ExemplarSpec(
            "Is it the hours, or do you feel that nobody there sees what you carry?",
            2,
            "Work is too much for me.",
        ),
    ),
)

EPITOME = RubricSpec(
    title="EPITOME: empathy in peer support",
    purpose="Rates how far a reply to a post communicates empathy: by feeling with the seeker, "
    "by showing understanding, and by asking further.",
    target="turn",
    guidance=GUIDANCE,
    formula="weighted_mean",
    criteria=(_EMOTIONAL_REACTIONS, _INTERPRETATIONS, _EXPLORATIONS),
)
