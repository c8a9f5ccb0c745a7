"""A recorded GRPO run as files: `about.json`, `spec.json` and `events.jsonl`. Pure.

The files are kept in the repository, so they hold nothing of the machine but its description, and
no weights. A prompt is called by its place in the written corpus: "d001/3" is the fourth turn of
the dialogue d001. In a database it has an id of its own.
"""

import hashlib
import json
import shutil
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import asdict, dataclass
from functools import cache, cached_property
from pathlib import Path
from typing import Any

from annotation.formats.hashing import sha256_json
from rubrics.core.spec import SpecError, from_json
from rubrics.judging.spans import SPAN_NAMES
from training.demo.shape import (
    KINDS,
    About,
    Group,
    Prompt,
    RecordedSpec,
    RecordingBroken,
    Reply,
    Score,
    value_names,
)
from training.trainer.strict import ConfigError, read

# The recording of the demo. Where there is none, the demo has no recorded run.
FOLDER = Path(__file__).parent / "recorded"
ABOUT, SPEC, EVENTS = "about.json", "spec.json", "events.jsonl"
RECORDING_FORMAT = 1
# The repository is no place for more.
MOST_BYTES = 4_000_000


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
    def judge_hash(self) -> str:
        """Of the files of the judge that scored the replies."""
        return str(self.spec["judge"]["hash"])

    @property
    def settings(self) -> dict[str, Any]:
        """As a run's row keeps them."""
        names = ("grpo", "reward", "seed", "lora")
        return {name: self.spec[name] for name in names if name in self.spec}

    @cached_property
    def sha256(self) -> str:
        """Of everything that a replay reads."""
        digest = hashlib.sha256(_json_text(self.spec).encode())
        digest.update(_lines(self.events))
        return digest.hexdigest()


def prompt_hash(context: Mapping[str, Any]) -> str:
    """sha256 (hex) of what a model reads of a context before it answers."""
    return sha256_json({name: context[name] for name in ("profile", "situation", "history")})


def require_sound(recording: Recording) -> Recording:
    """The recording. Raises RecordingBroken where a replay would trip over it, and for names that
    the trainer does not write."""
    if recording.about.recording_format != RECORDING_FORMAT:
        raise RecordingBroken(f"{ABOUT}: This version reads format {RECORDING_FORMAT} only.")
    try:
        spec = read(RecordedSpec, recording.spec, SPEC)
        known = _known(spec)
        for number, event in enumerate(recording.events, start=1):
            _require_event(event, known, f"{EVENTS}[line {number}]")
    except ConfigError as error:
        raise RecordingBroken(str(error)) from None
    last = recording.events[-1] if recording.events else {}
    if last.get("type") != "finished" or last["step"] != spec.grpo.steps:
        raise RecordingBroken(f"{EVENTS}: The run did not finish.")
    return recording


@dataclass(frozen=True)
class _Known:
    """What events may name: prompts by id, criteria by uid, and steps up to `steps`."""

    prompts: AbstractSet[str]
    criteria: AbstractSet[str]
    steps: int


def criteria_of(rubric: Mapping[str, Any]) -> AbstractSet[str]:
    """The uids of a rubric's criteria. Raises ConfigError for what is no rubric."""
    try:
        return {criterion.uid for criterion in from_json(rubric).criteria}
    except SpecError as error:
        raise ConfigError(f"{SPEC}.rubric", str(error)) from None


def _known(spec: RecordedSpec) -> _Known:
    """Raises ConfigError for what is no prompt, and for one that is named twice."""
    rows = [*spec.data.train, *spec.data.held_out]
    prompts = [read(Prompt, prompt, f"{SPEC}.data") for prompt in rows]
    for prompt in prompts:
        if not prompt.dialogue or not prompt.id.rpartition("/")[2].isdecimal():
            raise ConfigError(f"{SPEC}.data", f"“{prompt.id}” is no place in the corpus.")
    ids = Counter(prompt.id for prompt in prompts)
    [(most, times)] = ids.most_common(1) or [("", 0)]
    if times > 1:
        raise ConfigError(f"{SPEC}.data", f"The prompt “{most}” is named twice.")
    train = frozenset(prompt.id for prompt in prompts[: len(spec.data.train)])
    return _Known(train, criteria_of(spec.rubric), spec.grpo.steps)


def _require_event(event: Mapping[str, Any], known: _Known, where: str) -> None:
    """Raises ConfigError."""
    kind = KINDS.get(str(event.get("type"))) if isinstance(event, Mapping) else None
    if kind is None:
        raise ConfigError(where, "This is no event of a recording.")
    read(kind, event, where)
    if not 0 <= event.get("step", 0) <= known.steps:
        raise ConfigError(where, f"The run has no step {event['step']}.")
    _require_values(event.get("values", {}), known, f"{where}.values")
    for at, group in enumerate(event.get("groups", [])):
        inside = f"{where}.groups[{at}]"
        if read(Group, group, inside).prompt_id not in known.prompts:
            raise ConfigError(inside, f"{SPEC} does not have the prompt “{group['prompt_id']}”.")
        for reply in group["rollouts"]:
            _require_reply(reply, known, f"{inside}.rollouts")


def _require_values(values: Mapping[str, Any], known: _Known, where: str) -> None:
    """Raises ConfigError."""
    _require_names(values, value_names(known.criteria), where)
    for name, value in values.items():
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise ConfigError(f"{where}.{name}", "A number was expected.")


def _require_reply(reply: Mapping[str, Any], known: _Known, where: str) -> None:
    """Raises ConfigError."""
    told = read(Reply, reply, where)
    if told.spans is not None and set(told.spans) != set(SPAN_NAMES):
        raise ConfigError(where, "The four spans were expected.")
    _require_names(told.scores, known.criteria, f"{where}.scores")
    for uid, score in told.scores.items():
        read(Score, score, f"{where}.scores.{uid}")


def _require_names(given: Mapping[str, Any], known: AbstractSet[str], where: str) -> None:
    """Raises ConfigError."""
    if unknown := sorted(set(given) - known):
        raise ConfigError(f"{where}.{unknown[0]}", "This field is unknown.")


def kept() -> Recording | None:
    """The recording of the repository. A process reads it once: it changes with an update only.
    Raises RecordingBroken."""
    return _read_once(FOLDER)


@cache
def _read_once(folder: Path) -> Recording | None:
    return load(folder)


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
    """Write a sound recording in the place of the one before, which stays until the new one is
    whole; returns the bytes of its events. Raises RecordingBroken for one that is too large."""
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
    _put_in_place(draft, folder)
    _read_once.cache_clear()
    return len(lines)


def _put_in_place(draft: Path, folder: Path) -> None:
    """Rename the folder `draft`. If that fails, the folder before is back in its place."""
    before = folder.with_name(f"{folder.name}.before")
    if folder.exists():
        shutil.rmtree(before, ignore_errors=True)
        folder.rename(before)
    try:
        draft.rename(folder)
    except OSError:
        if before.exists():
            before.rename(folder)
        raise
    shutil.rmtree(before, ignore_errors=True)


def read_lines(path: Path) -> Iterator[dict[str, Any]]:
    """The events of a file, one JSON object a line. Raises ValueError."""
    with path.open("rb") as file:
        yield from (json.loads(line) for line in file)


def _json_text(value: Any) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False, sort_keys=True) + "\n"


def _lines(events: Sequence[Mapping[str, Any]]) -> bytes:
    return b"".join(json.dumps(event, ensure_ascii=False).encode() + b"\n" for event in events)
