"""The demo: one project with people of every role, rubrics, the written corpus and a queue.

Every part is made through the services that pages use, and only where it is missing, so that a
start that was killed half-way is finished by the next one.
"""

import json
import os
import secrets
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.db import transaction

from annotation.corpus.set_query import SetQuery
from annotation.demo.written import OTHER_SOURCE, SOURCE, SPLIT_SEED
from annotation.judge_runs.services import fit_start, published_spec
from annotation.models import Collection, FitRun, Queue, Rater
from annotation.models.corpus import Split
from annotation.queues.services import queue_create
from annotation.sets.services import collection_create, freeze
from rubrics.core.spec import RubricSpec, to_json
from rubrics.demo import epitome, kardia, seeker_survey
from rubrics.models import Rubric, RubricVersion
from rubrics.versions.services import version_approve, version_publish, version_send_for_review
from rubrics.writing.services import rubric_create
from training.checkpoints.services import small_model_start
from training.models import Checkpoint
from training.small import package
from training.small.models import TRAINED
from webapp.accounts.models import Membership, Project, Role, User
from webapp.audit import services as audit
from webapp.errors import Refused
from webapp.home.demo_corpus import add_corpus
from webapp.llm.models import Endpoint

# The demo of earlier versions was called “Empathic support”. Where it is, it stays beside this one.
PROJECT = "Emotional support (demo)"
DESCRIPTION = (
    "A demo with dialogues that were written for Kardia Studio. Their authors are language "
    "models, and nobody in them is a real person."
)
# Where `make run` has the local server unless another port is asked for.
USUAL_MODEL_URL = "http://127.0.0.1:8001/v1"
# Sets of the test split: whole dialogues, and replies that the authors rated.
TESTED_DIALOGUES = (
    "Written dialogues, test split",
    SetQuery(source=SOURCE, split=Split.TEST),
)
TESTED_REPLIES = (
    "Other replies, test split",
    SetQuery(source=OTHER_SOURCE, split=Split.TEST, last_only=True),
)
# The key of the fit that comes last: where it is, the demo is whole.
LAST_STEP = "demo"

PEOPLE: Sequence[tuple[str, str, str | None]] = (
    ("Ada Quist", "admin", None),
    ("Ines Halvorsen", "lead", Role.LEAD),
    ("Tomasz Wierzba", "clinician", Role.CLINICIAN),
    ("Leila Haddadi", "clinician2", Role.CLINICIAN),
    ("Amara Deluse", "annotator", Role.ANNOTATOR),
    ("Jonas Lindqvist", "annotator2", Role.ANNOTATOR),
)
DOMAIN = "kardia.example"


def load() -> None:
    people = _people()
    lead, clinician = people["lead"], people["clinician"]
    project = _project(people)
    _move_endpoints()
    _model(project, lead)
    if FitRun.objects.filter(project=project, idempotency_key=LAST_STEP).exists():
        return
    version = _published(project, clinician, people["clinician2"], kardia.KARDIA)
    _published(project, clinician, people["clinician2"], epitome.EPITOME)
    _published(project, clinician, people["clinician2"], seeker_survey.SEEKER_SURVEY)
    add_corpus(project=project, spec=published_spec(version))
    demo_set(project, lead, "Written dialogues", SetQuery(source=SOURCE))
    demo_set(project, lead, "Other replies", SetQuery(source=OTHER_SOURCE, last_only=True))
    # The judge learns from the other splits: on these items it can be compared with people.
    tested = demo_set(project, lead, *TESTED_DIALOGUES)
    demo_set(project, lead, *TESTED_REPLIES)
    _queue(project, lead, version, tested, [people["annotator"], people["annotator2"]])
    _judge(project, lead, version)


def _people() -> dict[str, User]:
    passwords = _passwords()
    people = {}
    for name, box, role in PEOPLE:
        email = f"{box}@{DOMAIN}"
        user = User.objects.filter(email=email).first()
        if user is None:
            user = User.objects.create_user(
                email, passwords[email], name=name, is_admin=role is None
            )
        people[box] = user
    return people


def _passwords() -> dict[str, str]:
    """One password for each person, generated once and kept with mode 0600; the file that
    people read is written beside it."""
    kept, shown = settings.VAR_DIR / "demo-passwords.json", settings.VAR_DIR / "demo-passwords"
    if kept.exists():
        passwords = dict(json.loads(kept.read_text()))
    else:
        passwords = {f"{box}@{DOMAIN}": secrets.token_urlsafe(9) for _, box, _ in PEOPLE}
        _write_private(kept, json.dumps(passwords))
    if shown.exists():
        return passwords
    lines = [
        f"{Role(role).label if role else 'Administrator':<14}  {f'{box}@{DOMAIN}':<25}  "
        f"{passwords[f'{box}@{DOMAIN}']}"
        for _, box, role in PEOPLE
    ]
    _write_private(shown, "\n".join(lines) + "\n")
    return passwords


def _write_private(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_suffix(".part")
    with os.fdopen(os.open(draft, os.O_CREAT | os.O_WRONLY | os.O_TRUNC, 0o600), "w") as file:
        file.write(text)
    draft.rename(path)


def _project(people: dict[str, User]) -> Project:
    known = Project.objects.filter(name=PROJECT, created_by=people["admin"]).first()
    if known is not None:
        return known
    with transaction.atomic():
        project = Project.objects.create(
            name=PROJECT,
            description=DESCRIPTION,
            created_by=people["admin"],
            split_seed=SPLIT_SEED,
        )
        for _, box, role in PEOPLE:
            if role is not None:
                Membership.objects.create(project=project, user=people[box], role=role)
        audit.record("project.created", actor=people["admin"], object=project, demo=True)
    return project


def _move_endpoints() -> None:
    """`make run` took another port than before: the endpoints of served checkpoints move with the
    local server. Other servers stay where they are."""
    kept = settings.VAR_DIR / "local-model-url"
    before = kept.read_text() if kept.exists() else _earlier_model_url()
    if before != settings.LOCAL_MODEL_URL:
        served = Checkpoint.objects.exclude(endpoint=None).values("endpoint")
        ours = Endpoint.objects.filter(pk__in=served, base_url=before)
        ours.update(base_url=settings.LOCAL_MODEL_URL)
    _write_private(kept, settings.LOCAL_MODEL_URL)


def _earlier_model_url() -> str:
    """Where the local server was before its address was kept: earlier versions gave each demo an
    endpoint of their starter model."""
    known = (
        Endpoint.objects.filter(model="starter").order_by("pk").values_list("base_url", flat=True)
    )
    return known.first() or USUAL_MODEL_URL


def _published(project: Project, author: User, reviewer: User, spec: RubricSpec) -> RubricVersion:
    known = RubricVersion.objects.filter(
        project=project, rubric__name=spec.title, status=RubricVersion.Status.PUBLISHED
    ).first()
    if known is not None:
        return known
    rubric = Rubric.objects.filter(project=project, name=spec.title).first()
    if rubric is None:
        rubric = rubric_create(
            project=project, actor=author, name=spec.title, content=to_json(spec)
        )
    version = rubric.versions.get(number=1)
    if version.status == RubricVersion.Status.DRAFT:
        version = version_send_for_review(version=version, actor=author)
    if version.approved_by_id is None:
        version = version_approve(version=version, actor=reviewer)
    return version_publish(version=version, actor=author, change_note="The first version.")


def demo_set(project: Project, lead: User, name: str, query: SetQuery) -> Collection:
    known = Collection.objects.filter(project=project, query=query.to_json()).first()
    return known or collection_create(project=project, actor=lead, name=name, query=query)


def _queue(
    project: Project,
    lead: User,
    version: RubricVersion,
    collection: Collection,
    annotators: list[User],
) -> None:
    if Queue.objects.filter(project=project).exists():
        return
    with transaction.atomic():
        queue_create(
            project=project,
            actor=lead,
            name="Replies in written dialogues",
            version=version,
            snapshot=freeze(collection=collection, actor=lead, seed=3, limit=24),
            overlap=2,
            raters=annotators,
        )


def _model(project: Project, lead: User) -> None:
    """Kardia small, made by a worker; nothing where the package is not installed."""
    try:
        package.find()
    except package.Unusable:
        return
    # Where somebody has added it, or closed the project, that is theirs to keep. Another adapter is
    # another model.
    with suppress(Refused, PermissionDenied):
        small_model_start(project=project, actor=lead, key=f"{LAST_STEP} {TRAINED.revision}")


def _judge(project: Project, lead: User, version: RubricVersion) -> None:
    """A judge fitted on the authors' levels: queued here, fitted by the worker."""
    fit_start(
        project=project,
        actor=lead,
        key=LAST_STEP,
        version=version,
        judge_name="Judge taught by the authors",
        rater_kinds=[Rater.Kind.AUTHOR],
    )
