"""The small language models that the studio offers, both made from the one package."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from training.small import package
from training.trainer.files import sha256_of

# Trained on the written corpus; its README.md says how.
ADAPTER = Path(__file__).parent / "adapter"
ADAPTER_WEIGHTS = "adapter_model.safetensors"
# Behind the package's version in what a model is made of.
WITH_ADAPTER = " with adapter "


@dataclass(frozen=True)
class SmallModel:
    """`key` is what the API and the command line call it."""

    key: str
    name: str
    adapter: Path | None = None

    @property
    def revision(self) -> str:
        """The package's version, and the adapter where there is one."""
        if self.adapter is None:
            return package.VERSION
        return f"{package.VERSION}{WITH_ADAPTER}{self.adapter_hash}"

    @property
    def source(self) -> str:
        """What it is made of; another adapter is another model."""
        return f"{package.NAME} {self.revision}"

    @property
    def folder_name(self) -> str:
        made_of = (
            f"{package.SHA256[:8]}-{self.adapter_hash}" if self.adapter else package.SHA256[:8]
        )
        return f"{self.name.lower().replace(' ', '-')}-{made_of}"

    @cached_property
    def adapter_hash(self) -> str:
        """The first eight digits of the SHA-256 of the adapter's weights; empty without one."""
        return sha256_of(self.adapter / ADAPTER_WEIGHTS)[:8] if self.adapter else ""


TRAINED = SmallModel("trained", "Kardia small", ADAPTER)
PUBLISHED = SmallModel("published", package.MODEL)
MODELS = {model.key: model for model in (TRAINED, PUBLISHED)}
