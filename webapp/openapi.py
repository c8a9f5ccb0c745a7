"""The OpenAPI document. It changes only with the code and is the same for everybody, so each
process writes it once."""

from functools import cache
from threading import Lock
from typing import Any

from django.http import HttpResponse
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from drf_spectacular.views import SpectacularAPIView
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request

_writing = Lock()


class DocumentView(SpectacularAPIView):
    @extend_schema(responses={200: OpenApiTypes.OBJECT})
    def get(self, request: Request, *args: Any, **kwargs: Any) -> HttpResponse:
        renderer: Any = request.accepted_renderer
        kind: Any = type(renderer)
        # Writing takes seconds: of several first requests, one writes and the others wait.
        with _writing:
            content = _written(kind)
        charset = f"; charset={renderer.charset}" if renderer.charset else ""
        return HttpResponse(
            content,
            content_type=f"{renderer.media_type}{charset}",
            headers={"Content-Disposition": f'inline; filename="Kardia Studio.{renderer.format}"'},
        )


@cache
def _written(renderer: type[BaseRenderer]) -> bytes:
    return bytes(renderer().render(_document()))


@cache
def _document() -> Any:
    return SchemaGenerator().get_schema(request=None, public=True)
