"""What exports hold of training: rollouts, and preferences from them."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from operator import itemgetter
from typing import Any
from uuid import UUID

from django.db.models import QuerySet

from annotation.exports import registry
from annotation.exports.columns import (
    Chunk,
    Row,
    integer,
    messages,
    number,
    records,
    text,
)
from annotation.exports.reading import in_chunks
from annotation.exports.registry import Filters, Table
from annotation.exports.texts import as_id
from annotation.generation.prompts import prompt_messages
from annotation.models import Target
from annotation.ratings.targets import contexts_of
from rubrics.core.spec import from_json
from rubrics.judging.spans import SPAN_NAMES
from training.access import TRAINERS, run_for
from training.hidden import visible_rollouts
from training.models import Rollout, TrainingRun
from webapp.accounts.access import Member
from webapp.errors import Refused
from webapp.ids import as_uuid
from webapp.text import whole_number

# Steps whose rollouts are held at once.
STEPS_READ = 20

_PLACE = ("training_runs", "Open a training run")

RUN_COLUMNS = (
    integer("training_run", "The number of the training run"),
    text("method", "sft or grpo"),
    text("judge", "The judge that scored, with its version"),
    text("judge_hash", "SHA-256 of that judge; a recorded run may have another than the project"),
    text(
        "recorded", "The day of a run that was recorded elsewhere; empty for a run of this studio"
    ),
    text("spec_hash", "SHA-256 of the rubric’s text that it scored by"),
)
PLACE_COLUMNS = (
    integer("step", "The training step"),
    text("prompt_id", "The prompt; replies with the same step and prompt are one group"),
)

ROLLOUT_COLUMNS = (
    *RUN_COLUMNS,
    *PLACE_COLUMNS,
    integer("index", "The reply’s place in its group, counted from 0"),
    text("prompt_emotion", "The emotion the prompt was written for"),
    text("prompt_tail", "What the seeker said last"),
    text("raw", "The reply as the model wrote it"),
    *(text(name, f"The reply’s {name} span, if all four spans are there") for name in SPAN_NAMES),
    number("format", "1 if all four spans are there, else 0"),
    number("emotion_match", "1 if the reply names the emotion; empty if that is not known"),
    number("rubric", "The rubric’s total, 0 to 1"),
    number("reward", "What training made larger, 0 to 1; empty if the judge failed"),
    number(
        "advantage",
        "How far the reward is from its group’s mean, in standard deviations; may be empty, too",
    ),
    records(
        "scores",
        "The judge’s scores",
        text("criterion_uid", "The criterion’s id"),
        text("criterion", "Its name"),
        text("status", "scored, not_applicable, failed or not_scored"),
        number("value", "The level"),
        text("rationale", "Why, in the judge’s words"),
    ),
    integer("cut", "The oldest exchanges that the judge did not read, for length"),
)
PREFERENCE_COLUMNS = (
    messages("prompt", "The supporter’s instruction and the turns before"),
    messages("chosen", "The reply with the highest reward of its group"),
    messages("rejected", "The reply with the lowest"),
    number("chosen_reward", "The reward of the chosen reply"),
    number("rejected_reward", "The reward of the rejected reply"),
    text("chosen_by", "Who chose: judge"),
    *RUN_COLUMNS,
    *PLACE_COLUMNS,
)


def register() -> None:
    registry.register(ROLLOUTS, PREFERENCES)


@dataclass(frozen=True)
class RolloutRows:
    run: TrainingRun
    rows: QuerySet[Rollout]
    about: str

    def count(self) -> int:
        return self.rows.count()

    def chunks(self) -> Iterator[Chunk]:
        names = {c.uid: c.name for c in from_json(self.run.spec.content).criteria}
        shared = _run_row(self.run)
        for found in in_chunks(self.rows):
            rows = [("", {**shared, **_rollout_row(row, names)}) for row in found]
            yield Chunk(len(found), rows)


@dataclass(frozen=True)
class PreferenceRows:
    run: TrainingRun
    rows: QuerySet[Rollout]
    about: str

    def count(self) -> int:
        return len(self._steps())

    def chunks(self) -> Iterator[Chunk]:
        shared, steps = _run_row(self.run), self._steps()
        for start in range(0, len(steps), STEPS_READ):
            read = steps[start : start + STEPS_READ]
            found = self.rows.filter(step__in=read).order_by("step", "prompt_id", "index")
            pairs = _pairs(list(found))
            prompts = _prompts(self.run, {best.prompt_id for best, _ in pairs})
            yield Chunk(
                len(read),
                [
                    ("", {**_pair_row(best, worst, prompts[best.prompt_id]), **shared})
                    for best, worst in pairs
                    if best.prompt_id in prompts
                ],
            )

    def _steps(self) -> list[int]:
        return list(self.rows.order_by("step").values_list("step", flat=True).distinct())


def _select_rollouts(member: Member, filters: Filters) -> RolloutRows:
    run = _run(member, filters)
    rows, about = visible_rollouts(run, member), f"The rollouts of {run}"
    if "step" in filters:
        step = whole_number(filters["step"])
        if step is None:
            raise Refused("A step must be a whole number.", code="step")
        rows, about = rows.filter(step=step), f"{about} at step {step}"
    return RolloutRows(run, rows, f"{about}.")


def _select_preferences(member: Member, filters: Filters) -> PreferenceRows:
    run = _run(member, filters)
    about = f"Pairs of replies from {run}, chosen by {run.scorer or 'no judge'}."
    return PreferenceRows(run, visible_rollouts(run, member), about)


def _run(member: Member, filters: Filters) -> TrainingRun:
    if "training_run" not in filters:
        raise Refused("Choose a training run. Its page has links to export.", code="run")
    return run_for(member, as_id(filters["training_run"]))


def _run_row(run: TrainingRun) -> Row:
    return {
        "training_run": run.number,
        "method": run.method,
        "judge": run.scorer,
        "judge_hash": run.scorer_hash,
        "recorded": run.recorded["date"] if run.recorded is not None else "",
        "spec_hash": run.spec.hash,
    }


def _rollout_row(row: Rollout, names: dict[str, str]) -> Row:
    spans = row.spans or {}
    return {
        "step": row.step,
        "prompt_id": row.prompt_id,
        "index": row.index,
        "prompt_emotion": row.emotion,
        "prompt_tail": row.prompt_tail,
        "raw": row.raw,
        **{name: spans.get(name) for name in SPAN_NAMES},
        "format": row.format,
        "emotion_match": row.emotion_match,
        "rubric": row.rubric,
        "reward": row.reward,
        "advantage": row.advantage,
        "scores": [
            {
                "criterion_uid": uid,
                "criterion": names.get(uid),
                "status": score.get("status"),
                "value": score.get("value"),
                "rationale": score.get("rationale"),
            }
            for uid, score in row.scores.items()
        ],
        "cut": row.cut,
    }


def _pairs(rollouts: Sequence[Rollout]) -> list[tuple[Rollout, Rollout]]:
    """The replies with the highest and the lowest reward of each group in which they differ; of
    equal ones the first."""
    groups: dict[tuple[int, str], list[tuple[float, Rollout]]] = defaultdict(list)
    for rollout in rollouts:
        if rollout.reward is not None:
            groups[rollout.step, rollout.prompt_id].append((rollout.reward, rollout))
    pairs = (
        (max(group, key=itemgetter(0)), min(group, key=itemgetter(0))) for group in groups.values()
    )
    return [(best, worst) for (most, best), (least, worst) in pairs if most > least]


def _prompts(run: TrainingRun, ids: set[str]) -> dict[str, list[dict[str, str]]]:
    """The messages that the model was given, by the prompt's id: the turn that a prompt came from
    is its target."""
    targets = list(Target.objects.filter(project=run.project_id, pk__in=_ids(ids)))
    prompts = {}
    for pk, context in contexts_of(targets).items():
        made = prompt_messages(context["profile"], context["situation"], context["history"])
        prompts[str(pk)] = [{"role": each["role"], "content": each["content"]} for each in made]
    return prompts


def _pair_row(best: Rollout, worst: Rollout, prompt: list[dict[str, str]]) -> dict[str, Any]:
    return {
        "prompt": prompt,
        "chosen": [{"role": "assistant", "content": best.raw}],
        "rejected": [{"role": "assistant", "content": worst.raw}],
        "chosen_reward": best.reward,
        "rejected_reward": worst.reward,
        "chosen_by": "judge",
        "step": best.step,
        "prompt_id": best.prompt_id,
    }


def _ids(texts: set[str]) -> list[UUID]:
    """Those of the texts that are ids."""
    return [pk for pk in map(as_uuid, texts) if pk is not None]


ROLLOUTS = Table(
    name="rollouts",
    title="Rollouts",
    row="A reply that was sampled in training, with its reward",
    unit="rollout",
    units="rollouts",
    roles=TRAINERS,
    columns=ROLLOUT_COLUMNS,
    select=_select_rollouts,
    filters=("training_run", "step"),
    place=_PLACE,
    notes=(
        "Replies to prompts that the person who made this export still had to rate are left out.",
    ),
)
PREFERENCES = Table(
    name="preferences",
    title="Preferences from rollouts",
    row="Two replies to one prompt: the one with the highest reward and the one with the lowest",
    unit="step",
    units="steps",
    roles=TRAINERS,
    columns=PREFERENCE_COLUMNS,
    select=_select_preferences,
    filters=("training_run",),
    place=_PLACE,
    notes=(
        "A judge chose, not a person: the chosen reply has the higher reward, which is made of the "
        "judge’s scores, the format check and the emotion.",
        "The columns `prompt`, `chosen` and `rejected` are TRL’s conversational preference format, "
        "as DPOTrainer reads it. Groups whose replies all have the same reward give no pair.",
        "Prompts that the person who made this export still had to rate give no pair.",
    ),
    empty="No group that you may see has replies with different rewards, so there is nothing to "
    "prefer.",
)
