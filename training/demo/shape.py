"""What the files of a recorded run consist of: the fields of each, and the names in them. Pure."""

from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, fields
from datetime import date
from typing import Any, Literal

from training.trainer.config import GrpoSection, LoraSection, RewardSection

MOST_OF_MACHINE = 200
# The numbers of a step of GRPO as the trainer calls them. Each criterion of the rubric has one
# more, its mean score.
VALUES = frozenset(
    (
        "loss", "reward", "reward_std", "format", "emotion", "rubric", "kl", "entropy", "length",
        "clipped_ratio", "frac_reward_zero_std", "grad_norm", "learning_rate", "step_time_s",
        "groups_skipped", "judge_failures",
    )
)  # fmt: skip
CRITERION = "criterion/"


class RecordingBroken(ValueError):
    """A recording that can't be used; the message says in which file and why."""


@dataclass(frozen=True)
class About:
    """`machine` is one line of words; `date` is the day on which the run ended, as 2026-12-31;
    `took_s` is how long it trained, in seconds, without the time between two attempts."""

    recording_format: int
    machine: str
    date: str
    took_s: float

    def __post_init__(self) -> None:
        date.fromisoformat(self.date)
        if not 0 < len(self.machine) <= MOST_OF_MACHINE or not self.machine.isprintable():
            raise RecordingBroken(
                f"Describe the machine in one line of 1 to {MOST_OF_MACHINE} characters."
            )


@dataclass(frozen=True)
class Prompt:
    """A turn of the written corpus, and the hash of what the model reads for it."""

    id: str
    sha256: str

    @property
    def dialogue(self) -> str:
        return self.id.rpartition("/")[0]

    @property
    def turn(self) -> int:
        """Its place in the dialogue, counted from 0."""
        return int(self.id.rpartition("/")[2])


@dataclass(frozen=True)
class ModelFolder:
    """The folder of a small language model: its name says what the model is made of."""

    folder: str


@dataclass(frozen=True)
class Prompts:
    """Prompts in the order of the run's data."""

    train: list
    held_out: list


@dataclass(frozen=True)
class FittedJudge:
    kind: Literal["learned"]
    hash: str


@dataclass(frozen=True)
class RecordedSpec:
    """The spec of the run, with places of the corpus in the place of data files."""

    spec_format: int
    method: Literal["grpo"]
    model: ModelFolder
    data: Prompts
    rubric: dict
    rubric_hash: str
    judge: FittedJudge
    reward: RewardSection
    grpo: GrpoSection
    seed: int
    lora: LoraSection | None = None


@dataclass(frozen=True)
class Started:
    seq: int
    at: str
    type: Literal["started"]
    attempt: int
    resumed_from_step: int
    steps_total: int


@dataclass(frozen=True)
class Metrics:
    seq: int
    at: str
    type: Literal["metrics"]
    step: int
    values: dict


@dataclass(frozen=True)
class Rollouts:
    seq: int
    at: str
    type: Literal["rollouts"]
    step: int
    groups: list


@dataclass(frozen=True)
class Group:
    prompt_id: str
    emotion: str
    prompt_tail: str
    rollouts: list


@dataclass(frozen=True)
class Reply:
    index: int
    raw: str
    spans: dict | None
    format: float
    emotion: float | None
    scores: dict
    rubric: float | None
    reward: float | None
    advantage: float | None
    cut: int = 0


@dataclass(frozen=True)
class Score:
    status: Literal["scored", "not_applicable", "failed", "not_scored"]
    value: float | None
    rationale: str


@dataclass(frozen=True)
class Finished:
    seq: int
    at: str
    type: Literal["finished"]
    step: int


# The events that a recording keeps. Others tell of the machine, or of weights that are not kept.
KINDS: Mapping[str, type] = {
    "started": Started,
    "metrics": Metrics,
    "rollouts": Rollouts,
    "finished": Finished,
}


def value_names(criteria: AbstractSet[str]) -> AbstractSet[str]:
    """The numbers of a step that a recording keeps, for a rubric with these criteria (uids)."""
    return VALUES | {f"{CRITERION}{uid}" for uid in criteria}


def kept_fields(kind: type, given: Mapping[str, Any]) -> dict[str, Any]:
    """What of `given` the dataclass `kind` has a field for."""
    return {each.name: given[each.name] for each in fields(kind) if each.name in given}
