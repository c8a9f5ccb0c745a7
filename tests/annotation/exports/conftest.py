from tests.support.adjudication import apart  # noqa: F401
from tests.support.desk import at_desk  # noqa: F401
from tests.support.fixtures import no_heartbeat  # noqa: F401
