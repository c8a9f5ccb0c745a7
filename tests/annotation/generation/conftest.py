from tests.support.fixtures import as_in_a_worker  # noqa: F401
