"""Which dialogues a set, a list or a run is about: a query over the corpus."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any
from uuid import UUID

from django.db.models import QuerySet

from annotation.formats.emotions import EMOTIONS
from annotation.models import Dialogue, ImportLine, Target, Turn
from annotation.models.corpus import Split
from webapp.accounts.models import Project
from webapp.errors import Refused

KINDS = (Target.Kind.TURN, Target.Kind.DIALOGUE)


@dataclass(frozen=True, slots=True)
class SetQuery:
    """The keys that `Collection.query` may have; "" and None leave one out.

    `kind` says what the members are: supporter turns or whole dialogues.
    """

    import_run: str = ""
    generation_run: str = ""
    profile: str = ""
    source: str = ""
    emotion: str = ""
    split: str = ""
    kind: str = Target.Kind.TURN

    def __post_init__(self) -> None:
        for name in ("import_run", "generation_run", "profile"):
            if getattr(self, name):
                _require_uuid(getattr(self, name))
        if self.emotion and self.emotion not in EMOTIONS:
            raise Refused("The emotion is not one of the 32.", code="emotion")
        if self.split and self.split not in Split.values:
            raise Refused("The split must be train, validation or test.", code="split")
        if self.kind not in KINDS:
            raise Refused("A set contains supporter turns or dialogues.", code="kind")

    def to_json(self) -> dict[str, str]:
        return {name: str(value) for name, value in asdict(self).items() if value}

    @classmethod
    def from_json(cls, query: Mapping[str, Any]) -> "SetQuery":
        """Raises Refused for a key that is none."""
        unknown = set(query) - set(cls.__dataclass_fields__)
        if unknown:
            raise Refused("The query has an unknown key.", code="query")
        return cls(**{name: str(value) for name, value in query.items()})


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
    return rows.filter(**{name: value for name, value in same.items() if value})


def supporter_turns(project: Project, dialogues: QuerySet[Dialogue]) -> QuerySet[Turn]:
    return Turn.objects.filter(
        project=project, role=Turn.Role.SUPPORTER, dialogue__in=dialogues.values("pk")
    )


def _imported(run_id: str) -> QuerySet[ImportLine, UUID]:
    """What stood in an imported file, also where it was here before."""
    lines = ImportLine.objects.filter(run_id=UUID(run_id), dialogue__isnull=False)
    return lines.values_list("dialogue_id", flat=True)


def _require_uuid(text: str) -> None:
    try:
        UUID(text)
    except ValueError:
        raise Refused("Give runs and profiles by their ids.", code="unknown_id") from None
