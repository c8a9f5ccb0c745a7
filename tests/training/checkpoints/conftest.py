from tests.support.browser import browser_type_launch_args, studio  # noqa: F401
from tests.support.fixtures import as_in_a_worker, no_heartbeat  # noqa: F401
from tests.training.runs.conftest import own_folder, ready  # noqa: F401
