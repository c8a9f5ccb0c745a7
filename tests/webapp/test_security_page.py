"""docs/security.md names tests that are there."""

import re

from webapp.embedded.homes import CHECKOUT


def test_each_test_that_it_names_is_there() -> None:
    named = set(re.findall(r"`(tests/[\w/.]+)`", (CHECKOUT / "docs/security.md").read_text()))
    assert len(named) > 30
    assert {name for name in named if not (CHECKOUT / name).is_file()} == set()
