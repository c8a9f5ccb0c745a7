"""Ratings that a data set brings along: whose they are, and under which rubric (DECISIONS 14)."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from uuid import UUID

from annotation.formats import epitome, esconv
from annotation.formats.records import ParsedDialogue, ParsedRating
from annotation.models import Rating, Target, Turn
from annotation.ratings import services as ratings
from annotation.ratings.services import NewEvidence, NewRating, NewScore
from annotation.ratings.targets import targets_for
from rubrics.core.spec import RubricSpec
from rubrics.demo import epitome as epitome_rubric
from rubrics.demo import seeker_survey
from rubrics.versions.services import version_ensure
from webapp.accounts.models import Project, User


@dataclass(frozen=True, slots=True)
class Source:
    """`uids` are the rubric's criteria by the names that the source gives them."""

    rubric: RubricSpec
    uids: dict[str, str]
    rater: str


SOURCES: dict[str, Source] = {
    "epitome": Source(epitome_rubric.EPITOME, epitome_rubric.UID_BY_KEY, epitome.RATER),
    "esconv": Source(seeker_survey.SEEKER_SURVEY, seeker_survey.UID_BY_KEY, esconv.RATER),
}


@dataclass(frozen=True, slots=True)
class _Rated:
    """The scores of one turn, or of the whole dialogue where `position` is None."""

    dialogue_id: UUID
    position: int | None
    scores: list[NewScore]


def write_ratings(
    *,
    project: Project,
    actor: User,
    format: str,
    added: Sequence[tuple[UUID, ParsedDialogue]],
) -> None:
    """Write what came with these dialogues; the rubric is published where the project lacks it."""
    source = SOURCES.get(format)
    if source is None:
        return
    rated = [part for pk, dialogue in added for part in _parts(pk, dialogue, source)]
    if not rated:
        return
    version = version_ensure(project=project, actor=actor, spec=source.rubric)
    assert version.spec is not None  # noqa: S101  (it is published)
    rater = ratings.external_rater(project=project, label=source.rater)
    ratings.submit_ratings(
        [
            NewRating(target, version.spec, rater, Rating.Purpose.IMPORT, part.scores)
            for target, part in zip(_targets(project, rated), rated, strict=True)
        ]
    )


def with_survey(dialogue: ParsedDialogue) -> ParsedDialogue:
    """The dialogue with all answers of its seeker in `meta`: the intensities before and after
    are measures and no levels, so that no rubric holds them."""
    if dialogue.rater != esconv.RATER:
        return dialogue
    answers = {rating.criterion: rating.value for rating in dialogue.ratings}
    return replace(dialogue, meta={**dialogue.meta, "seeker_survey": answers})


def _parts(pk: UUID, dialogue: ParsedDialogue, source: Source) -> list[_Rated]:
    """What was answered, by turn. Missing stays missing."""

    def place(rating: ParsedRating) -> int:
        return -1 if rating.turn_index is None else rating.turn_index

    answered = [
        rating
        for rating in dialogue.ratings
        if rating.value is not None and rating.criterion in source.uids
    ]
    return [
        _Rated(pk, None if position < 0 else position, [_score(each, source) for each in group])
        for position, group in groupby(sorted(answered, key=place), key=place)
    ]


def _score(rating: ParsedRating, source: Source) -> NewScore:
    evidence = tuple(NewEvidence(quote) for quote in rating.rationales)
    return NewScore(source.uids[rating.criterion], rating.value, evidence=evidence)


def _targets(project: Project, rated: Sequence[_Rated]) -> list[Target]:
    """The target of each part, in order."""
    turns = _turn_ids(project, rated)
    keys = [turns.get((part.dialogue_id, part.position)) for part in rated]
    found = targets_for(
        project=project,
        turns=[key for key in keys if key is not None],
        dialogues=[part.dialogue_id for part in rated if part.position is None],
    )
    by_turn = {target.turn_id: target for target in found}
    by_dialogue = {target.dialogue_id: target for target in found}
    return [
        by_dialogue[part.dialogue_id] if part.position is None else by_turn[key]
        for part, key in zip(rated, keys, strict=True)
    ]


def _turn_ids(project: Project, rated: Sequence[_Rated]) -> dict[tuple[UUID, int | None], UUID]:
    places = {(part.dialogue_id, part.position) for part in rated if part.position is not None}
    rows = Turn.objects.filter(
        project=project,
        dialogue_id__in={dialogue for dialogue, _ in places},
        position__in={position for _, position in places},
    )
    return {
        (dialogue, position): pk
        for pk, dialogue, position in rows.values_list("pk", "dialogue_id", "position")
    }
