"""Rubrics whose text is known beforehand: those of a data set that comes with its ratings."""

from django.db import transaction

from rubrics.models import RubricVersion
from rubrics.services.drafting import lock_version, rubric_create
from rubrics.services.publishing import publish_locked
from rubrics.spec import RubricSpec, spec_hash, to_json
from webapp.accounts.models import Project, User


def version_ensure(*, project: Project, actor: User, spec: RubricSpec) -> RubricVersion:
    """The project's published version with exactly this text; made where there is none.

    Nobody approves it: the ratings that it describes were given before it came here, and the
    note says where it is from.
    """
    with transaction.atomic():
        if found := _published(project, spec):
            return found
        # One at a time in a project, so that two imports make one rubric.
        Project.objects.select_for_update(no_key=True).get(pk=project.pk)
        if found := _published(project, spec):
            return found
        rubric = rubric_create(project=project, actor=actor, name=spec.title, content=to_json(spec))
        version = lock_version(rubric.versions.get())
        publish_locked(
            version, actor=actor, change_note="Came with the ratings of an imported data set."
        )
    return version


def _published(project: Project, spec: RubricSpec) -> RubricVersion | None:
    return (
        RubricVersion.objects.filter(
            project=project, spec__hash=spec_hash(spec), published_at__isnull=False
        )
        .select_related("spec")
        .order_by("published_at")
        .first()
    )
