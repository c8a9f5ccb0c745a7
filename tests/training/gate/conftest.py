from tests.support.judged_desk import rated  # noqa: F401
from tests.training.runs.conftest import own_folder, ready  # noqa: F401
