"""Which command serves a model with vLLM, without starting it."""

from pathlib import Path

import pytest

from webapp.embedded import lock, vllm


@pytest.fixture(params=[True, False], ids=["gpu", "cpu"])
def gpu(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> bool:
    monkeypatch.setattr(vllm, "has_gpu", lambda: request.param)
    return request.param


def flags(model: str, *extra: str) -> dict[str, str]:
    command = vllm.command(model, host="127.0.0.1", port=8200, extra=extra)
    return dict(zip(command, [*command[1:], ""], strict=True))


def test_a_checkpoint_is_served_by_its_name_without_a_hub(tmp_path: Path, gpu: bool) -> None:
    (tmp_path / "config.json").write_text("{}")
    for model, name in ((f"judge={tmp_path}", "judge"), (str(tmp_path), tmp_path.name)):
        assert flags(model)["--model"] == str(tmp_path)
        assert flags(model)["--served-model-name"] == name
        assert vllm.environment(model)["HF_HUB_OFFLINE"] == "1"


def test_a_name_on_the_hub_may_be_fetched(monkeypatch: pytest.MonkeyPatch, gpu: bool) -> None:
    monkeypatch.delenv("HF_HUB_OFFLINE", raising=False)
    assert flags("Qwen/Qwen2.5-7B-Instruct")["--served-model-name"] == "Qwen/Qwen2.5-7B-Instruct"
    assert "HF_HUB_OFFLINE" not in vllm.environment("Qwen/Qwen2.5-7B-Instruct")


def test_what_only_the_build_for_cpu_needs_is_not_said_to_a_gpu(gpu: bool) -> None:
    given = flags("Qwen/Qwen2.5-7B-Instruct", "--enable-lora")
    assert "--enable-lora" in given
    assert ("--enforce-eager" in given) is not gpu
    assert ("VLLM_CPU_KVCACHE_SPACE" in vllm.environment("a/b")) is not gpu


@pytest.mark.parametrize(
    ("model", "words"),
    [("no/such/model", "the directory no/such/model does not exist"), ("nope", "does not exist")],
)
def test_a_model_that_is_not_there_is_told_before_anything_is_installed(
    model: str, words: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(vllm, "install", lambda: pytest.fail("it was installed"))
    assert vllm.main(["serve", model]) == 1
    assert words in capsys.readouterr().err


def test_a_folder_without_a_checkpoint_is_told(tmp_path: Path) -> None:
    with pytest.raises(vllm.NoModel, match="no config.json"):
        vllm.command(f"judge={tmp_path}", host="127.0.0.1", port=1)


def test_the_pins_for_cpu_leave_out_what_breaks_it() -> None:
    pins = vllm.CPU_REQUIREMENTS.read_text()
    assert not any(f"\n{name}==" in pins for name in vllm.LEFT_OUT_ON_CPU)
    assert lock.for_every_machine(pins) == pins
