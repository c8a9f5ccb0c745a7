"""Small parsed dialogues and published rubrics."""

from typing import Any

from django.utils import timezone

from annotation.corpus import services as corpus
from annotation.formats.records import ParsedDialogue, ParsedTurn, plain_turn, supporter_turn
from annotation.models import Dialogue, Turn
from rubrics.core.spec import SPEC_FORMAT, CriterionSpec, LevelSpec, RubricSpec, spec_hash, to_json
from rubrics.models import Rubric, RubricVersion, Spec
from rubrics.versions.services.freezing import write_index
from webapp.accounts.models import Project
from webapp.accounts.numbers import next_number

REPLY = (
    "<understanding>She is alone at night.</understanding>\n<reasoning>Name it.</reasoning>\n"
    "<emotion>lonely</emotion>\n<response>The kitchen 🍲 gets quiet. Whom do you miss?</response>"
)


def parsed(
    number: int = 1, *, pairs: int = 2, own_words: bool = False, **changes: Any
) -> ParsedDialogue:
    """A dialogue of `pairs` exchanges that says its number. All replies say the same unless each
    has `own_words`."""
    turns: list[ParsedTurn] = []
    for pair in range(pairs):
        turns.append(plain_turn("seeker", f"Night {number}, thought {pair}."))
        said = REPLY.replace("</response>", f" Night {number}.{pair}?</response>")
        turns.append(supporter_turn(said if own_words else REPLY)[0])
    fields: dict[str, Any] = {
        "source_key": f"key-{number}",
        "turns": tuple(turns),
        "split_group": f"person-{number}",
        "situation": f"Situation {number}",
        "emotion": "lonely",
        "profile_text": f"Profile {number}",
        "mbti": "INFP",
        "username": f"person-{number}",
    }
    return ParsedDialogue(**(fields | changes))


def added(
    project: Project, *dialogues: ParsedDialogue, source: str = "kardiabench"
) -> list[Dialogue]:
    placed = corpus.add_dialogues(project=project, parsed=dialogues, source=source)
    rows = Dialogue.objects.in_bulk([place.dialogue_id for place in placed])
    return [rows[place.dialogue_id] for place in placed]


def supporter_turns(dialogue: Dialogue) -> list[Turn]:
    return list(dialogue.turns.filter(role="supporter"))


def levels(low: int = 1, high: int = 5) -> tuple[LevelSpec, ...]:
    return tuple(
        LevelSpec(value, f"L{value}", f"Anchor {value}.") for value in range(low, high + 1)
    )


RUBRIC = RubricSpec(
    title="Care",
    criteria=(
        CriterionSpec("format", "m-format", "Format", kind="check", scale="binary", check="format"),
        CriterionSpec("empathy", "m-empathy", "Empathy", levels=levels()),
        CriterionSpec(
            "plan", "m-plan", "Plan", levels=levels(0, 2), spans=("reasoning", "response")
        ),
    ),
)
WHOLE = RubricSpec(
    title="Survey",
    target="dialogue",
    criteria=(CriterionSpec("felt", "m-felt", "Felt", levels=levels(), spans=("whole",)),),
)


def spec_row(project: Project, rubric: RubricSpec = RUBRIC) -> Spec:
    return Spec.objects.get_or_create(
        project=project,
        hash=spec_hash(rubric),
        defaults={"spec_format": SPEC_FORMAT, "content": to_json(rubric)},
    )[0]


def published(project: Project, rubric: RubricSpec = RUBRIC) -> RubricVersion:
    parent = Rubric.objects.create(
        project=project, number=next_number(project, "rubric"), name=rubric.title
    )
    version = RubricVersion.objects.create(
        project=project,
        rubric=parent,
        number=1,
        status="published",
        draft=to_json(rubric),
        spec=spec_row(project, rubric),
        published_at=timezone.now(),
    )
    write_index(version, rubric)
    return version


__all__ = ["RUBRIC", "WHOLE", "added", "parsed", "published", "spec_row", "supporter_turns"]
