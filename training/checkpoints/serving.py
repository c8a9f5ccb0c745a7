"""The local model server finds a model by the name of its folder. A link there serves a
checkpoint."""

import re
from contextlib import suppress

from django.conf import settings

from training.checkpoints.contents import Contents
from training.models import Checkpoint
from training.paths import served_folder, weights_of
from webapp.accounts.models import Project
from webapp.errors import Refused
from webapp.ids import new_id
from webapp.llm import reserved
from webapp.llm.addresses import AddressRefused, check_address
from webapp.llm.models import Endpoint

# Tokens: what the prompts of the studio are cut to. More only costs memory.
CONTEXT = 4096
SERVED_NAME = re.compile(r"checkpoint-([1-9][0-9]{0,8})-[0-9a-f]{16}")


def served_name(checkpoint: Checkpoint) -> str:
    """What the local server calls it: the number that people know, and the random half of the id,
    so that checkpoints of two projects never share a name."""
    return f"checkpoint-{checkpoint.number}-{checkpoint.pk.hex[16:]}"


def register() -> None:
    reserved.register(is_of_another)


def is_of_another(project: Project, name: str) -> bool:
    """Whether a name is the `served_name` of a checkpoint of another project."""
    found = SERVED_NAME.fullmatch(name)
    if found is None:
        return False
    others = Checkpoint.objects.exclude(project=project).filter(number=int(found[1]))
    return any(served_name(row) == name for row in others.only("number"))


def link(checkpoint: Checkpoint) -> str:
    """Serve it; returns the name. A link that is there is put into place anew."""
    name = served_name(checkpoint)
    place = served_folder() / name
    place.parent.mkdir(parents=True, exist_ok=True)
    draft = place.with_name(f".{new_id().hex}")
    draft.symlink_to(weights_of(checkpoint).resolve(), target_is_directory=True)
    draft.replace(place)
    return name


def unlink(name: str) -> None:
    with suppress(FileNotFoundError):
        (served_folder() / name).unlink()


def local_server_refusal() -> str | None:
    """Why the local model server can't be an endpoint here; None where it can."""
    try:
        check_address(
            settings.LOCAL_MODEL_URL,
            allow_loopback=settings.LLM_ALLOW_LOOPBACK,
            allowed_hosts=settings.LLM_ALLOWED_HOSTS,
        )
    except AddressRefused as error:
        return (
            f"This installation does not use the local model server. {error} Serve the model with "
            "vLLM, and add that server as an endpoint."
        )
    return None


def require_local_server() -> None:
    if (reason := local_server_refusal()) is not None:
        raise Refused(reason, code="no_local_server")


def vllm_command(name: str, contents: Contents) -> str:
    """What serves the unpacked archive on a machine with a GPU."""
    context = min(contents.context or CONTEXT, CONTEXT)
    return f"vllm serve ./{name} --served-model-name {name} --max-model-len {context} --port 8200"


def free_name(checkpoint: Checkpoint) -> str:
    """A name for its endpoint that no endpoint of the project has, archived ones included."""
    names = Endpoint.objects.filter(project_id=checkpoint.project_id)
    taken = set(names.values_list("name", flat=True))
    name, count = checkpoint.name[: Endpoint.MAX_NAME], 1
    while name in taken:
        count += 1
        tail = f" ({count})"
        name = checkpoint.name[: Endpoint.MAX_NAME - len(tail)] + tail
    return name
