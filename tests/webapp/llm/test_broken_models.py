"""Directories that are no model: told at the start and to whoever asks for them by name."""

import json
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import httpx2
import pytest

from tests.support.servers import free_port, until_healthy
from tests.support.waiting import LONG_S, SHORT_S
from webapp.embedded.console import TROUBLE
from webapp.embedded.process import spawn, stop
from webapp.llm.local.store import BrokenModel, ModelStore

pytestmark = pytest.mark.model


def no_weights(model: Path) -> None:
    (model / "model.safetensors").unlink()


def torn_weights(model: Path) -> None:
    weights = model / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:500])


def weights_of_another_size(model: Path) -> None:
    change(model / "config.json", hidden_size=64)


def weights_missing_a_layer(model: Path) -> None:
    change(model / "config.json", num_hidden_layers=2, layer_types=["full_attention"] * 2)


def no_causal_lm(model: Path) -> None:
    change(model / "config.json", architectures=["BertForMaskedLM"], model_type="bert")


def unknown_architecture(model: Path) -> None:
    change(model / "config.json", architectures=["OddForCausalLM"], model_type="odd")


def torn_config(model: Path) -> None:
    (model / "config.json").write_text('{"model_type": "qwen3", ')


def no_tokenizer(model: Path) -> None:
    (model / "tokenizer.json").unlink()


def torn_tokenizer(model: Path) -> None:
    (model / "tokenizer.json").write_text("{}")


def no_chat_template(model: Path) -> None:
    (model / "chat_template.jinja").unlink()


def adapter_only(model: Path) -> None:
    shutil.rmtree(model)
    model.mkdir()
    (model / "adapter_config.json").write_text('{"peft_type": "LORA"}')


def a_file(model: Path) -> None:
    shutil.rmtree(model)
    model.write_text("not a directory")


def gone(model: Path) -> None:
    shutil.rmtree(model)


def change(file: Path, **values: object) -> None:
    file.write_text(json.dumps(json.loads(file.read_text()) | values))


@pytest.fixture
def model(models_dir: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(models_dir / "tiny", tmp_path / "model"))


@pytest.mark.parametrize(
    ("break_it", "words"),
    [
        (no_weights, "model of 'judge' can't be loaded.*safetensors"),
        (torn_weights, "model of 'judge' can't be loaded"),
        (weights_of_another_size, "not of its config's size.*is needed"),
        (weights_missing_a_layer, "lacks weights, model.layers.1"),
        (no_causal_lm, r"not a causal language model \(its config says BertForMaskedLM\)"),
        (unknown_architecture, "configuration of 'judge' can't be loaded.*odd"),
        (torn_config, "configuration of 'judge' can't be loaded.*JSON"),
        (no_tokenizer, "tokenizer of 'judge' can't be loaded"),
        (torn_tokenizer, "tokenizer of 'judge' can't be loaded"),
        (no_chat_template, "no chat template"),
        (adapter_only, "a LoRA adapter.*vLLM"),
        (a_file, "does not exist"),
        (gone, "does not exist"),
    ],
)
def test_what_is_wrong_with_it_is_said_in_a_line(
    model: Path, break_it: Callable[[Path], None], words: str
) -> None:
    break_it(model)
    store = ModelStore({"judge": model}, None, keep=1)
    with pytest.raises(BrokenModel, match=words) as raised:
        store.get("judge")
    said = str(raised.value)
    assert "'judge'" in said
    assert "\n" not in said and len(said) < 350
    assert str(model) not in said
    assert store.loaded() == []
    assert store.contexts().get("judge") in (None, 256)


def test_a_model_that_was_mended_is_served(model: Path, models_dir: Path) -> None:
    torn_weights(model)
    store = ModelStore({"judge": model}, None, keep=1)
    with pytest.raises(BrokenModel):
        store.get("judge")
    shutil.copy(models_dir / "tiny" / "model.safetensors", model)
    assert store.get("judge").name == "judge"


def test_a_server_without_any_usable_model_does_not_start(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    started = subprocess.run(
        [sys.executable, "-m", "webapp.llm.local", f"a={tmp_path / 'gone'}", tmp_path / "empty"],
        capture_output=True,
        text=True,
        timeout=LONG_S,
        check=False,
    )
    assert started.returncode == 1
    assert "the directory of 'a' does not exist" in started.stderr
    assert "the directory of 'empty' has no config.json" in started.stderr
    assert "ERROR no model can be served" in started.stderr
    assert "Traceback" not in started.stderr


def test_a_server_goes_on_where_a_model_is_broken_and_another_is_gone(
    model: Path, models_dir: Path, tmp_path: Path
) -> None:
    """The error reaches the terminal and whoever asks, the rest works. The starter of earlier
    versions is a model that is gone."""
    torn_weights(model)
    port, log = free_port(), tmp_path / "log"
    server = spawn(
        [sys.executable, "-m", "webapp.llm.local", f"judge={model}"]
        + ["--models-dir", models_dir, "--port", str(port)],
        log=log,
    )
    try:
        until_healthy(port, server, log)
        shown = [line for line in log.read_text().splitlines() if TROUBLE.search(line)]
        assert len(shown) == 1 and "the model of 'judge' can't be loaded" in shown[0]
        url = f"http://127.0.0.1:{port}/v1/chat/completions"
        body = {"messages": [{"role": "user", "content": "hi"}], "max_tokens": 2}
        for name, said in (("judge", "can't be loaded"), ("starter", "'starter' does not exist")):
            refused = httpx2.post(url, json={"model": name, **body}, timeout=SHORT_S)
            assert refused.status_code == 404
            assert said in refused.json()["error"]["message"]
        assert httpx2.post(url, json={"model": "tiny", **body}, timeout=SHORT_S).status_code == 200
    finally:
        stop(server, signal.SIGTERM, timeout=SHORT_S)


def test_a_server_without_a_model_says_how_to_name_one() -> None:
    started = subprocess.run(
        [sys.executable, "-m", "webapp.llm.local"],
        capture_output=True,
        text=True,
        timeout=LONG_S,
        check=False,
    )
    assert started.returncode == 2
    assert "name a model directory" in started.stderr
