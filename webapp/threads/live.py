"""How open pages learn that somebody commented: the counts, as they are for one member now."""

from uuid import UUID

from django.template.loader import render_to_string

from webapp.accounts.access import Member
from webapp.runs import registry as live_registry
from webapp.threads import queries, registry


def register(kind: registry.Kind) -> None:
    """Make objects of this kind something to talk about, live."""

    def render(object_id: UUID, member: Member) -> str:
        return render_to_string(
            "threads/_signal.html", {"signal": queries.signal(member, kind.name, object_id)}
        )

    registry.register(kind)
    live_registry.register_topic(
        live_registry.Topic(f"{kind.name}-threads", kind.roles, kind.project_of, render)
    )
