from tests.support.browser import browser_type_launch_args, studio  # noqa: F401
