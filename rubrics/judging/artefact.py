"""A fitted sparse judge as files: JSON for names, npz for numbers, never pickle.

`judge.json` holds the vocabularies and the fitted criteria, `arrays.npz` the arrays. A folder is
read back exactly, or refused with a reason.
"""

import hashlib
import json
import zipfile
import zlib
from pathlib import Path
from typing import Any

import numpy as np

from rubrics.judging.features import RELATION_NAMES, Features, restore_features, terms
from rubrics.judging.learned import FittedCriterion, LearnedJudge
from rubrics.judging.ordinal import OrdinalModel

FORMAT = "kardia-sparse-judge"
FORMAT_VERSION = 1
FILES = ("judge.json", "arrays.npz")
MAX_BYTES = 500_000_000

_FEATURE_ARRAYS = ("word_idf", "character_idf", "relation_mean", "relation_deviation")


class ArtefactError(ValueError):
    """A folder that is no intact judge, with the reason."""


def save(judge: LearnedJudge, folder: Path) -> None:
    """Write the judge's two files into a folder, which is made if it is not there."""
    folder.mkdir(parents=True, exist_ok=True)
    names, arrays = _to_parts(judge)
    text = json.dumps(names, ensure_ascii=False, sort_keys=True)
    (folder / "judge.json").write_text(text, encoding="utf-8")
    np.savez_compressed(folder / "arrays.npz", allow_pickle=False, **arrays)


def load(folder: Path) -> LearnedJudge:
    """The judge that was saved. Raises ArtefactError where a file is missing or malformed."""
    names, arrays = _read_names(folder / "judge.json"), _read_arrays(folder / "arrays.npz")
    try:
        return _from_parts(names, arrays)
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError) as error:
        raise ArtefactError(f"The judge's parts do not fit together: {error}") from error


def artefact_hash(folder: Path) -> str:
    """sha256, in hex, over the names and contents of the judge's files."""
    total = hashlib.sha256()
    for name in FILES:
        content = _read_bytes(folder / name)
        total.update(f"{name} {hashlib.sha256(content).hexdigest()}\n".encode())
    return total.hexdigest()


def _to_parts(judge: LearnedJudge) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    features = judge.features
    names: dict[str, Any] = {
        "format": FORMAT,
        "format_version": FORMAT_VERSION,
        "relations": list(RELATION_NAMES),
        "words": terms(features.words),
        "characters": terms(features.characters),
        "criteria": [],
    }
    arrays = {
        "word_idf": features.words.idf_,
        "character_idf": features.characters.idf_,
        "relation_mean": features.relation_mean,
        "relation_deviation": features.relation_deviation,
    }
    for index, (uid, fitted) in enumerate(judge.fitted.items()):
        names["criteria"].append(
            {
                "uid": uid,
                "criterion_hash": fitted.criterion_hash,
                "ratings": fitted.ratings,
                "levels": list(fitted.model.levels),
            }
        )
        arrays[f"coefficients_{index}"] = fitted.model.coefficients
        arrays[f"intercepts_{index}"] = fitted.model.intercepts
    return names, arrays


def _from_parts(names: dict[str, Any], arrays: dict[str, np.ndarray]) -> LearnedJudge:
    if (names["format"], names["format_version"]) != (FORMAT, FORMAT_VERSION):
        raise ValueError(f"this version reads {FORMAT} {FORMAT_VERSION}")
    if names["relations"] != list(RELATION_NAMES):
        raise ValueError("it was fitted on other relations than this version computes")
    relations = len(RELATION_NAMES)
    sizes = (len(names["words"]), len(names["characters"]), relations, relations)
    for name, size in zip(_FEATURE_ARRAYS, sizes, strict=True):
        _expect_shape(arrays, name, (size,))
    if not (arrays["relation_deviation"] > 0).all():
        raise ValueError("relation_deviation is not above zero")
    features = restore_features(
        _texts(names["words"]),
        _texts(names["characters"]),
        **{name: arrays[name] for name in _FEATURE_ARRAYS},
    )
    criteria = enumerate(names["criteria"])
    fitted = {str(c["uid"]): _fitted(c, index, features, arrays) for index, c in criteria}
    if not fitted:
        raise ValueError("it was fitted on no criterion")
    return LearnedJudge(features, fitted)


def _fitted(
    criterion: dict[str, Any], index: int, features: Features, arrays: dict[str, np.ndarray]
) -> FittedCriterion:
    levels = tuple(criterion["levels"])
    if len(levels) < 2 or levels != tuple(sorted({int(level) for level in levels})):
        raise ValueError("the levels do not ascend")
    steps = len(levels) - 1
    _expect_shape(arrays, f"coefficients_{index}", (steps, features.columns))
    _expect_shape(arrays, f"intercepts_{index}", (steps,))
    model = OrdinalModel(levels, arrays[f"coefficients_{index}"], arrays[f"intercepts_{index}"])
    return FittedCriterion(str(criterion["criterion_hash"]), int(criterion["ratings"]), model)


def _texts(values: list[Any]) -> list[str]:
    if not all(isinstance(value, str) for value in values):
        raise ValueError("a vocabulary holds something that is not text")
    return values


def _expect_shape(arrays: dict[str, np.ndarray], name: str, shape: tuple[int, ...]) -> None:
    array = arrays[name]
    if array.shape != shape or array.dtype.kind != "f" or not np.isfinite(array).all():
        raise ValueError(f"{name} is not {shape} finite numbers")


def _read_names(path: Path) -> dict[str, Any]:
    content = _read_bytes(path)
    try:
        names = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise ArtefactError(f"{path.name} is not JSON.") from error
    if not isinstance(names, dict):
        raise ArtefactError(f"{path.name} is not a JSON object.")
    return names


def _read_arrays(path: Path) -> dict[str, np.ndarray]:
    _read_bytes(path)
    try:
        unpacked = _unpacked_size(path)
        if unpacked <= MAX_BYTES:
            with np.load(path, allow_pickle=False) as arrays:
                return {name: arrays[name] for name in arrays.files}
    except (OSError, ValueError, EOFError, RuntimeError, MemoryError) as error:
        raise ArtefactError(f"{path.name} is not an archive of plain arrays.") from error
    except (zipfile.BadZipFile, zlib.error) as error:
        raise ArtefactError(f"{path.name} is damaged.") from error
    raise ArtefactError(f"{path.name} unpacks to more than a judge can hold.")


def _unpacked_size(path: Path) -> int:
    with zipfile.ZipFile(path) as archive:
        return sum(entry.file_size for entry in archive.infolist())


def _read_bytes(path: Path) -> bytes:
    if not path.is_file():
        raise ArtefactError(f"{path.name} is missing.")
    if path.stat().st_size > MAX_BYTES:
        raise ArtefactError(f"{path.name} is larger than a judge can be.")
    return path.read_bytes()
