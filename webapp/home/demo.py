"""The demo: one project with people of every role, rubrics, graded dialogues and a queue.

Every part is made through the services that pages use, and only where it is missing, so that a
start that was killed half-way is finished by the next one.
"""

import json
import os
import secrets
from collections.abc import Sequence
from ipaddress import ip_address
from pathlib import Path
from urllib.parse import urlsplit
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import Exists, OuterRef, Q

from annotation.corpus.services import add_dialogues
from annotation.corpus.set_query import SetQuery
from annotation.formats.records import ParsedDialogue, plain_turn, supporter_turn
from annotation.judge_runs.services import fit_start
from annotation.models import Collection, FitRun, Queue, Rater, Rating, Turn
from annotation.queues.services import queue_create
from annotation.ratings.services import NewRating, NewScore, construction_rater, submit_ratings
from annotation.ratings.targets import targets_for
from annotation.sets.services import collection_create, freeze
from rubrics.core.spec import RubricSpec, to_json
from rubrics.demo import epitome, kardia, seeker_survey
from rubrics.models import Rubric, RubricVersion
from rubrics.versions.services import version_approve, version_publish, version_send_for_review
from rubrics.writing.services import rubric_create
from training.checkpoints.services import starter_add
from training.models import Checkpoint
from training.starter.corpus import dialogues
from webapp.accounts.models import Membership, Project, Role, User
from webapp.audit import services as audit
from webapp.llm.models import Endpoint
from webapp.llm.services import STARTER, endpoint_create_local

PROJECT = "Empathic support"
SOURCE = "demo"
# Profiles that the starter model never trained on, so that held-out prompts are new to it.
SPLITS = ("validation", "test")
DIALOGUES_PER_SPLIT = 90
CHUNK = 60
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

UID_OF_GRADE = {
    "relevance": kardia.RELEVANCE_UID,
    "fluency": kardia.FLUENCY_UID,
    "empathy": kardia.EMPATHY_UID,
    "persona_consistency": kardia.PERSONA_UID,
    "safety": kardia.SAFETY_UID,
}


def load() -> None:
    people = _people()
    lead, clinician = people["lead"], people["clinician"]
    project = _project(people)
    _endpoint(project, lead)
    if FitRun.objects.filter(project=project, idempotency_key=LAST_STEP).exists():
        return
    _starter(project, lead)
    version = _published(project, clinician, people["clinician2"], kardia.KARDIA)
    _published(project, clinician, people["clinician2"], epitome.EPITOME)
    _published(project, clinician, people["clinician2"], seeker_survey.SEEKER_SURVEY)
    _dialogues(project, version)
    collection = _collection(project, lead)
    _queue(project, lead, version, collection, [people["annotator"], people["annotator2"]])
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
    kept = settings.VAR_DIR / "demo-passwords.json"
    if kept.exists():
        return dict(json.loads(kept.read_text()))
    passwords = {f"{box}@{DOMAIN}": secrets.token_urlsafe(9) for _, box, _ in PEOPLE}
    _write_private(kept, json.dumps(passwords))
    lines = [
        f"{Role(role).label if role else 'Administrator':<14}  {f'{box}@{DOMAIN}':<25}  "
        f"{passwords[f'{box}@{DOMAIN}']}"
        for _, box, role in PEOPLE
    ]
    _write_private(settings.VAR_DIR / "demo-passwords", "\n".join(lines) + "\n")
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
            description="A demo: graded dialogues made from a grammar, no real people.",
            created_by=people["admin"],
        )
        for _, box, role in PEOPLE:
            if role is not None:
                Membership.objects.create(project=project, user=people[box], role=role)
        audit.record("project.created", actor=people["admin"], object=project, demo=True)
    return project


def _endpoint(project: Project, lead: User) -> None:
    known = Endpoint.objects.filter(project=project, model=STARTER).first()
    if known is None:
        endpoint_create_local(project=project, actor=lead)
    elif known.base_url != settings.LOCAL_MODEL_URL:
        _move(known.base_url)


def _move(address: str) -> None:
    """`make run` took another port than before: the local server's endpoints move with it, those
    of the starter model and of served checkpoints. Other servers stay where they are."""
    if not _is_on_this_machine(address):
        return
    served = Exists(Checkpoint.objects.filter(endpoint=OuterRef("pk")))
    ours = Endpoint.objects.filter(Q(model=STARTER) | served, base_url=address)
    ours.update(base_url=settings.LOCAL_MODEL_URL)


def _is_on_this_machine(address: str) -> bool:
    host = urlsplit(address).hostname or ""
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False


def _starter(project: Project, lead: User) -> None:
    starter = starter_add(project=project, actor=lead)
    if starter.endpoint is None:
        starter.endpoint = Endpoint.objects.filter(project=project, model=STARTER).first()
        starter.save(update_fields=["endpoint"])


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


def _dialogues(project: Project, version: RubricVersion) -> None:
    made = [made for split in SPLITS for made in dialogues(DIALOGUES_PER_SPLIT, 7, split=split)]
    for start in range(0, len(made), CHUNK):
        chunk = made[start : start + CHUNK]
        with transaction.atomic():
            placed = add_dialogues(
                project=project, parsed=[_parsed(row) for row in chunk], source=SOURCE
            )
            _grade(project, version, chunk, [place.dialogue_id for place in placed])


def _parsed(row: dict) -> ParsedDialogue:
    return ParsedDialogue(
        source_key=row["id"],
        turns=tuple(
            supporter_turn(turn["raw"])[0]
            if turn["role"] == "supporter"
            else plain_turn("seeker", turn["text"])
            for turn in row["turns"]
        ),
        split_group=row["profile"]["username"],
        situation=row["situation"],
        emotion=row["emotion"],
        profile_text=row["profile"]["text"],
        mbti=row["profile"]["mbti"],
        username=row["profile"]["username"],
    )


def _grade(
    project: Project, version: RubricVersion, chunk: Sequence[dict], ids: Sequence[UUID]
) -> None:
    """The grades that each supporter turn has by construction, as ratings of a rater of that
    kind; they count as no person's."""
    if version.spec is None:
        raise ValueError("The demo's rubric is published.")
    turns = {
        (turn.dialogue_id, turn.position): turn.pk
        for turn in Turn.objects.filter(dialogue_id__in=ids, role=Turn.Role.SUPPORTER)
    }
    grades = [
        (turns[(dialogue, position)], turn["grades"])
        for row, dialogue in zip(chunk, ids, strict=True)
        for position, turn in enumerate(row["turns"])
        if turn["role"] == "supporter"
    ]
    targets = targets_for(project=project, turns=[turn for turn, _ in grades])
    rater = construction_rater(project=project, label="Grammar of the demo")
    submit_ratings(
        [
            NewRating(
                target,
                version.spec,
                rater,
                Rating.Purpose.CONSTRUCTION,
                [NewScore(UID_OF_GRADE[name], float(level)) for name, level in given.items()],
            )
            for target, (_, given) in zip(targets, grades, strict=True)
        ]
    )


def _collection(project: Project, lead: User) -> Collection:
    known = Collection.objects.filter(project=project, name="Demo dialogues").first()
    return known or collection_create(
        project=project, actor=lead, name="Demo dialogues", query=SetQuery(source=SOURCE)
    )


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
            name="First replies",
            version=version,
            snapshot=freeze(collection=collection, actor=lead, seed=3, limit=24),
            overlap=2,
            raters=annotators,
        )


def _judge(project: Project, lead: User, version: RubricVersion) -> None:
    """A judge fitted on the graded turns: queued here, fitted by the worker."""
    fit_start(
        project=project,
        actor=lead,
        key=LAST_STEP,
        version=version,
        judge_name="Learned judge",
        rater_kinds=[Rater.Kind.CONSTRUCTION],
    )
