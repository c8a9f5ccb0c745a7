"""What is told of a model's folder without loading it, and which folders are refused."""

import json
from pathlib import Path

import pytest

from tests.support import starter
from tests.training.checkpoints.models import CONFIG, model, safetensors, weights, written
from training.checkpoints import contents
from training.checkpoints.contents import inspect
from training.checkpoints.limits import HEADER_BYTES, is_kept, is_pickle
from webapp.errors import Refused


def refusal(folder: Path) -> Refused:
    with pytest.raises(Refused) as caught:
        inspect(folder)
    return caught.value


def test_a_real_model_is_described() -> None:
    found = inspect(starter.FOLDER)
    assert (found.architecture, found.dtypes) == ("Qwen3ForCausalLM", ("BF16",))
    assert (found.parameters, found.context) == (1_648_320, 4096)
    assert found.has_template and "model.safetensors" in found.files


def test_both_kinds_of_architectures_that_continue_a_text(tmp_path: Path) -> None:
    config = {**CONFIG, "architectures": ["Odd", "GPT2LMHeadModel"]}
    files = model(config__json=json.dumps(config).encode())
    assert inspect(written(tmp_path, files)).architecture == "GPT2LMHeadModel"


def test_sharded_weights_are_added_up(tmp_path: Path) -> None:
    index = {"weight_map": {"w": "a.safetensors"}}
    files = model(
        model__safetensors=None,
        a__safetensors=safetensors(3),
        b__safetensors=safetensors(4),
        **{"model__safetensors__index__json": json.dumps(index).encode()},
    )
    assert inspect(written(tmp_path, files)).parameters == 7


def test_a_shard_that_is_missing_is_named(tmp_path: Path) -> None:
    index = json.dumps({"weight_map": {"w": "model.safetensors", "x": "b.safetensors"}}).encode()
    files = model(**{"model__safetensors__index__json": index})
    assert "the file for x is missing" in str(refusal(written(tmp_path, files)))


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"config__json": None}, "no_model"),
        ({"config__json": None, "adapter_config__json": b"{}"}, "adapter"),
        ({"adapter_config__json": b"{}"}, "adapter"),
        ({"model__safetensors": None, "pytorch_model__bin": b"x"}, "no_weights"),
        ({"tokenizer__json": None}, "no_tokenizer"),
        ({"config__json": b"[]"}, "broken"),
        ({"config__json": b"{" * 100}, "broken"),
        ({"config__json": b"[" * 100_000}, "broken"),
        ({"config__json": b" " * (2**20 + 1)}, "broken"),
        (
            {"config__json": json.dumps({**CONFIG, "architectures": ["Bert"]}).encode()},
            "not_causal",
        ),
        ({"config__json": b"{}"}, "not_causal"),
    ],
)
def test_folders_that_are_no_whole_model(
    tmp_path: Path, changes: dict[str, bytes], code: str
) -> None:
    assert refusal(written(tmp_path, model(**changes))).code == code


def entry(**changes: object) -> dict:
    return {"w": {"dtype": "F32", "shape": [2], "data_offsets": [0, 8]} | changes}


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\x10\0\0\0\0\0\0\0{}",
        (HEADER_BYTES + 1).to_bytes(8, "little") + b"x",
        weights([], b""),
        weights(entry(), b"1234"),
        weights(entry(), b"1" * 9),
        weights(entry(shape=[3]), b"1" * 8),
        weights(entry(shape=[-2]), b"1" * 8),
        weights(entry(shape=["2"]), b"1" * 8),
        weights(entry(dtype="PICKLE"), b"1" * 8),
        weights(entry(data_offsets=[4, 12]), b"1" * 12),
        weights(entry(data_offsets=[8, 0]), b"1" * 8),
        weights(entry(shape=None), b"1" * 8),
        weights(entry(shape=[2] + [1] * 16), b"1" * 8),
        weights(entry(shape=[0, 2**63], data_offsets=[0, 0]), b""),
        weights({**entry(), "v": entry()["w"]}, b"1" * 8),
    ],
)
def test_weights_whose_sizes_do_not_add_up(tmp_path: Path, content: bytes) -> None:
    found = refusal(written(tmp_path, model(model__safetensors=content)))
    assert found.code == "broken" and "model.safetensors" in str(found)


def test_the_headers_of_all_weights_share_one_limit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = model(
        model__safetensors=None, a__safetensors=safetensors(), b__safetensors=safetensors()
    )
    folder = written(tmp_path, files)
    length = int.from_bytes(safetensors()[:8], "little")
    monkeypatch.setattr(contents, "HEADER_BYTES", 2 * length)
    assert inspect(folder).files
    monkeypatch.setattr(contents, "HEADER_BYTES", 2 * length - 1)
    assert "b.safetensors is broken: its header is cut off or too large" in str(refusal(folder))


def test_a_model_without_template_says_so(tmp_path: Path) -> None:
    assert not inspect(written(tmp_path, model(tokenizer_config__json=None))).has_template
    assert inspect(written(tmp_path, model(chat_template__jinja=b"x"))).has_template


@pytest.mark.parametrize(
    "name",
    ["model.safetensors", "vocab.txt", "chat_template.jinja", "README.md", "tokenizer.model"],
)
def test_kept(name: str) -> None:
    assert is_kept(name) and not is_pickle(name)


@pytest.mark.parametrize(
    "name",
    ["modeling.py", ".hidden.json", "optimizer.pt", "a/b.json", "x.json\n", "ä.json", "a.JSON"],
)
def test_not_kept(name: str) -> None:
    assert not is_kept(name)
