"""The first administrator, or one who can't sign in any more."""

from argparse import ArgumentParser
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError
from django.core.validators import validate_email

from webapp.accounts.models import User
from webapp.accounts.services import people

HINT = (
    "There is no administrator yet. Create one, in another terminal with the same settings:\n"
    '  make manage ARGS="create_administrator you@example.org"\n'
)


class Command(BaseCommand):
    help = "Make somebody an administrator, and print a link that sets their password."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("email", nargs="?", help="without it: say whether one is missing")
        parser.add_argument("--name", default="", help="as others see it; else from the address")
        parser.add_argument("--at", default="http://127.0.0.1:8000", help="the studio's address")

    def handle(self, *args: Any, email: str | None, name: str, at: str, **options: Any) -> None:
        if email is None:
            if not User.objects.filter(is_admin=True, is_active=True).exists():
                self.stdout.write(HINT)
            return
        try:
            validate_email(email)
        except ValidationError:
            raise CommandError(f"{email} is no e-mail address.") from None
        user, path = people.create_administrator(email=email, name=name)
        self.stdout.write(f"{user} ({user.email}) is an administrator of this studio.")
        self.stdout.write("This link sets their password. It works once, for three days:")
        self.stdout.write(at.rstrip("/") + path)
