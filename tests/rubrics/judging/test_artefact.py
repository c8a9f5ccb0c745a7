"""Malformed artefacts are refused with a reason; nothing in them is ever executed."""

import json
import pickle

import numpy as np
import pytest

from rubrics.judging.artefact import ArtefactError, artefact_hash, load, save
from rubrics.judging.learned import fit
from tests.rubrics.judging.test_learned import SPEC, labelled


@pytest.fixture
def folder(tmp_path):
    save(fit(SPEC, labelled(40), seed=1), tmp_path)
    return tmp_path


def change_names(folder, **changes):
    path = folder / "judge.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **changes}))


def change_arrays(folder, **changes):
    with np.load(folder / "arrays.npz") as arrays:
        kept = dict(arrays)
    kept.update(changes)
    np.savez(folder / "arrays.npz", **{k: v for k, v in kept.items() if v is not None})


@pytest.mark.parametrize(
    "changes",
    [
        {"format": "other"},
        {"format_version": 2},
        {"relations": []},
        {"words": []},
        {"words": None},
        {"words": 3},
        {"characters": ["a"]},
        {"criteria": []},
        {"criteria": [{}]},
        {"criteria": "x"},
        {"criteria": [{"uid": "a", "criterion_hash": "h", "ratings": 3, "levels": [1]}]},
        {"criteria": [{"uid": "a", "criterion_hash": "h", "ratings": 3, "levels": [2, 1, 0]}]},
        {"criteria": [{"uid": "a", "criterion_hash": "h", "ratings": 3, "levels": ["a", "b"]}]},
        {"criteria": [{"uid": "a", "criterion_hash": "h", "ratings": 3, "levels": [0, 1e999]}]},
        {"criteria": [{"uid": "a", "criterion_hash": "h", "ratings": 3, "levels": None}]},
    ],
)
def test_names_that_do_not_fit(folder, changes):
    change_names(folder, **changes)
    with pytest.raises(ArtefactError, match="do not fit"):
        load(folder)


def test_a_vocabulary_with_a_repeated_or_odd_term(folder):
    words = json.loads((folder / "judge.json").read_text())["words"]
    for odd in (words[0], 7):
        change_names(folder, words=[*words[:-1], odd])
        with pytest.raises(ArtefactError, match="do not fit"):
            load(folder)


@pytest.mark.parametrize(
    "changes",
    [
        {"word_idf": None},
        {"word_idf": np.ones(3)},
        {"relation_mean": np.full(11, np.nan)},
        {"relation_deviation": np.zeros(11)},
        {"coefficients_0": np.ones((1, 1))},
        {"intercepts_0": np.ones(2, dtype=int)},
        {"intercepts_1": None},
    ],
)
def test_arrays_that_do_not_fit(folder, changes):
    change_arrays(folder, **changes)
    with pytest.raises(ArtefactError, match="do not fit"):
        load(folder)


def test_pickled_arrays_are_refused(folder):
    change_arrays(folder, word_idf=np.array([{"an": "object"}], dtype=object))
    with pytest.raises(ArtefactError, match="plain arrays"):
        load(folder)


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 broken", pickle.dumps([1]), b"\x93NUMPY"])
def test_a_file_that_is_no_archive(folder, content):
    (folder / "arrays.npz").write_bytes(content)
    with pytest.raises(ArtefactError, match="arrays.npz"):
        load(folder)


def test_a_damaged_archive(folder):
    path = folder / "arrays.npz"
    content = bytearray(path.read_bytes())
    content[200:260] = bytes(60)
    path.write_bytes(content)
    with pytest.raises(ArtefactError, match="arrays.npz"):
        load(folder)


@pytest.mark.parametrize("content", [b"", b"\xff\xfe", b"[]", b"[" * 100_000])
def test_names_that_are_no_object(folder, content):
    (folder / "judge.json").write_bytes(content)
    with pytest.raises(ArtefactError, match="judge.json"):
        load(folder)


def test_files_that_are_too_large(folder, monkeypatch):
    monkeypatch.setattr("rubrics.judging.artefact.MAX_BYTES", 100_000)
    np.savez_compressed(folder / "arrays.npz", zeros=np.zeros(1_000_000))
    with pytest.raises(ArtefactError, match="unpacks to more"):
        load(folder)
    (folder / "judge.json").write_bytes(b" " * 200_000)
    with pytest.raises(ArtefactError, match="larger than"):
        load(folder)


def test_the_hash_sees_every_byte(folder):
    before = artefact_hash(folder)
    (folder / "judge.json").write_bytes((folder / "judge.json").read_bytes() + b"\n")
    assert artefact_hash(folder) != before
