"""HTTP and WebSocket entry point."""

import os
from typing import cast

import django
from asgiref.typing import ASGI3Application
from django.conf import settings

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "webapp.web_settings")
django.setup(set_prefix=False)

# Imported after Django is set up, because they import models.
from channels.auth import AuthMiddlewareStack  # noqa: E402
from channels.routing import ProtocolTypeRouter, URLRouter  # noqa: E402
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware  # noqa: E402

from webapp.bodies import BodyLimit, SpoolingHandler  # noqa: E402
from webapp.origins import SameOrigin  # noqa: E402
from webapp.urls import websocket_urlpatterns  # noqa: E402

router = ProtocolTypeRouter(
    {
        "http": BodyLimit(cast(ASGI3Application, SpoolingHandler())),
        "websocket": SameOrigin(AuthMiddlewareStack(URLRouter(websocket_urlpatterns))),
    }
)
# Anybody can send the headers of a proxy: they count only from one that is named.
application = ProxyHeadersMiddleware(router, trusted_hosts=settings.TRUSTED_PROXIES)
