"""Which pages may open a WebSocket.

A browser sends the cookies of the studio with a WebSocket from any page. So the page has to be the
studio's own, by the rule that Django has for forms.
"""

from typing import Any

from channels.security.websocket import WebsocketDenier
from django.conf import settings
from django.http.request import split_domain_port, validate_host

SCHEMES = {"ws": "http", "wss": "https"}


class SameOrigin:
    """Closes a WebSocket whose page has another scheme, host or port than the studio, unless
    KARDIA_ORIGINS names it."""

    def __init__(self, application: Any) -> None:
        self.application = application

    async def __call__(self, scope: dict[str, Any], receive: Any, send: Any) -> None:
        answer = self.application if _is_ours(scope) else WebsocketDenier()
        await answer(scope, receive, send)


def _is_ours(scope: dict[str, Any]) -> bool:
    headers = {name: value.decode("latin1") for name, value in scope["headers"]}
    origin, host = headers.get(b"origin"), headers.get(b"host", "")
    # Without this check a page could call itself the studio by a name of its own (DNS rebinding).
    if not validate_host(split_domain_port(host)[0], settings.ALLOWED_HOSTS):
        return False
    own = f"{SCHEMES[scope.get('scheme', 'ws')]}://{host}"
    return origin == own or origin in settings.CSRF_TRUSTED_ORIGINS
