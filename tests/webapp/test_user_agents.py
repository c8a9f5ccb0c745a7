"""Browsers and systems by the text that they send of themselves."""

import pytest

from webapp.browsers import browser_name

LINUX = "Mozilla/5.0 (X11; Linux x86_64)"
WINDOWS = "Mozilla/5.0 (Windows NT 10.0; Win64; x64)"
MAC = "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7)"
PHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15"
CHROME = "AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0.0.0 Safari/537.36"


@pytest.mark.parametrize(
    ("user_agent", "name"),
    [
        (f"{LINUX} {CHROME}", "Chrome on Linux"),
        (f"{WINDOWS} {CHROME} Edg/141.0.0.0", "Edge on Windows"),
        (f"{WINDOWS} {CHROME} OPR/122.0.0.0", "Opera on Windows"),
        (f"Mozilla/5.0 (Linux; Android 15; Pixel 9) {CHROME}", "Chrome on Android"),
        (f"Mozilla/5.0 (X11; CrOS x86_64 16181.61.0) {CHROME}", "Chrome on ChromeOS"),
        (f"{MAC} AppleWebKit/605.1.15 (KHTML) Version/18.5 Safari/605.1.15", "Safari on macOS"),
        (f"{PHONE} (KHTML) Version/18.5 Mobile/15E148 Safari/604.1", "Safari on iPhone"),
        (f"{PHONE} (KHTML) CriOS/141.0 Mobile/15E148 Safari/604.1", "Chrome on iPhone"),
        (
            "Mozilla/5.0 (Macintosh; Intel Mac OS X 10.15; rv:144.0) Gecko/20100101 Firefox/144.0",
            "Firefox on macOS",
        ),
        ("python-httpx/0.28", "python-httpx/0.28"),
        ("x" * 90, "x" * 60),
        ("", "Unknown"),
    ],
)
def test_a_browser_and_its_system(user_agent: str, name: str) -> None:
    assert browser_name(user_agent) == name
