"""Models are loaded from safetensors only."""

from pathlib import Path

import pytest

from training.trainer.generation import load_model
from training.trainer.strict import ConfigError

pytestmark = pytest.mark.model


def test_weights_in_a_pickle_file_are_not_loaded(tmp_path: Path) -> None:
    import torch

    from tests.support.tiny_model import build_model

    build_model(tmp_path)
    torch.save(load_model(tmp_path).state_dict(), tmp_path / "pytorch_model.bin")
    (tmp_path / "model.safetensors").unlink()
    with pytest.raises(ConfigError, match="can't be loaded"):
        load_model(tmp_path)
