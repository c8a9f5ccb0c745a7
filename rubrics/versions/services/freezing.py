"""Fix a text for good: its Spec, and the rows that index it."""

from rubrics.core.spec import SPEC_FORMAT, RubricSpec, criterion_hash, spec_hash, to_json
from rubrics.models import Criterion, Level, RubricVersion, Spec
from rubrics.writing.services import read_content
from webapp.accounts.models import Project


def freeze_spec(*, project: Project, content: object) -> Spec:
    """The project's Spec with this text: the row there is, or a new one. The text need not be
    ready for publishing: judging a draft freezes what stands there now."""
    return freeze(project, read_content(content))


def freeze(project: Project, spec: RubricSpec) -> Spec:
    found, _ = Spec.objects.get_or_create(
        project=project,
        hash=spec_hash(spec),
        defaults={"spec_format": SPEC_FORMAT, "content": to_json(spec)},
    )
    return found


def write_index(version: RubricVersion, spec: RubricSpec) -> None:
    """Criterion and Level rows, which the database lets queries and links use."""
    rows = [
        Criterion(
            project_id=version.project_id,
            version=version,
            position=position,
            uid=criterion.uid,
            meaning_id=criterion.meaning_id,
            criterion_hash=criterion_hash(criterion),
            name=criterion.name,
            kind=criterion.kind,
        )
        for position, criterion in enumerate(spec.criteria)
    ]
    Criterion.objects.bulk_create(rows)
    Level.objects.bulk_create(
        Level(
            project_id=version.project_id,
            criterion=row,
            value=level.value,
            label=level.label,
            anchor=level.anchor,
        )
        for row, criterion in zip(rows, spec.criteria, strict=True)
        for level in criterion.levels
    )
