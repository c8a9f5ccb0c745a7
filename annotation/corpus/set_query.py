"""Which dialogues a set, a list or a run is about: a query over the corpus."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any
from uuid import UUID

from django.db.models import Exists, OuterRef, QuerySet

from annotation.formats.emotions import EMOTIONS
from annotation.models import Dialogue, DifficultyPrompt, ImportLine, Target, Turn
from annotation.models.corpus import Split
from annotation.models.difficulty import DIFFICULTIES
from webapp.accounts.models import Project
from webapp.errors import Refused
from webapp.ids import as_uuid

KINDS = (Target.Kind.TURN, Target.Kind.DIALOGUE)


@dataclass(frozen=True, slots=True)
class SetQuery:
    """The keys that `Collection.query` may have; "" and None leave one out.

    `kind` says what the members are: supporter turns or whole dialogues. `difficulty_run` and
    `difficulty` belong together: the prompts that this run found easy or hard. `last_only` leaves
    of the supporter turns the last one of each dialogue.
    """

    import_run: str = ""
    generation_run: str = ""
    profile: str = ""
    source: str = ""
    emotion: str = ""
    split: str = ""
    difficulty_run: str = ""
    difficulty: str = ""
    kind: str = Target.Kind.TURN
    last_only: bool = False

    def __post_init__(self) -> None:
        for name in ("import_run", "generation_run", "profile", "difficulty_run"):
            if getattr(self, name):
                _require_uuid(getattr(self, name))
        if self.emotion and self.emotion not in EMOTIONS:
            raise Refused("The emotion is not one of the 32.", code="emotion")
        if self.split and self.split not in Split.values:
            raise Refused("The split must be train, validation or test.", code="split")
        if self.kind not in KINDS:
            raise Refused("A set contains supporter turns or dialogues.", code="kind")
        if self.last_only and self.kind != Target.Kind.TURN:
            raise Refused(
                "Only supporter turns can be narrowed to the last one of each dialogue. Choose "
                "supporter turns as members.",
                code="last_only",
            )
        self._require_difficulty()

    def _require_difficulty(self) -> None:
        if bool(self.difficulty_run) != bool(self.difficulty):
            raise Refused("Give a difficulty run and easy or hard together.", code="difficulty")
        if self.difficulty and self.difficulty not in DIFFICULTIES:
            raise Refused("The difficulty must be easy or hard.", code="difficulty")
        if self.difficulty and self.kind != Target.Kind.TURN:
            raise Refused(
                "Only supporter turns are easy or hard. Choose supporter turns as members.",
                code="difficulty",
            )

    @property
    def picks_turns(self) -> bool:
        """Whether it may leave out supporter turns of its dialogues."""
        return bool(self.difficulty) or self.last_only

    def to_json(self) -> dict[str, str | bool]:
        return {
            name: value if value is True else str(value)
            for name, value in asdict(self).items()
            if value
        }

    @classmethod
    def from_json(cls, query: Mapping[str, Any]) -> "SetQuery":
        """Raises Refused for a key that is none."""
        unknown = set(query) - set(cls.__dataclass_fields__)
        if unknown:
            raise Refused("The query has an unknown key.", code="query")
        words = {name: str(value) for name, value in query.items() if name != "last_only"}
        return cls(**words, last_only=query.get("last_only") is True)


def dialogues_in(*, project: Project, query: SetQuery) -> QuerySet[Dialogue]:
    """The finished dialogues of the project that a query names."""
    rows = Dialogue.objects.filter(project=project, sealed_at__isnull=False)
    if query.import_run:
        rows = rows.filter(pk__in=_imported(query.import_run))
    if query.generation_run:
        rows = rows.filter(generation_item__run_id=UUID(query.generation_run))
    same = {
        "profile_id": query.profile,
        "source": query.source,
        "emotion_label": query.emotion,
        "split": query.split,
    }
    rows = rows.filter(**{name: value for name, value in same.items() if value})
    if query.difficulty:
        turns = Turn.objects.filter(project=project, targets__in=_prompts(query))
        rows = rows.filter(pk__in=turns.values("dialogue"))
    return rows


def turns_in(*, project: Project, query: SetQuery) -> QuerySet[Turn]:
    """The supporter turns that a query names."""
    dialogues = dialogues_in(project=project, query=query)
    turns = Turn.objects.filter(
        project=project, role=Turn.Role.SUPPORTER, dialogue__in=dialogues.values("pk")
    )
    if query.difficulty:
        turns = turns.filter(targets__in=_prompts(query))
    if query.last_only:
        same = Turn.objects.filter(role=Turn.Role.SUPPORTER, dialogue=OuterRef("dialogue"))
        turns = turns.exclude(Exists(same.filter(position__gt=OuterRef("position"))))
    return turns


def _prompts(query: SetQuery) -> QuerySet[DifficultyPrompt, UUID]:
    """The targets that a difficulty run found easy or hard."""
    prompts = DifficultyPrompt.objects.filter(
        DIFFICULTIES[query.difficulty], run_id=UUID(query.difficulty_run)
    )
    return prompts.order_by().values_list("target_id", flat=True)


def _imported(run_id: str) -> QuerySet[ImportLine, UUID]:
    """What stood in an imported file, also where it was here before."""
    lines = ImportLine.objects.filter(run_id=UUID(run_id), dialogue__isnull=False)
    return lines.values_list("dialogue_id", flat=True)


def _require_uuid(text: str) -> None:
    if as_uuid(text) is None:
        raise Refused("Give runs and profiles by their ids.", code="unknown_id")
