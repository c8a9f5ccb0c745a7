"""What the pages of sets show."""

from django.db.models import Count, QuerySet

from annotation.corpus.queries import SOURCE_LABELS
from annotation.corpus.set_query import SetQuery, dialogues_in, turns_in
from annotation.models import (
    Collection,
    DifficultyRun,
    GenerationRun,
    ImportRun,
    Profile,
    Snapshot,
    Target,
)
from webapp.accounts.models import Project


def collections_of(project: Project) -> QuerySet[Collection]:
    """Sets, the newest first, each with its number of snapshots."""
    return (
        Collection.objects.filter(project=project)
        .select_related("created_by")
        .annotate(snapshot_count=Count("snapshots"))
        .order_by("-number")
    )


def snapshots_of(project: Project) -> QuerySet[Snapshot]:
    """Snapshots, the newest first, each with its number of members."""
    return (
        Snapshot.objects.filter(project=project)
        .select_related("collection", "created_by")
        .annotate(member_count=Count("members"))
        .order_by("-number")
    )


def in_words(query: SetQuery, names: dict[str, str], *, members: str = "") -> str:
    """A query as people would say it; `names` from `names_in`. `members` is what it selects where
    that is something else than the members of a set."""
    whole = query.kind == Target.Kind.DIALOGUE
    kind = members or ("Whole dialogues" if whole else "Supporter turns")
    parts = [
        f"from {SOURCE_LABELS.get(query.source, query.source)}" if query.source else "",
        f"of {names.get(query.import_run, 'an import')}" if query.import_run else "",
        f"of {names.get(query.generation_run, 'a generation')}" if query.generation_run else "",
        f"of {names.get(query.profile, 'one profile')}" if query.profile else "",
        f"whose seeker feels {query.emotion}" if query.emotion else "",
        f"in the {query.split} split" if query.split else "",
        _difficulty_in_words(query, names),
    ]
    said = ", ".join(part for part in parts if part)
    return f"{kind} {said}" if said else f"All {kind.lower()}"


def _difficulty_in_words(query: SetQuery, names: dict[str, str]) -> str:
    if not query.difficulty:
        return ""
    run = names.get(query.difficulty_run, "a difficulty run")
    return f"that were {query.difficulty} in {run}"


def names_in(project: Project, queries: list[SetQuery]) -> dict[str, str]:
    """What the ids in these queries are called, by id: four queries however many they are."""
    wanted = {
        pk
        for q in queries
        for pk in (q.import_run, q.generation_run, q.profile, q.difficulty_run)
        if pk
    }
    if not wanted:
        return {}
    names: dict[str, str] = {}
    for model in (ImportRun, GenerationRun, Profile, DifficultyRun):
        rows = model.objects.filter(project=project, pk__in=wanted)
        title = getattr(model, "title", "Profile")
        names |= {str(pk): f"{title} {number}" for pk, number in rows.values_list("pk", "number")}
    return names


def size_of(*, project: Project, query: SetQuery) -> int:
    """How many members a snapshot of this query would have now."""
    if query.kind == Target.Kind.DIALOGUE:
        return dialogues_in(project=project, query=query).count()
    return turns_in(project=project, query=query).count()
