"""Names of models that only one project may ask for. Apps register in AppConfig.ready how they
know theirs, so that the shared ground imports no app."""

from collections.abc import Callable

from webapp.accounts.models import Project
from webapp.errors import Refused

# Whether a name is one of a model of another project.
IsOfAnother = Callable[[Project, str], bool]

_registered: list[IsOfAnother] = []


def register(is_of_another: IsOfAnother) -> None:
    _registered.append(is_of_another)


def require_free(project: Project, model: str) -> None:
    """Raises Refused for the name of a model of another project, at whatever address: a server
    has many addresses."""
    if any(is_of_another(project, model) for is_of_another in _registered):
        raise Refused(
            "This project has no model of this name. Serve a checkpoint of the project, and use "
            "the endpoint that this adds.",
            code="model",
        )
