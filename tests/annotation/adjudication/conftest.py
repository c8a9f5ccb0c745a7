from tests.support.adjudication import apart  # noqa: F401
