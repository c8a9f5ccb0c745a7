"""`python -m webapp.embedded`: the studio on one machine, its services, its backups."""

import argparse
import os
import shlex
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from webapp.embedded import homes
from webapp.embedded.backup import backup, restore
from webapp.embedded.checkout_lock import only_one
from webapp.embedded.console import Console
from webapp.embedded.process import ServiceError
from webapp.embedded.services import (
    backup_key,
    embedded_services,
    environment_with_services,
    owner_address,
    published,
    with_mode,
)
from webapp.embedded.studio import Studio
from webapp.embedded.supervisor import GaveUp, StopRequested, Supervisor


def main(arguments: Sequence[str] | None = None) -> int:
    options = _parser().parse_args(arguments)
    try:
        return int(options.command(options))
    except StopRequested:
        return 0
    except (ServiceError, GaveUp) as error:
        sys.stderr.write(f"{error}\n")
        return 1
    except KeyboardInterrupt:
        return 130


def _run(options: argparse.Namespace) -> int:
    Studio(port=options.port, demo=not options.no_demo).run()
    return 0


def _services(_: argparse.Namespace) -> int:
    """Only the services, until Ctrl-C."""
    with only_one(homes.var()), Supervisor(Console()) as supervisor:
        environment = with_mode(dict(os.environ), demo=True)
        for service in embedded_services(homes.var()):
            supervisor.start(service, essential=True, talks=False)
            environment.update(service.addresses)
            for variable, address in service.addresses.items():
                print(f"export {variable}={shlex.quote(address)}", flush=True)
        with published(homes.var(), environment):
            supervisor.watch()
    return 0


def _manage(options: argparse.Namespace) -> int:
    with environment_with_services(homes.var()) as environment:
        return subprocess.run(
            [sys.executable, homes.CHECKOUT / "manage.py", *options.args],
            env=environment,
            check=False,
        ).returncode


def _backup(options: argparse.Namespace) -> int:
    started = time.monotonic()
    with environment_with_services(homes.var()) as environment:
        key = backup_key(homes.var(), environment)
        backup(owner_address(environment), options.file, key=key)
    megabytes = options.file.stat().st_size / 1e6
    print(f"{options.file}: {megabytes:.1f} MB in {time.monotonic() - started:.1f} s")
    print("The keys are not in it: keep var/secret-key and var/field-keys in another place.")
    return 0


def _restore(options: argparse.Namespace) -> int:
    def trusted(warning: str) -> bool:
        sys.stderr.write(f"{warning}\n")
        if options.trust or not sys.stdin.isatty():
            return bool(options.trust)
        return input("Restore it? Type yes: ").strip().lower() == "yes"

    with only_one(homes.var()):
        pass  # a running studio would go on writing into what is replaced
    with environment_with_services(homes.var()) as environment:
        restore(
            owner_address(environment),
            options.file,
            replace=options.replace,
            key=backup_key(homes.var(), environment),
            ask=trusted,
        )
    print(f"{options.file} is restored. `make run` brings it up to this version.")
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m webapp.embedded", description=__doc__)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    run = commands.add_parser("run", help="start the studio")
    run.add_argument("--port", type=int, default=8000)
    run.add_argument("--no-demo", action="store_true", help="no demo data, no generated secrets")
    run.set_defaults(command=_run)

    services = commands.add_parser("services", help="start PostgreSQL and Valkey only")
    services.set_defaults(command=_services)

    manage = commands.add_parser("manage", help="run a command of manage.py with the services")
    manage.add_argument("args", nargs=argparse.REMAINDER)
    manage.set_defaults(command=_manage)

    save = commands.add_parser("backup", help="write database, files and weights into one archive")
    save.add_argument("file", type=Path)
    save.set_defaults(command=_backup)

    bring_back = commands.add_parser("restore", help="bring back what backup wrote")
    bring_back.add_argument("file", type=Path)
    bring_back.add_argument("--replace", action="store_true", help="over existing data")
    bring_back.add_argument(
        "--trust", action="store_true", help="don't ask about an archive that is not our own"
    )
    bring_back.set_defaults(command=_restore)
    return parser


if __name__ == "__main__":
    sys.exit(main())
