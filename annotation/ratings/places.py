"""Which profile and dialogue a rated text belongs to: what a bootstrap of agreement draws."""

from collections.abc import Collection, Mapping
from uuid import UUID

from django.db.models.functions import Coalesce

from annotation.models import Target

# (profile, dialogue). A text without a dialogue stands for itself.
Place = tuple[str, str]


def place_columns(path: str = "") -> tuple[Coalesce, Coalesce]:
    """The profile and the dialogue of a target at the end of `path`, both null for a text."""
    return (
        Coalesce(f"{path}turn__dialogue__split_key", f"{path}dialogue__split_key"),
        Coalesce(f"{path}turn__dialogue_id", f"{path}dialogue_id"),
    )


def place_of(target: UUID, profile: str | None, dialogue: UUID | None) -> Place:
    """The place that these columns say."""
    return (profile or str(target), str(dialogue or target))


def places_of(targets: Collection[UUID]) -> Mapping[UUID, Place]:
    """The place of each of these targets."""
    profile, dialogue = place_columns()
    rows = Target.objects.filter(pk__in=targets).annotate(profile=profile, in_dialogue=dialogue)
    return {
        pk: place_of(pk, profile, dialogue)
        for pk, profile, dialogue in rows.values_list("pk", "profile", "in_dialogue")
    }
