"""One real local server with tiny models for the whole folder.

What loads torch is imported by the fixtures: the tests of the client need none of it.
"""

import pytest

from tests.support.servers import serve


@pytest.fixture(scope="session")
def models_dir(tmp_path_factory):
    """Two checkpoints that work: `tiny` and `other`."""
    from tests.support.tiny_model import build_model

    root = tmp_path_factory.mktemp("models")
    build_model(root / "tiny", seed=0)
    build_model(root / "other", seed=1)
    return root


@pytest.fixture(scope="session")
def store(models_dir):
    from webapp.llm.local.store import ModelStore

    return ModelStore({name: models_dir / name for name in ("tiny", "other")}, None, keep=2)


@pytest.fixture(scope="session")
def tiny(store):
    return store.get("tiny")


@pytest.fixture(scope="session")
def local_url(store):
    from webapp.llm.local.app import build_app
    from webapp.llm.local.batching import Batcher

    with serve(build_app(store, Batcher(max_rows=16, max_waiting=64))) as url:
        yield url
