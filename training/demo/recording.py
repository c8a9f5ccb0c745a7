"""A recorded GRPO run as files: `about.json`, `spec.json` and `events.jsonl`. Pure.

The files are kept in the repository, so they hold nothing of the machine but its description, and
no weights. A prompt is called by its place in the written corpus: "d001/3" is the fourth turn of
the dialogue d001. In a database it has an id of its own.
"""

import hashlib
import json
import shutil
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from datetime import date
from pathlib import Path
from typing import Any, Literal

from annotation.formats.hashing import sha256_json
from rubrics.judging.spans import SPAN_NAMES
from training.trainer.config import GrpoSection, LoraSection, RewardSection
from training.trainer.strict import ConfigError, read

# The recording of the demo. Where there is none, the demo has no recorded run.
FOLDER = Path(__file__).parent / "recorded"
ABOUT, SPEC, EVENTS = "about.json", "spec.json", "events.jsonl"
RECORDING_FORMAT = 1
# The repository is no place for more.
MOST_BYTES = 4_000_000


class RecordingBroken(ValueError):
    """A recording that can't be used; the message says in which file and why."""


@dataclass(frozen=True)
class About:
    """`date` is the day on which the run ended, as 2026-12-31; `took_s` is how long it trained, in
    seconds, without the time between two attempts."""

    recording_format: int
    machine: str
    date: str
    took_s: float
    versions: dict

    def __post_init__(self) -> None:
        date.fromisoformat(self.date)


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


@dataclass(frozen=True)
class Recording:
    """`spec` is spec.json as it is written, `events` the lines of events.jsonl."""

    about: About
    spec: Mapping[str, Any]
    events: Sequence[Mapping[str, Any]]

    @property
    def train(self) -> list[Prompt]:
        return [Prompt(**prompt) for prompt in self.spec["data"]["train"]]

    @property
    def held_out(self) -> list[Prompt]:
        return [Prompt(**prompt) for prompt in self.spec["data"]["held_out"]]

    @property
    def base_folder(self) -> str:
        return str(self.spec["model"]["folder"])

    @property
    def settings(self) -> dict[str, Any]:
        """As a run's row keeps them."""
        names = ("grpo", "reward", "seed", "lora")
        return {name: self.spec[name] for name in names if name in self.spec}

    @property
    def sha256(self) -> str:
        """Of everything that a replay reads."""
        digest = hashlib.sha256(_json_text(self.spec).encode())
        digest.update(_lines(self.events))
        return digest.hexdigest()


def prompt_hash(context: Mapping[str, Any]) -> str:
    """sha256 (hex) of what a model reads of a context before it answers."""
    return sha256_json({name: context[name] for name in ("profile", "situation", "history")})


def require_sound(recording: Recording) -> Recording:
    """The recording. Raises RecordingBroken where a replay would trip over it."""
    if recording.about.recording_format != RECORDING_FORMAT:
        raise RecordingBroken(f"{ABOUT}: This version reads format {RECORDING_FORMAT} only.")
    try:
        spec = read(RecordedSpec, recording.spec, SPEC)
        prompts, _ = _ids(spec.data.train), _ids(spec.data.held_out)
        for number, event in enumerate(recording.events, start=1):
            _require_event(event, prompts, spec.grpo.steps, f"{EVENTS}[line {number}]")
    except ConfigError as error:
        raise RecordingBroken(str(error)) from None
    last = recording.events[-1] if recording.events else {}
    if last.get("type") != "finished" or last["step"] != spec.grpo.steps:
        raise RecordingBroken(f"{EVENTS}: The run did not finish.")
    return recording


def _ids(prompts: Sequence[Any]) -> set[str]:
    """Raises ConfigError for what is no prompt."""
    known = [read(Prompt, prompt, f"{SPEC}.data") for prompt in prompts]
    for prompt in known:
        if not prompt.dialogue or not prompt.id.rpartition("/")[2].isdecimal():
            raise ConfigError(f"{SPEC}.data", f"“{prompt.id}” is no place in the corpus.")
    return {prompt.id for prompt in known}


def _require_event(event: Mapping[str, Any], prompts: set[str], steps: int, where: str) -> None:
    """Raises ConfigError."""
    kind = KINDS.get(str(event.get("type"))) if isinstance(event, Mapping) else None
    if kind is None:
        raise ConfigError(where, "This is no event of a recording.")
    read(kind, event, where)
    if not 0 <= event.get("step", 0) <= steps:
        raise ConfigError(where, f"The run has no step {event['step']}.")
    for at, group in enumerate(event.get("groups", [])):
        inside = f"{where}.groups[{at}]"
        if read(Group, group, inside).prompt_id not in prompts:
            raise ConfigError(inside, f"{SPEC} does not have the prompt “{group['prompt_id']}”.")
        for reply in group["rollouts"]:
            spans = read(Reply, reply, f"{inside}.rollouts").spans
            if spans is not None and set(spans) != set(SPAN_NAMES):
                raise ConfigError(f"{inside}.rollouts", "The four spans were expected.")


def load(folder: Path | None = None) -> Recording | None:
    """The recording of a folder, FOLDER where none is named; None where there is none. Raises
    RecordingBroken."""
    folder = folder or FOLDER
    if not folder.exists():
        return None
    try:
        about = read(About, json.loads((folder / ABOUT).read_text(encoding="utf-8")), ABOUT)
        spec = json.loads((folder / SPEC).read_text(encoding="utf-8"))
        events = list(read_lines(folder / EVENTS))
    except (OSError, ValueError, RecursionError) as error:
        raise RecordingBroken(f"The recording can’t be read. {error}") from None
    return require_sound(Recording(about, spec, events))


def save(recording: Recording, folder: Path | None = None) -> int:
    """Write a sound recording in the place of the one before; returns the bytes of its events.
    Raises RecordingBroken for one that is too large."""
    folder = folder or FOLDER
    lines = _lines(require_sound(recording).events)
    if len(lines) > MOST_BYTES:
        raise RecordingBroken(
            f"The recording has {len(lines) / 1e6:.1f} MB, but at most {MOST_BYTES / 1e6:.0f} MB "
            "go into the repository. Record a run with fewer steps or replies."
        )
    draft = folder.with_name(f"{folder.name}.part")
    shutil.rmtree(draft, ignore_errors=True)
    draft.mkdir(parents=True)
    (draft / ABOUT).write_text(_json_text(asdict(recording.about)), encoding="utf-8")
    (draft / SPEC).write_text(_json_text(recording.spec), encoding="utf-8")
    (draft / EVENTS).write_bytes(lines)
    shutil.rmtree(folder, ignore_errors=True)
    draft.rename(folder)
    return len(lines)


def read_lines(path: Path) -> Iterator[dict[str, Any]]:
    """The events of a file, one JSON object a line. Raises ValueError."""
    with path.open("rb") as file:
        yield from (json.loads(line) for line in file)


def kept_fields(kind: type, given: Mapping[str, Any]) -> dict[str, Any]:
    """What of `given` the dataclass `kind` has a field for."""
    return {each.name: given[each.name] for each in fields(kind) if each.name in given}


def _json_text(value: Any) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False, sort_keys=True) + "\n"


def _lines(events: Sequence[Mapping[str, Any]]) -> bytes:
    return b"".join(json.dumps(event, ensure_ascii=False).encode() + b"\n" for event in events)
