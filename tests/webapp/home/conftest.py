from tests.training.trainer.conftest import judge  # noqa: F401
