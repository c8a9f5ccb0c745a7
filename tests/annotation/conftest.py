from tests.support.browser import browser_type_launch_args, studio
from tests.support.desk import at_desk

__all__ = ["at_desk", "browser_type_launch_args", "studio"]
