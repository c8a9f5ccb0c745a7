"""Start trials of a draft: freeze its text, name the texts, wake a worker on commit."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from django.db import transaction

from annotation.impact import sampling
from annotation.impact.limits import MAX_HISTORY, MAX_PASTED, MAX_TRIED, SIZE
from annotation.models import ImpactItem, ImpactRun, PlaygroundItem, PlaygroundRun, Target
from annotation.ratings.blindness import blind_among
from annotation.ratings.targets import context_of, targets_for, text_target
from rubrics.judges.queries import require_usable
from rubrics.models import Judge, RubricVersion, Spec
from rubrics.queries import published_before, text_of
from rubrics.versions.services import freeze_spec
from rubrics.writing.services import lock_version
from webapp.accounts.access import require_open
from webapp.accounts.models import Project, User
from webapp.errors import Refused
from webapp.limits import SEED
from webapp.runs import services as runs
from webapp.runs.models import Status
from webapp.text import storable

# What a person may have in the playground at once, so that a storm of clicks fills no queue.
MAX_OPEN_TRIES = 2
# Previews of one project that may wait or work at once.
MAX_OPEN_PREVIEWS = 3

OPEN = (Status.PENDING, Status.RUNNING)


class TooMany(Refused):
    """What was asked for before is still under way."""

    status = 429


@dataclass(frozen=True)
class Pasted:
    """A reply that is no turn of the project. `after` is the turn in whose place it stands;
    without one, `situation` and `history` ({"role", "text"}, oldest first) say what came before."""

    raw: str
    after: UUID | None = None
    situation: str = ""
    history: Sequence[Mapping[str, str]] = ()


def playground_start(
    *,
    version: RubricVersion,
    actor: User,
    key: str,
    judge: Judge,
    turns: Sequence[UUID] = (),
    dialogues: Sequence[UUID] = (),
    pasted: Pasted | None = None,
) -> PlaygroundRun:
    """Score these texts by the version's text as it is in the database now.

    The same `key` is the same run. Raises TooMany where this person's tries of the draft are
    still being scored, and Refused for no text, too much, or one that they still rate blind.
    """
    project = version.project
    require_open(project)
    with transaction.atomic():
        known = runs.started_before(PlaygroundRun, project=project, key=key)
        if known is not None:
            return known
        require_usable(judge)
        # Locked, so that the text is whole, and of two who click at once one waits.
        locked = lock_version(version)
        _require_few_tries(locked, actor)
        after = freeze_spec(project=project, content=text_of(locked))
        targets = _chosen(project, actor, after, turns, dialogues, pasted)
        base = published_before(locked)
        run = runs.start(
            PlaygroundRun,
            project=project,
            actor=actor,
            key=key,
            version=locked,
            judge=judge,
            after=after,
            before=base.spec if base else None,
        )
        PlaygroundItem.objects.bulk_create(
            PlaygroundItem(project=project, run=run, position=position, target=target)
            for position, target in enumerate(targets)
        )
    return run


def impact_start(
    *,
    version: RubricVersion,
    actor: User,
    key: str,
    judge: Judge,
    sample: str,
    size: int = SIZE.default,
    seed: int = SEED.default,
) -> ImpactRun:
    """Score a sample by the draft and by the version published before it. `sample` is a key of
    `sampling.choices_for`. The same `key` is the same run.

    Raises Refused without a published version, for an empty sample or texts of another kind.
    """
    project = version.project
    require_open(project)
    with transaction.atomic():
        known = runs.started_before(ImpactRun, project=project, key=key)
        if known is not None:
            return known
        require_usable(judge)
        locked = lock_version(version)
        base = published_before(locked)
        if base is None or base.spec is None:
            raise Refused(
                "No version of this rubric is published yet, so there is nothing to compare with.",
                code="no_base",
            )
        open_ones = ImpactRun.objects.filter(project=project, status__in=OPEN)
        if open_ones.count() >= MAX_OPEN_PREVIEWS:
            raise TooMany(
                f"{MAX_OPEN_PREVIEWS} previews are already running. Wait for one, or stop it.",
                code="too_many_open",
            )
        after = freeze_spec(project=project, content=text_of(locked))
        label, targets = _sample(locked, after, sample, size, seed)
        run = runs.start(
            ImpactRun,
            project=project,
            actor=actor,
            key=key,
            version=locked,
            judge=judge,
            after=after,
            before=base.spec,
            base=base,
            sample=label,
            seed=seed,
        )
        groups = sampling.group_keys(targets)
        ImpactItem.objects.bulk_create(
            ImpactItem(
                project=project,
                run=run,
                position=position,
                target=target,
                group=groups[target.pk],
            )
            for position, target in enumerate(targets)
        )
    return run


def _require_few_tries(version: RubricVersion, actor: User) -> None:
    under_way = PlaygroundRun.objects.filter(version=version, created_by=actor, status__in=OPEN)
    if under_way.count() >= MAX_OPEN_TRIES:
        raise TooMany(
            "Your last trials are still being scored. Try again when they are done.",
            code="too_many_open",
        )


def _chosen(
    project: Project,
    actor: User,
    spec: Spec,
    turns: Sequence[UUID],
    dialogues: Sequence[UUID],
    pasted: Pasted | None,
) -> list[Target]:
    wants_dialogues = spec.content["target"] == "dialogue"
    if wants_dialogues and (turns or pasted) or not wants_dialogues and dialogues:
        raise Refused(
            "This rubric rates whole dialogues. Choose dialogues from the project."
            if wants_dialogues
            else "This rubric rates single replies. Choose turns, or paste a reply.",
            code="target_kind",
        )
    if not turns and not dialogues and pasted is None:
        raise Refused("Choose a text from the project, or paste a reply.", code="no_text")
    if len(turns) + len(dialogues) > MAX_TRIED:
        raise Refused(f"You can try at most {MAX_TRIED} texts at once.", code="too_many_texts")
    chosen = targets_for(
        project=project, turns=dict.fromkeys(turns), dialogues=dict.fromkeys(dialogues)
    )
    if pasted is not None:
        chosen = [_pasted_target(project, pasted), *chosen]
    if blind_among(actor, project, [target.pk for target in chosen]):
        raise Refused(
            "You still have to rate one of these texts yourself, so its judge score is hidden. "
            "Remove it.",
            code="blind",
        )
    return list({target.pk: target for target in chosen}.values())


def _pasted_target(project: Project, pasted: Pasted) -> Target:
    if not pasted.raw.strip():
        raise Refused("The reply is empty.", code="empty_paste")
    said = sum(len(turn["text"]) for turn in pasted.history)
    longest = max(len(pasted.raw), len(pasted.situation), said)
    if len(pasted.history) > MAX_HISTORY:
        raise Refused(f"At most {MAX_HISTORY} turns can come before a reply.", code="too_long")
    if longest > MAX_PASTED:
        raise Refused(
            f"At most {MAX_PASTED:,} characters can be scored at once; this has {longest:,}. "
            "Nothing was changed.",
            code="too_long",
        )
    if pasted.after is None:
        return text_target(
            project=project,
            profile="",
            situation=storable(pasted.situation),
            history=[
                {"role": turn["role"], "text": storable(turn["text"])} for turn in pasted.history
            ],
            raw=storable(pasted.raw),
        )
    context = context_of(targets_for(project=project, turns=[pasted.after])[0])
    return text_target(
        project=project,
        profile=context["profile"],
        situation=context["situation"],
        history=context["history"],
        raw=storable(pasted.raw),
    )


def _sample(
    version: RubricVersion, spec: Spec, key: str, size: int, seed: int
) -> tuple[str, list[Target]]:
    """The sample's name and its texts, which the rubric rates."""
    SIZE.require(size)
    SEED.require(seed)
    offered = dict(sampling.choices_for(version.project, version))
    if key not in offered:
        raise Refused("This sample is not in the project.", code="unknown_sample")
    drawn = sampling.draw(version.project, version, key, limit=size, seed=seed)
    kinds = sampling.kinds_for(str(spec.content["target"]))
    targets = [target for target in drawn if target.kind in kinds]
    if not targets:
        raise Refused("This sample has no texts that this rubric can rate.", code="empty")
    return offered[key], targets
