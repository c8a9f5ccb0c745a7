from tests.browser.fixtures import browser_type_launch_args, studio  # noqa: F401
