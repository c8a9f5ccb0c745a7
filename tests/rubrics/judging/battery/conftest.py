"""The battery without the vetoes, which stop many attacks whatever a judge gives."""

from tests.support.fixtures import without_vetoes

__all__ = ["without_vetoes"]
