"""`manage.py model_register PROJECT --as EMAIL ...`: add a model from the command line."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any
from uuid import UUID

from django.core.management.base import BaseCommand, CommandError

from training.checkpoints import services
from training.models import Checkpoint, ModelFetch
from training.small.models import MODELS, TRAINED
from webapp.accounts.access import Member, find_member
from webapp.accounts.models import Project, Role, User
from webapp.errors import Refused
from webapp.ids import new_id


class Command(BaseCommand):
    help = (
        "Add a model to a project, as a lead of it. The same rules hold as on the page: a folder "
        "must lie below KARDIA_MODEL_ROOTS, and a worker downloads from the hub or converts."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("project", type=UUID, help="the project's id, as in its address")
        parser.add_argument("--as", dest="email", required=True, help="the e-mail of a lead")
        parser.add_argument("--name", default="", help="what the project calls it")
        parser.add_argument("--licence", default="")
        source = parser.add_mutually_exclusive_group(required=True)
        source.add_argument(
            "--small",
            nargs="?",
            const=TRAINED.key,
            choices=list(MODELS),
            help="the small language model, trained for the studio or as published",
        )
        source.add_argument("--path", help="a folder of the server")
        source.add_argument("--archive", type=Path, help="a zip, tar or tar.gz file")
        source.add_argument("--hub", help="owner/name on the hub")
        parser.add_argument("--revision", default="main", help="of --hub")

    def handle(self, *, project: UUID, email: str, **given: Any) -> None:
        member = _lead(project, email)
        try:
            made = _add(member, **given)
        except (Refused, OSError) as error:
            raise CommandError(str(error)) from None
        if isinstance(made, ModelFetch):
            self.stdout.write(f"{made} of {made.repo} is queued. Its page shows the progress.")
        else:
            self.stdout.write(f"Checkpoint {made.number}, “{made}”, has been added.")


def _lead(project_id: UUID, email: str) -> Member:
    project = Project.objects.filter(pk=project_id, deleted_at=None).first()
    if project is None:
        raise CommandError("There is no project with this id.")
    user = User.objects.filter(email__iexact=email).first()
    member = find_member(user, project.pk) if user else None
    if member is None or not member.has(Role.LEAD):
        raise CommandError(f"{email} is no lead of “{project}”.")
    return member


def _add(
    member: Member,
    *,
    name: str,
    licence: str,
    small: str | None,
    path: str | None,
    archive: Path | None,
    hub: str | None,
    revision: str,
    **_: object,
) -> Checkpoint | ModelFetch:
    by: dict[str, Any] = {"project": member.project, "actor": member.user}
    if small:
        return services.small_model_start(**by, key=new_id().hex, model=MODELS[small])
    named = {**by, "name": name, "licence": licence}
    if path is not None:
        return services.checkpoint_from_path(**named, path=path)
    if archive is not None:
        with archive.open("rb") as file:
            return services.checkpoint_upload(**named, archive=file, file_name=archive.name)[0]
    return services.fetch_start(**named, key=new_id().hex, repo=hub or "", revision=revision)
