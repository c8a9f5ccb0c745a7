"""The name of a browser and its system, told from the User-Agent that it sends."""

# The first whose mark is in the text. Browsers name those that they are like: Edge and Opera call
# themselves Chrome too, Chrome calls itself Safari, and Android calls itself Linux.
_BROWSERS = (
    ("Edg", "Edge"),
    ("OPR/", "Opera"),
    ("SamsungBrowser/", "Samsung Internet"),
    ("Firefox/", "Firefox"),
    ("FxiOS/", "Firefox"),
    ("CriOS/", "Chrome"),
    ("HeadlessChrome/", "Chrome"),
    ("Chrome/", "Chrome"),
    ("Safari/", "Safari"),
)
_SYSTEMS = (
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Android", "Android"),
    ("CrOS", "ChromeOS"),
    ("Windows", "Windows"),
    ("Mac OS X", "macOS"),
    ("Linux", "Linux"),
)
# What is no browser is shown as it calls itself, up to here.
_SHOWN = 60


def browser_name(user_agent: str) -> str:
    """Such as “Chrome on Linux”. An unknown program is shown by the start of what it sends."""
    browser = _first(_BROWSERS, user_agent)
    system = _first(_SYSTEMS, user_agent)
    if not browser:
        return user_agent[:_SHOWN] or "Unknown"
    return f"{browser} on {system}" if system else browser


def _first(marks: tuple[tuple[str, str], ...], text: str) -> str:
    return next((name for mark, name in marks if mark in text), "")
