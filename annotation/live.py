"""What the studio's runs of this app show while they work."""


def register() -> None:
    """Filled by the kinds of run of this app."""
