"""The run's spec: RUN_DIR/spec.json as frozen dataclasses.

What is wrong is refused before anything starts, with the path of the field and the reason.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from rubrics.core import spec as rubric_spec
from rubrics.core.spec import RubricSpec, criterion_hash, spec_hash
from rubrics.judging.llm import LLMParameters
from training.checkpoints.limits import causal_of
from training.trainer.files import sha256_of
from training.trainer.strict import ConfigError, bounded, read
from webapp.llm.limits import CONCURRENCY, TIMEOUT_S

SPEC_FORMAT = 1


@dataclass(frozen=True)
class ModelSection:
    """`path` is a model folder, absolute or relative to the run folder."""

    path: str


@dataclass(frozen=True)
class DataHashes:
    """sha256, in hex, of each file."""

    train: str
    held_out: str
    validation: str | None = None
    seeker: str | None = None


@dataclass(frozen=True)
class DataSection:
    """JSON-lines files, relative to the run folder. SFT shows its loss on `validation`, and learns
    from the messages of `seeker` too where there is one."""

    train: str
    held_out: str
    hash: DataHashes
    validation: str | None = None
    seeker: str | None = None


@dataclass(frozen=True)
class LearnedJudgeConfig:
    """A fitted judge: a folder, relative to the run folder, and its `artefact_hash` if given."""

    kind: Literal["learned"]
    path: str
    hash: str | None = None


@dataclass(frozen=True)
class LlmJudgeConfig:
    """A model behind chat completions. Its key comes on the secrets descriptor."""

    kind: Literal["llm"]
    base_url: str
    model: str
    parameters: LLMParameters = LLMParameters()
    max_concurrency: int = bounded(CONCURRENCY.default, least=CONCURRENCY.least)
    timeout_s: float = bounded(float(TIMEOUT_S.default), above=0)
    allow_loopback: bool = False
    # Private hosts that the studio's administrator permits: names, host:port or networks.
    allowed_hosts: list = field(default_factory=list)


@dataclass(frozen=True)
class RewardSection:
    """Weights of the parts, and the share of failed judgements in a step that stops the run."""

    format: float = bounded(1 / 3, least=0)
    emotion: float = bounded(1 / 3, least=0)
    rubric: float = bounded(1 / 3, least=0)
    max_failure_share: float = bounded(0.3, least=0, most=1)


@dataclass(frozen=True)
class LoraSection:
    """Train small adapters on all linear layers in place of all weights (Hu et al. 2021,
    arXiv 2106.09685). Checkpoints hold the whole model, with the adapters merged."""

    rank: int = bounded(16, least=1)
    alpha: int = bounded(32, least=1)
    dropout: float = bounded(0.0, least=0, most=0.9)


@dataclass(frozen=True)
class GrpoSection:
    """GRPO as TRL names it; the defaults are measured on a tiny model and a CPU.

    `micro_batch` is how many replies are held in memory at once for the gradient; None: those of
    a whole step."""

    steps: int = bounded(60, least=1)
    prompts_per_step: int = bounded(4, least=1)
    rollouts_per_prompt: int = bounded(8, least=2)
    learning_rate: float = bounded(2e-4, above=0)
    beta: float = bounded(0.02, least=0)
    loss_type: Literal["grpo", "bnpo", "dr_grpo", "dapo"] = "dapo"
    epsilon: float = bounded(0.2, above=0)
    epsilon_high: float = bounded(0.28, above=0)
    max_completion_tokens: int = bounded(160, least=1)
    temperature: float = bounded(1.0, above=0)
    save_every: int = bounded(20, least=1)
    micro_batch: int | None = bounded(None, least=1)

    @property
    def batch_size(self) -> int:
        """Replies in a step."""
        return self.prompts_per_step * self.rollouts_per_prompt


@dataclass(frozen=True)
class SftSection:
    """Supervised fine-tuning on the completions of the training rows. The loss on the validation
    rows is computed every `validate_every` steps; `micro_batch` as in GRPO. With `both_roles`, it
    imitates the seeker's messages as well: a step then has `batch_size` replies and dialogues."""

    steps: int = bounded(200, least=1)
    batch_size: int = bounded(16, least=1)
    learning_rate: float = bounded(1e-4, above=0)
    max_completion_tokens: int = bounded(160, least=1)
    save_every: int = bounded(50, least=1)
    validate_every: int = bounded(10, least=1)
    micro_batch: int | None = bounded(None, least=1)
    both_roles: bool = False


@dataclass(frozen=True)
class _File:
    """spec.json as it is written."""

    spec_format: int
    method: Literal["sft", "grpo"]
    model: ModelSection
    data: DataSection
    rubric: dict
    judge: dict | None = None
    seed: int = bounded(0, least=0)
    rubric_hash: str | None = None
    reward: RewardSection = RewardSection()
    grpo: GrpoSection = GrpoSection()
    sft: SftSection = SftSection()
    lora: LoraSection | None = None


@dataclass(frozen=True)
class RunSpec:
    """Everything that a run needs, checked, with paths that can be opened."""

    method: Literal["sft", "grpo"]
    model: Path
    train: Path
    held_out: Path
    rubric: RubricSpec
    judge: LearnedJudgeConfig | LlmJudgeConfig | None
    reward: RewardSection
    grpo: GrpoSection
    sft: SftSection
    seed: int
    lora: LoraSection | None
    validation: Path | None
    seeker: Path | None

    @property
    def settings(self) -> GrpoSection | SftSection:
        """The settings of the method that runs."""
        return self.grpo if self.method == "grpo" else self.sft


def read_spec(run_dir: Path) -> RunSpec:
    """The spec of a run folder. Raises ConfigError."""
    file = read(_File, _json(run_dir / "spec.json"), "")
    if file.spec_format != SPEC_FORMAT:
        raise ConfigError("spec_format", f"This version reads spec_format {SPEC_FORMAT} only.")
    reward = file.reward
    if reward.format + reward.emotion + reward.rubric == 0:
        raise ConfigError("reward", "All weights are zero, so there is nothing to learn.")
    _require_micro_batch(file)
    if file.method == "grpo" and file.judge is None:
        raise ConfigError("judge", "GRPO needs a judge. Only SFT does without one.")
    if file.method == "sft" and file.sft.both_roles and not file.data.seeker:
        raise ConfigError("data.seeker", "SFT of both roles needs messages of the seeker.")
    rubric = _rubric(file.rubric, file.rubric_hash)
    return RunSpec(
        method=file.method,
        model=_model(run_dir / file.model.path),
        train=_data_file(run_dir, file.data, "train"),
        held_out=_data_file(run_dir, file.data, "held_out"),
        validation=_data_file(run_dir, file.data, "validation") if file.data.validation else None,
        seeker=_data_file(run_dir, file.data, "seeker") if file.data.seeker else None,
        rubric=rubric,
        judge=_judge(file.judge, rubric, run_dir) if file.judge is not None else None,
        reward=reward,
        grpo=file.grpo,
        sft=file.sft,
        seed=file.seed,
        lora=file.lora,
    )


def _require_micro_batch(file: _File) -> None:
    for name, section in (("grpo", file.grpo), ("sft", file.sft)):
        micro = section.micro_batch
        if micro is not None and section.batch_size % micro:
            reason = f"A step has {section.batch_size} replies, which {micro} does not divide."
            raise ConfigError(f"{name}.micro_batch", reason)


def _json(path: Path) -> Any:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ConfigError("", f"The run folder has no {path.name}.") from None
    except (OSError, ValueError, RecursionError) as error:
        raise ConfigError("", f"{path.name} can't be read as JSON: {error}") from None


def _rubric(data: Mapping, named_hash: str | None) -> RubricSpec:
    if not named_hash:
        raise ConfigError("rubric_hash", "The rubric's hash is missing.")
    try:
        rubric = rubric_spec.from_json(data)
    except rubric_spec.SpecError as error:
        path = f"rubric.{error.path}" if error.path else "rubric"
        raise ConfigError(path, error.explanation) from None
    if spec_hash(rubric) != named_hash:
        raise ConfigError("rubric_hash", "The rubric does not match this hash.")
    if problems := rubric_spec.validate(rubric):
        raise ConfigError(f"rubric.{problems[0].path}", problems[0].message)
    if rubric.target != "turn":
        raise ConfigError("rubric.target", "Training needs a rubric that rates turns.")
    return rubric


def _model(folder: Path) -> Path:
    if not folder.is_dir():
        raise ConfigError("model.path", f"There is no model folder at {folder}.")
    try:
        architectures = json.loads((folder / "config.json").read_text())["architectures"]
    except (OSError, ValueError, KeyError, TypeError):
        raise ConfigError("model.path", f"{folder} has no config.json for a model.") from None
    if causal_of(architectures) is None:
        raise ConfigError("model.path", f"{folder} is not a causal language model.")
    if not list(folder.glob("*.safetensors")):
        raise ConfigError("model.path", f"{folder} has no safetensors weights.")
    return folder


def _data_file(
    run_dir: Path, data: DataSection, name: Literal["train", "held_out", "validation", "seeker"]
) -> Path:
    file = run_dir / getattr(data, name)
    if not file.is_file():
        raise ConfigError(f"data.{name}", f"There is no file {getattr(data, name)}.")
    if sha256_of(file) != getattr(data.hash, name):
        raise ConfigError(f"data.hash.{name}", "The file does not match this sha256.")
    return file


def _judge(data: Mapping, rubric: RubricSpec, run_dir: Path) -> LearnedJudgeConfig | LlmJudgeConfig:
    if data.get("kind") == "llm":
        return read(LlmJudgeConfig, data, "judge")
    # Imported for the one judge that needs it: the studio reads the settings' defaults from
    # this module, and would load scikit-learn with each start.
    from rubrics.judging.artefact import ArtefactError, artefact_hash, load

    judge = read(LearnedJudgeConfig, data, "judge")
    folder = run_dir / judge.path
    try:
        fitted_on = load(folder).fitted_on
        if judge.hash not in (None, artefact_hash(folder)):
            raise ConfigError("judge.hash", "The judge's files do not match this hash.")
    except ArtefactError as error:
        raise ConfigError("judge.path", str(error)) from None
    for criterion in rubric.judge_criteria:
        if fitted_on.get(criterion.uid) != criterion_hash(criterion):
            reason = f"The judge was not fitted on this wording of “{criterion.name}”."
            raise ConfigError("judge.path", reason)
    return judge
