"""What the pages of sets show."""

from django.db.models import Count, Q, QuerySet

from annotation.corpus.gold_emotions import (
    TELLING,
    is_telling,
    shown_dialogues,
    shown_turns,
    told_targets,
)
from annotation.corpus.queries import SOURCE_LABELS
from annotation.corpus.set_query import SetQuery
from annotation.models import (
    Collection,
    DifficultyRun,
    GenerationRun,
    ImportRun,
    Profile,
    Snapshot,
    SnapshotMember,
    Target,
)
from webapp.accounts.access import Member
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
    """Snapshots, the newest first."""
    rows = Snapshot.objects.filter(project=project)
    return rows.select_related("collection", "created_by").order_by("-number")


def with_member_counts(rows: QuerySet[Snapshot], member: Member) -> QuerySet[Snapshot]:
    """With `member_count`: the members that this person may know of."""
    is_telling = Q(collection__query__has_any_keys=list(TELLING))
    told = Q(members__target__in=told_targets(member))
    return rows.annotate(member_count=Count("members", filter=~is_telling | ~told))


def members_of(snapshot: Snapshot, member: Member) -> QuerySet[SnapshotMember]:
    """Those that this person may know of."""
    rows = snapshot.members.select_related("target")
    if not is_telling(SetQuery.from_json(snapshot.collection.query)):
        return rows
    return rows.exclude(target__in=told_targets(member))


def in_words(query: SetQuery, names: dict[str, str], *, members: str = "") -> str:
    """A query as people would say it; `names` from `names_in`. `members` is what it selects where
    that is something else than the members of a set."""
    kind = members or _kind_in_words(query)
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
    if said:
        return f"{kind} {said}"
    return f"{kind} of all dialogues" if query.last_only else f"All {kind.lower()}"


def _kind_in_words(query: SetQuery) -> str:
    if query.last_only:
        return "Last supporter turns"
    return "Whole dialogues" if query.kind == Target.Kind.DIALOGUE else "Supporter turns"


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


def size_of(*, member: Member, query: SetQuery) -> int:
    """How many members a snapshot of this query would have now that this person may know of."""
    if query.kind == Target.Kind.DIALOGUE:
        return shown_dialogues(member, query).count()
    return shown_turns(member, query).count()
