from tests.support.comparisons import judged  # noqa: F401
