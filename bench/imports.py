"""How long a whole file takes to import and to freeze, and how much memory that needs.

`python -m bench imports FILE`, in a format that the studio reads. The file is worked on as a worker
does it, in this process, on services of its own.
"""

import resource
import time
from pathlib import Path
from typing import Any

from bench._services import services


def main(argv: list[str]) -> dict[str, Any]:
    if len(argv) != 1:
        raise SystemExit("usage: python -m bench imports FILE")
    with services():
        import django

        django.setup()
        return _import(Path(argv[0]))


def _import(file: Path) -> dict[str, Any]:
    from annotation.corpus import work as imports
    from annotation.corpus.services import import_start
    from annotation.models import Dialogue, Evidence, Score, Turn
    from annotation.sets import services as sets
    from webapp.accounts.models import Membership, Project, Role, User
    from webapp.files.models import StoredFile
    from webapp.files.services import store

    lead = User.objects.create_user("lead@example.org", name="Lena Lead")
    project = Project.objects.create(name="Bench", created_by=lead)
    Membership.objects.create(project=project, user=lead, role=Role.LEAD)
    with file.open("rb") as content:
        stored = store(
            project=project,
            kind=StoredFile.Kind.UPLOAD,
            name=file.name,
            content=content,
            actor=lead,
        )
    run = import_start(project=project, actor=lead, file=stored, format="auto", key="bench")
    began = time.perf_counter()
    imports.work(str(run.pk))
    imported = time.perf_counter()
    run.refresh_from_db()
    if run.status != "succeeded":
        raise SystemExit(f"The import failed: {run.error}")
    frozen = sets.freeze(collection=run.collection, actor=lead)
    return {
        "import_s": round(imported - began, 2),
        "freeze_s": round(time.perf_counter() - imported, 2),
        "dialogues": Dialogue.objects.count(),
        "turns": Turn.objects.count(),
        "scores": Score.objects.count(),
        "evidence": Evidence.objects.count(),
        "evidence_without_offsets": Evidence.objects.filter(start=None).count(),
        "members": frozen.members.count(),
        "max_rss_mb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024),
    }
