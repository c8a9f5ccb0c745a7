"""Encrypt the secrets at rest again under the newest of KARDIA_FIELD_KEYS."""

from typing import Any

from django.core.management.base import BaseCommand

from webapp.accounts.services.factors import rotate_factors
from webapp.llm.services import rotate_keys


class Command(BaseCommand):
    help = (
        "Put a new key in front of KARDIA_FIELD_KEYS, run this, then remove the old keys. "
        "What no key opens is counted, and has to be entered again."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        for what, (rotated, lost) in {
            "keys of endpoints": rotate_keys(),
            "second factors": rotate_factors(),
        }.items():
            self.stdout.write(f"{what}: {rotated} under the newest key, {lost} can't be opened")
