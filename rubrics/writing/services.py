"""Begin a rubric, write its draft, begin the next version."""

from datetime import timedelta
from uuid import UUID

from django.db import transaction
from django.db.models import Max
from django.utils import timezone

from rubrics.core.drafts import MAX_TITLE, read_draft
from rubrics.core.merge import Choice, Written, changed_places
from rubrics.core.spec import RubricSpec, SpecError, from_json, to_json
from rubrics.models import Rubric, RubricVersion
from rubrics.writing.authorship import record_authors
from webapp.accounts.access import require_open
from webapp.accounts.models import Project, User
from webapp.accounts.numbers import next_number
from webapp.audit import services as audit
from webapp.errors import Refused, Stale

# Drafts save themselves every second or so: the audit log tells of sittings, not of keystrokes.
SAME_EDIT_WITHIN = timedelta(minutes=10)

Status = RubricVersion.Status


class BadContent(Refused):
    """What was sent is no rubric in the form of rubrics.core.spec. Nothing was changed."""

    status = 400

    def __init__(self, error: SpecError) -> None:
        super().__init__(str(error), code="bad_content")
        self.path = error.path


def rubric_create(
    *,
    project: Project,
    actor: User,
    name: str,
    content: object | None = None,
    copied_from: UUID | None = None,
) -> Rubric:
    """A rubric with version 1 as a draft: empty, or with `content`, a spec as JSON data.
    `copied_from` is the version, perhaps of another project, that the text is a copy of.

    Raises BadContent where `content` is no spec, Refused without a name.
    """
    require_open(project)
    name = name.strip()
    if not name or len(name) > MAX_TITLE:
        raise Refused(f"A rubric needs a name of at most {MAX_TITLE} characters.", code="name")
    spec = RubricSpec(title=name) if content is None else read_content(content)
    with transaction.atomic():
        rubric = Rubric.objects.create(
            project=project,
            number=next_number(project, "rubric"),
            name=name,
            created_by=actor,
            copied_from=copied_from,
        )
        begin_version(rubric, number=1, actor=actor, spec=spec)
        audit.record("rubric.created", actor=actor, object=rubric, number=rubric.number)
    return rubric


def draft_save(
    *, version: RubricVersion, actor: User, content: object, expected_revision: int
) -> RubricVersion:
    """Keep `content` as the draft's text, if nobody saved since `expected_revision`.

    A save that arrives twice is one save. Raises Stale where somebody else saved in between and
    BadContent for what is no spec; neither changes anything.
    """
    spec = read_content(content)
    text = to_json(spec)
    with transaction.atomic():
        locked = lock_version(version)
        if locked.status != Status.DRAFT:
            raise Refused(why_closed(locked), code="not_a_draft")
        if locked.draft == text:
            return locked
        if locked.revision != expected_revision:
            raise Stale(
                f"{locked.saved_by or 'Somebody'} saved this draft after you opened it. "
                "Your text was not saved, and theirs was not changed.",
                code="stale",
            )
        _record_sitting(locked, actor)
        places = changed_places(from_json(locked.draft), spec)
        locked.draft = text
        locked.revision += 1
        locked.saved_at = timezone.now()
        locked.saved_by = actor
        locked.save(update_fields=["draft", "revision", "saved_at", "saved_by"])
        record_authors(locked, actor, places, spec)
        _rename_unpublished(locked, spec)
    return locked


def draft_open(*, rubric: Rubric, actor: User) -> RubricVersion:
    """A new draft with the text of the newest version that is in use, or of an archived one."""
    with transaction.atomic():
        locked = lock_rubric(rubric)
        if open_one := locked.versions.filter(status__in=[Status.DRAFT, Status.IN_REVIEW]).first():
            raise Refused(
                f"Version {open_one.number} is not published yet. You can write only one "
                "version of a rubric at a time.",
                code="draft_exists",
            )
        written = locked.versions.select_related("spec").order_by("-number")
        was_published = written.filter(published_at__isnull=False)
        base = written.filter(status=Status.PUBLISHED).first() or was_published.first()
        if base is None or base.spec is None:
            raise Refused("This rubric has no published version to start from.", code="nothing")
        spec = read_content(base.spec.content)
        return begin_version(locked, number=next_version_number(locked), actor=actor, spec=spec)


def next_version_number(rubric: Rubric) -> int:
    """One more than the newest version's. The caller has locked the rubric."""
    return int(rubric.versions.aggregate(number=Max("number"))["number"] or 0) + 1


def read_content(content: object) -> RubricSpec:
    try:
        return read_draft(content)
    except SpecError as error:
        raise BadContent(error) from error


def read_choices(given: object) -> dict[str, Choice]:
    """What a person chose where two texts collide, by the key of the place: “mine”, “theirs” or
    a text of their own, as `{"text": ...}`. Raises Refused."""
    if not isinstance(given, dict):
        raise _bad_choices()
    return {str(key): _read_choice(choice) for key, choice in given.items()}


def _read_choice(given: object) -> Choice:
    if given == "mine":
        return "mine"
    if given == "theirs":
        return "theirs"
    if isinstance(given, dict) and set(given) == {"text"} and isinstance(given["text"], str):
        return Written(given["text"])
    raise _bad_choices()


def _bad_choices() -> Refused:
    refusal = Refused(
        "`choices` names “mine”, “theirs” or a text of your own for each place.", code="choices"
    )
    refusal.status = 400
    return refusal


def lock_rubric(rubric: Rubric) -> Rubric:
    """The rubric as it is in the database now, locked until the transaction ends."""
    locked = Rubric.objects.select_for_update(of=("self",)).select_related("project")
    found = locked.get(pk=rubric.pk)
    require_open(found.project)
    return found


def lock_version(version: RubricVersion) -> RubricVersion:
    """The version as it is in the database now, locked with its rubric until the transaction
    ends."""
    # The rubric first, everywhere: publishing and restoring write in both, and would each wait
    # for what the other holds.
    Rubric.objects.select_for_update(of=("self",)).get(pk=version.rubric_id)
    # No join to people: after waiting for the lock, joined columns may be out of date.
    locked = (
        RubricVersion.objects.select_for_update(of=("self",))
        .select_related("rubric", "project")
        .get(pk=version.pk)
    )
    require_open(locked.project)
    return locked


def begin_version(rubric: Rubric, *, number: int, actor: User, spec: RubricSpec) -> RubricVersion:
    version = RubricVersion.objects.create(
        project_id=rubric.project_id,
        rubric=rubric,
        number=number,
        draft=to_json(spec),
        author=actor,
        saved_by=actor,
        saved_at=timezone.now(),
    )
    audit.record("rubric_version.opened", actor=actor, object=version, number=number)
    return version


def _record_sitting(version: RubricVersion, actor: User) -> None:
    went_on = version.saved_by_id == actor.pk and version.revision > 0
    if (
        not went_on
        or version.saved_at is None
        or timezone.now() - version.saved_at > SAME_EDIT_WITHIN
    ):
        audit.record(
            "rubric_version.edited", actor=actor, object=version, revision=version.revision + 1
        )


def _rename_unpublished(version: RubricVersion, spec: RubricSpec) -> None:
    """Until something is published, the rubric is called what its draft is called."""
    title = spec.title.strip()
    if version.number == 1 and title and title != version.rubric.name:
        Rubric.objects.filter(pk=version.rubric_id).update(name=title)


def why_closed(version: RubricVersion) -> str:
    """Why nobody can write in it now; empty for a draft."""
    if version.status == Status.DRAFT:
        return ""
    if version.status == Status.IN_REVIEW:
        return f"Version {version.number} is in review. Take it back to change it."
    if version.is_set_aside:
        return f"Draft {version.number} was set aside. Restore it to change it."
    return f"Version {version.number} is published and can’t be changed. Create a new draft."
