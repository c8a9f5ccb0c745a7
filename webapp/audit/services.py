"""Write audit entries, inside the transaction of what they tell."""

from contextvars import ContextVar
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from uuid import UUID

from django.db import models

from webapp.audit.models import Entry

if TYPE_CHECKING:
    from webapp.accounts.models import User


@dataclass(frozen=True)
class Origin:
    """Where a request came from."""

    address: str | None = None
    token_id: UUID | None = None


origin: ContextVar[Origin | None] = ContextVar("origin", default=None)


def record(
    action: str,
    *,
    actor: "User | None",
    object: models.Model,
    project_id: UUID | None = None,
    **details: Any,
) -> None:
    """Append one entry. `details` holds ids and numbers, never text that a person wrote."""
    came_from = origin.get() or Origin()
    Entry.objects.create(
        action=action,
        actor=actor,
        project_id=project_id or getattr(object, "project_id", None),
        object_kind=object._meta.label_lower,
        object_id=str(object.pk),
        address=came_from.address,
        token_id=came_from.token_id,
        details=details,
    )
