"""Finds checkpoints by name, loads them when first used and keeps the most recent ones."""

import contextlib
import ctypes
import gc
import inspect
import json
import logging
import threading
import time
from collections import OrderedDict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from jinja2 import TemplateError
from transformers import AutoConfig, AutoModelForCausalLM, AutoTokenizer

log = logging.getLogger(__name__)

CAUSAL_SUFFIXES = ("ForCausalLM", "LMHeadModel")
TURN_MARKERS = ("<|im_start|>", "<|im_end|>")


class UnknownModel(LookupError):
    """No checkpoint has this name."""


class BrokenModel(Exception):
    """A checkpoint that can't be served, with the reason in words."""


class UnusablePrompt(ValueError):
    """Messages that the model's chat template refuses."""


@dataclass(frozen=True, eq=False)
class Served:
    """A loaded checkpoint.

    `context` is the most tokens of prompt and completion together; `end_ids` end a completion;
    `hidden_ids` never show in the text. Every other special token (span markers) does.
    """

    name: str
    # What transformers' Auto classes return has no type that says what it can do.
    tokenizer: Any
    model: Any
    context: int
    parameters: int
    end_ids: frozenset[int]
    hidden_ids: frozenset[int]
    takes_position_ids: bool
    takes_logits_to_keep: bool

    def encode_chat(self, messages: Sequence[Mapping[str, str]]) -> list[int]:
        """Token ids of the messages under the chat template, ready for the answer.

        Markers of a turn's border inside a message are broken up, so that a text can't forge
        another speaker's turn. Raises UnusablePrompt.
        """
        borders = [self.tokenizer.convert_ids_to_tokens(i) for i in sorted(self.hidden_ids)]
        safe = [{**m, "content": _without_borders(m["content"], borders)} for m in messages]
        try:
            text = self.tokenizer.apply_chat_template(
                safe, tokenize=False, add_generation_prompt=True
            )
        except (TemplateError, ValueError) as error:
            raise UnusablePrompt(f"the chat template of '{self.name}' says: {error}") from error
        return self.tokenizer(text, add_special_tokens=False)["input_ids"]

    def encode(self, text: str) -> list[int]:
        return self.tokenizer(text, add_special_tokens=False)["input_ids"]


class ModelStore:
    """Checkpoints by name: `named` ones, and each sub-directory of `models_dir`.

    At most `keep` stay loaded; the one that was used longest ago leaves first. A checkpoint that
    was written again since it was loaded is loaded again. Safe to call from several threads.
    """

    def __init__(self, named: Mapping[str, Path], models_dir: Path | None, *, keep: int) -> None:
        self._named = dict(named)
        self._models_dir = models_dir
        self._keep = keep
        self._loaded: OrderedDict[str, tuple[tuple, Served]] = OrderedDict()
        self._asked_at: dict[str, float] = {}
        self._lock = threading.Lock()

    def contexts(self) -> dict[str, int | None]:
        """The context in tokens of each of the `named` checkpoints, by name and sorted; None where
        a config does not tell it. Those of `models_dir` are not listed: they may belong to
        projects that don't know of each other."""
        there = {name: path for name, path in sorted(self._named.items()) if _is_checkpoint(path)}
        return {name: _context_of(path) for name, path in there.items()}

    def loaded(self) -> list[str]:
        return list(self._loaded)

    def get(self, name: str) -> Served:
        """The loaded checkpoint. Loading takes seconds. Raises UnknownModel or BrokenModel."""
        path = self._paths().get(name)
        if path is None:
            raise UnknownModel(name)
        if not path.is_dir():
            raise BrokenModel(f"the directory of '{name}' does not exist")
        if (path / "adapter_config.json").is_file() and not _is_checkpoint(path):
            raise BrokenModel(
                f"'{name}' is a LoRA adapter without its model; vLLM serves adapters by name"
            )
        if not _is_checkpoint(path):
            raise BrokenModel(f"the directory of '{name}' has no config.json")
        version = _version(path)
        with self._lock:
            self._asked_at[name] = time.monotonic()
            if name in self._loaded and self._loaded[name][0] == version:
                self._loaded.move_to_end(name)
                return self._loaded[name][1]
            self._loaded.pop(name, None)
            while len(self._loaded) >= self._keep:
                self._loaded.popitem(last=False)
            served = load(name, path)
            self._loaded[name] = (version, served)
            return served

    def unload_unasked(self, seconds: float) -> None:
        """Let go of the models that nobody asked for in so many seconds; the next request loads
        them again. What is being answered keeps its model to the end."""
        before = time.monotonic() - seconds
        with self._lock:
            idle = [name for name in self._loaded if self._asked_at[name] <= before]
            for name in idle:
                log.info("unloading %s", name)
                del self._loaded[name]
        if idle:
            _give_memory_back()

    def _paths(self) -> dict[str, Path]:
        found = {}
        if self._models_dir is not None and self._models_dir.is_dir():
            found = {p.name: p for p in self._models_dir.iterdir() if _is_checkpoint(p)}
        return found | self._named


def _give_memory_back() -> None:
    """To the system, which Python and the C library alone do late or never."""
    gc.collect()
    if torch.cuda.is_available():
        torch.cuda.empty_cache()
    # Only glibc has it, and needs it.
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL("libc.so.6").malloc_trim(0)


def load(name: str, path: Path) -> Served:
    """Loads a checkpoint from disk, never from a hub. Raises BrokenModel with the reason."""
    log.info("loading %s", name)
    device = "cuda" if torch.cuda.is_available() else "cpu"
    # On a CPU, float32 is as fast for small models and keeps batches of any size nearly equal.
    dtype = "auto" if device == "cuda" else torch.float32
    with _told_as_broken(name, path, "configuration"):
        config = AutoConfig.from_pretrained(path, local_files_only=True)
    architectures = config.architectures or []
    if not any(a.endswith(CAUSAL_SUFFIXES) for a in architectures):
        what = ", ".join(architectures) or "no architecture"
        raise BrokenModel(f"'{name}' is not a causal language model (its config says {what})")
    with _told_as_broken(name, path, "tokenizer"):
        tokenizer: Any = AutoTokenizer.from_pretrained(path, local_files_only=True)
    with _told_as_broken(name, path, "model"):
        loaded: Any = AutoModelForCausalLM.from_pretrained(
            path,
            config=config,
            dtype=dtype,
            local_files_only=True,
            use_safetensors=True,
            ignore_mismatched_sizes=True,  # refused below, in words
            output_loading_info=True,
        )
    model, report = loaded
    if report["missing_keys"]:
        raise BrokenModel(f"'{name}' lacks weights, {sorted(report['missing_keys'])[0]} first")
    if report["mismatched_keys"]:
        key, found, wanted = sorted(report["mismatched_keys"])[0]
        raise BrokenModel(
            f"the weights of '{name}' are not of its config's size: {key} is {list(found)}, "
            f"{list(wanted)} is needed"
        )
    if not tokenizer.is_fast:
        raise BrokenModel(f"'{name}' has no tokenizer.json")
    if len(tokenizer) > model.get_input_embeddings().num_embeddings:
        raise BrokenModel(f"'{name}' has more tokens in its tokenizer than in its model")
    if not tokenizer.chat_template:
        raise BrokenModel(f"'{name}' has no chat template")
    model.to(device).eval()
    accepted = inspect.signature(model.forward).parameters
    end_ids, hidden_ids = _special_ids(tokenizer, model)
    return Served(
        name=name,
        tokenizer=tokenizer,
        model=model,
        context=getattr(config.get_text_config(), "max_position_embeddings", 4096),
        parameters=model.num_parameters(),
        end_ids=end_ids,
        hidden_ids=hidden_ids,
        takes_position_ids="position_ids" in accepted,
        takes_logits_to_keep="logits_to_keep" in accepted,
    )


@contextlib.contextmanager
def _told_as_broken(name: str, path: Path, part: str) -> Iterator[None]:
    try:
        yield
    except Exception as error:
        reason = str(error).replace(str(path), name).strip().split("\n")[0]
        raise BrokenModel(
            f"the {part} of '{name}' can't be loaded ({type(error).__name__}: {reason[:250]})"
        ) from error


def _special_ids(tokenizer: Any, model: Any) -> tuple[frozenset[int], frozenset[int]]:
    vocabulary = tokenizer.get_vocab()
    markers = {vocabulary[m] for m in TURN_MARKERS if m in vocabulary}
    ends = model.generation_config.eos_token_id
    ends = set(ends if isinstance(ends, list) else [ends]) | {tokenizer.eos_token_id} | markers
    hidden = ends | {tokenizer.bos_token_id, tokenizer.pad_token_id}
    return frozenset(ends - {None}), frozenset(hidden - {None})


def _without_borders(text: str, borders: Sequence[str]) -> str:
    for border in borders:
        text = text.replace(border, f"{border[:1]} {border[1:]}")
    return text


def _is_checkpoint(path: Path) -> bool:
    return (path / "config.json").is_file()


def _context_of(path: Path) -> int | None:
    """Read from the file: to list models loads none of them."""
    try:
        config = json.loads((path / "config.json").read_text())
        return int((config.get("text_config") or config)["max_position_embeddings"])
    except (OSError, ValueError, TypeError, KeyError, AttributeError):
        return None


def _version(path: Path) -> tuple:
    files = sorted([path / "config.json", *path.glob("*.safetensors")])
    return tuple((file.name, file.stat().st_mtime_ns, file.stat().st_size) for file in files)
