from tests.support.judged_desk import rated  # noqa: F401
