"""The survey that a seeker fills in after a conversation of ESConv, as a dialogue-level rubric.

Liu et al., "Towards emotional support dialog systems", ACL 2021, ask for these two ratings; the
wording is our own. The change of emotion intensity is a measure before and after, and no level.
"""

from rubrics.core.spec import CriterionSpec, LevelSpec, RubricSpec

EMPATHY_UID = "716d546d-95d4-4e42-97a3-e7f035a6d534"
RELEVANCE_UID = "c81c501c-2c03-4aeb-8e73-ce3ad7905880"

# The keys of the seeker's part of `survey_score` in the published file.
UID_BY_KEY = {"empathy": EMPATHY_UID, "relevance": RELEVANCE_UID}

_EMPATHY = CriterionSpec(
    uid=EMPATHY_UID,
    meaning_id="6b2168c9-43fa-49dc-9cf2-42cb9bad64bf",
    name="Empathy",
    description="Did the supporter understand what you felt?",
    spans=("whole",),
    levels=(
        LevelSpec(1, "Not at all", "The supporter did not take in what I felt."),
        LevelSpec(2, "A little", "The supporter saw that I was upset, and not why."),
        LevelSpec(3, "Partly", "The supporter understood some of what I felt."),
        LevelSpec(4, "Mostly", "The supporter understood most of what I felt and showed it."),
        LevelSpec(5, "Fully", "I felt understood throughout."),
    ),
)

_RELEVANCE = CriterionSpec(
    uid=RELEVANCE_UID,
    meaning_id="4226b395-87d3-4200-a3f0-615c756d84b9",
    name="Relevance",
    description="Did the supporter keep to what you came to talk about?",
    spans=("whole",),
    levels=(
        LevelSpec(1, "Not at all", "The supporter talked about something else."),
        LevelSpec(2, "A little", "The supporter often left what I was talking about."),
        LevelSpec(3, "Partly", "The supporter kept to my topic about half of the time."),
        LevelSpec(4, "Mostly", "The supporter kept to my topic, with few detours."),
        LevelSpec(5, "Fully", "Everything the supporter said had to do with what I said."),
    ),
)

SEEKER_SURVEY = RubricSpec(
    title="Seeker survey",
    purpose="What the seeker says about a whole conversation once it is over.",
    target="dialogue",
    guidance="Filled in by the seeker, from memory, after the last turn.",
    formula="weighted_mean",
    criteria=(_EMPATHY, _RELEVANCE),
)
