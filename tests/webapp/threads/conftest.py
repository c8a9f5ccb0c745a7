from tests.support.browser import studio  # noqa: F401
