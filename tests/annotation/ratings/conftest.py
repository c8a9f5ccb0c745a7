from tests.support.fixtures import no_heartbeat  # noqa: F401
