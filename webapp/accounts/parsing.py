"""JSON from outside, within bounds."""

from collections.abc import Mapping
from typing import IO, Any

from django.conf import settings
from rest_framework import parsers
from rest_framework.exceptions import APIException, ParseError


class TooLarge(APIException):
    status_code = 413
    default_code = "too_large"


class JSONParser(parsers.JSONParser):
    """Django bounds bodies that it reads itself; the framework reads the stream, so this does."""

    def parse(
        self,
        stream: IO[Any],
        media_type: str | None = None,
        parser_context: Mapping[str, Any] | None = None,
    ) -> Any:
        limit = settings.DATA_UPLOAD_MAX_MEMORY_SIZE
        headers = (parser_context or {})["request"].META
        if int(headers.get("CONTENT_LENGTH") or 0) > limit:
            raise TooLarge(f"A request holds at most {limit // 2**20} MB of JSON.")
        try:
            return super().parse(stream, media_type, parser_context)
        except RecursionError as error:
            raise ParseError("The JSON is nested too deeply.") from error
