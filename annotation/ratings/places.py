"""Which profile and dialogue a rated text belongs to: what a bootstrap of agreement draws."""

from collections.abc import Collection, Mapping
from uuid import UUID

from django.db.models import Expression, TextField, Value
from django.db.models.fields.json import KeyTextTransform
from django.db.models.functions import MD5, Cast, Coalesce, NullIf

from annotation.models import Target

# (profile, dialogue). A text outside of dialogues is a dialogue of its own; without the text of a
# profile it is a profile of its own, too.
Place = tuple[str, str]


def place_columns(path: str = "") -> tuple[Coalesce, Coalesce]:
    """The profile and the dialogue of a target at the end of `path`. A text outside of dialogues
    has the hash of its profile's text, or null where that is empty, and no dialogue."""
    return (
        Coalesce(
            f"{path}turn__dialogue__split_key",
            f"{path}dialogue__split_key",
            profile_hash(written_profile(path)),
            output_field=TextField(),
        ),
        Coalesce(f"{path}turn__dialogue_id", f"{path}dialogue_id"),
    )


def written_profile(path: str = "") -> Cast:
    """The text of the profile that a reply outside of dialogues was written to; null for others."""
    return Cast(KeyTextTransform("profile", f"{path}context"), TextField())


def profile_hash(text: Expression) -> MD5:
    """MD5 of a profile's text, null where there is none."""
    return MD5(NullIf(text, Value(""), output_field=TextField()))


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
