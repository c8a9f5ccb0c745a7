from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from webapp.home import demo


class Command(BaseCommand):
    help = "Load the demo where it is not loaded yet, and print its sign-ins."

    def handle(self, *args: Any, **options: Any) -> None:
        if not settings.DEMO:
            raise CommandError("The demo is loaded in demo mode only (KARDIA_DEMO=1).")
        demo.load()
        self.stdout.write((settings.VAR_DIR / "demo-passwords").read_text())
