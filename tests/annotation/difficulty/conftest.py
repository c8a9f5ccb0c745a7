from tests.support.fixtures import as_in_a_worker, no_heartbeat  # noqa: F401
