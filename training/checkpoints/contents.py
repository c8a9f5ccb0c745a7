"""What the folder of a model holds, told by its configuration and the headers of its weights.

Nothing is loaded: neither torch nor transformers, and no file is read beyond its header.
"""

import json
import math
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from training.checkpoints.limits import (
    CAUSAL_SUFFIXES,
    CONFIG_BYTES,
    DIMENSION,
    DIMENSIONS,
    HEADER_BYTES,
    causal_of,
    is_kept,
)
from webapp.errors import Refused

CONFIG, ADAPTER = "config.json", "adapter_config.json"
TOKENIZER, TOKENIZER_CONFIG = "tokenizer.json", "tokenizer_config.json"
TEMPLATE = "chat_template.jinja"
INDEX = "model.safetensors.index.json"
# Bits of one number, by the names of the safetensors format.
BITS = {
    "F64": 64, "I64": 64, "U64": 64, "C64": 64, "F32": 32, "I32": 32, "U32": 32,
    "F16": 16, "BF16": 16, "I16": 16, "U16": 16, "F8_E4M3": 8, "F8_E5M2": 8, "F8_E8M0": 8,
    "I8": 8, "U8": 8, "BOOL": 8, "F4": 4,
}  # fmt: skip

LORA = (
    "This is a LoRA adapter without its base model. Merge it into the base model with PEFT "
    "(merge_and_unload, then save_pretrained), save the tokenizer into the same folder, and add "
    "that folder. The page “Models and checkpoints” of the documentation has the commands."
)
# transformers would load the base model that the adapter names in place of these weights.
ADAPTER_BESIDE = (
    "There is an adapter_config.json beside the model, so whoever loads it would get other "
    "weights. Merge the adapter into the model, or remove the adapter’s files, and try again."
)


@dataclass(frozen=True)
class Contents:
    """`size` is in bytes, of the files that are kept; `context` in tokens, None where the
    configuration does not say it."""

    architecture: str
    parameters: int
    dtypes: tuple[str, ...]
    context: int | None
    has_template: bool
    files: tuple[str, ...]
    size: int


def inspect(folder: Path) -> Contents:
    """Read and check a model's folder. Raises Refused where it can't be trained or served."""
    names = sorted(path.name for path in folder.iterdir() if path.is_file() and is_kept(path.name))
    require_model(names)
    config = _json(folder / CONFIG)
    weights = [name for name in names if name.endswith(".safetensors")]
    tensors = _headers(folder, weights)
    if INDEX in names:
        _require_indexed(folder / INDEX, tensors)
    found = [tensor for header in tensors.values() for tensor in header.values()]
    return Contents(
        architecture=_architecture(config),
        parameters=sum(count for _, count in found),
        dtypes=tuple(sorted({dtype for dtype, _ in found})),
        context=_context(config),
        has_template=_has_template(folder, names),
        files=tuple(names),
        size=sum((folder / name).stat().st_size for name in names),
    )


def require_model(names: Iterable[str]) -> None:
    """Raise Refused where a list of file names can't be a whole model."""
    there = set(names)
    if CONFIG not in there and ADAPTER in there:
        raise Refused(LORA, code="adapter")
    if ADAPTER in there:
        raise Refused(ADAPTER_BESIDE, code="adapter")
    if CONFIG not in there:
        raise Refused("There is no config.json, so this is not a model’s folder.", code="no_model")
    if not any(name.endswith(".safetensors") for name in there):
        raise Refused(
            "There are no safetensors weights. Save the model with safe_serialization, and try "
            "again. Other formats are not read, because they can run code.",
            code="no_weights",
        )
    if TOKENIZER not in there:
        raise Refused(
            "There is no tokenizer.json. Save the tokenizer into the same folder.",
            code="no_tokenizer",
        )


Header = dict[str, tuple[str, int]]


def _headers(folder: Path, names: Iterable[str]) -> dict[str, Header]:
    """The headers of safetensors files by name. They share the bytes that one may have."""
    found, left = {}, HEADER_BYTES
    for name in names:
        found[name], length = _header(folder / name, left)
        left -= length
    return found


def _header(path: Path, most: int) -> tuple[Header, int]:
    """(type, numbers) of each tensor of a safetensors file, and the bytes of the header. Raises
    Refused where it is broken or the sizes in it don't add up to the file's."""
    size = path.stat().st_size
    with path.open("rb") as file:
        length = int.from_bytes(file.read(8), "little")
        if size < 8 or length > min(most, size - 8):
            raise _broken(path, "its header is cut off or too large")
        text = file.read(length)
    try:
        header = json.loads(text)
        entries = {name: _entry(one) for name, one in header.items() if name != "__metadata__"}
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        raise _broken(path, "its header can’t be read") from None
    _require_sum(path, entries.values(), size - 8 - length)
    return {name: (dtype, count) for name, (dtype, count, _, _) in entries.items()}, length


Entry = tuple[str, int, int, int]


def _entry(tensor: dict[str, Any]) -> Entry:
    """(type, numbers, first byte, byte after the last). Raises ValueError where they differ."""
    dtype, shape = tensor["dtype"], tensor["shape"]
    start, end = tensor["data_offsets"]
    if not all(type(n) is int and n >= 0 for n in (*shape, start, end)):
        raise ValueError("a shape or an offset is no whole number")
    if len(shape) > DIMENSIONS or any(n > DIMENSION for n in shape):
        raise ValueError("no tensor has this shape")
    count = math.prod(shape)
    if count * BITS[dtype] != (end - start) * 8:
        raise ValueError("the bytes are not those of the shape")
    return dtype, count, start, end


def _require_sum(path: Path, entries: Iterable[Entry], size: int) -> None:
    """The tensors follow each other without gap or overlap, up to the end of the file."""
    at = 0
    for _, _, start, end in sorted(entries, key=lambda entry: entry[2:]):
        if start != at:
            raise _broken(path, "its tensors overlap or leave gaps")
        at = end
    if at != size:
        raise _broken(path, "its size is not that of its tensors. The file may be cut off")


def _require_indexed(path: Path, tensors: dict[str, Any]) -> None:
    placed = _json(path).get("weight_map")
    if not isinstance(placed, dict):
        raise _broken(path, "it has no weight_map")
    for tensor, name in placed.items():
        if not isinstance(name, str) or tensor not in tensors.get(name, {}):
            raise _broken(path, f"the file for {str(tensor)[:80]} is missing")


def _architecture(config: dict[str, Any]) -> str:
    named = config.get("architectures")
    names = [name for name in named if isinstance(name, str)] if isinstance(named, list) else []
    causal = causal_of(named)
    if causal is None:
        what = ", ".join(names)[:80] or "none"
        raise Refused(
            "This is not a language model that continues a text. Its config.json names the "
            f"architecture {what}; a name that ends with {' or '.join(CAUSAL_SUFFIXES)} is needed.",
            code="not_causal",
        )
    return causal[:80]


def _context(config: dict[str, Any]) -> int | None:
    inner = config.get("text_config")
    most = (inner if isinstance(inner, dict) else config).get("max_position_embeddings")
    return most if type(most) is int and most > 0 else None


def _has_template(folder: Path, names: Iterable[str]) -> bool:
    if TEMPLATE in names:
        return True
    return TOKENIZER_CONFIG in names and bool(_json(folder / TOKENIZER_CONFIG).get("chat_template"))


def _json(path: Path) -> dict[str, Any]:
    """An object of a small JSON file. Raises Refused for anything else. An index may be as large
    as a header."""
    limit = HEADER_BYTES if path.name == INDEX else CONFIG_BYTES
    if path.stat().st_size > limit:
        raise _broken(path, f"it is larger than {limit // 2**20} MB")
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (ValueError, RecursionError):
        raise _broken(path, "it is not JSON") from None
    if not isinstance(found, dict):
        raise _broken(path, "it is not a JSON object")
    return found


def _broken(path: Path, why: str) -> Refused:
    return Refused(f"{path.name} is broken: {why}.", code="broken")
