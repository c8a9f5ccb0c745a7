"""Django's `migrate`, by the role that owns the tables. The application's role gets its rights, and
what earlier versions left open is closed."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.conf import settings
from django.core.management.commands import migrate
from django.db import connections, transaction
from django.db.backends.base.base import BaseDatabaseWrapper

from webapp import roles
from webapp.files.folders import close_to_others


class Command(migrate.Command):
    def handle(self, *args: Any, **options: Any) -> None:
        connection = connections[options["database"]]
        application = connection.settings_dict["USER"]
        with as_owner(connection) as owner:
            super().handle(*args, **options)
            if options["plan"] or options["check_unapplied"]:
                return
            with transaction.atomic(using=connection.alias), connection.cursor() as cursor:
                roles.seal(cursor)
                if application != owner:
                    roles.grant(cursor, application)
        close_to_others()


@contextmanager
def as_owner(connection: BaseDatabaseWrapper) -> Iterator[str]:
    """Connect as DATABASE_OWNER_URL says, where it is set. Yields the role's name."""
    if not settings.OWNER_DATABASE:
        yield connection.settings_dict["USER"]
        return
    own = {name: connection.settings_dict[name] for name in settings.OWNER_DATABASE}
    connection.close()
    connection.settings_dict.update(settings.OWNER_DATABASE)
    try:
        yield connection.settings_dict["USER"]
    finally:
        connection.close()
        connection.settings_dict.update(own)
