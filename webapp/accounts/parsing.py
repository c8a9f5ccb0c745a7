"""JSON from outside. Its size is Django's to bound (DATA_UPLOAD_MAX_MEMORY_SIZE)."""

from collections.abc import Mapping
from typing import IO, Any

from rest_framework import parsers
from rest_framework.exceptions import ParseError

from webapp.text import is_storable


class JSONParser(parsers.JSONParser):
    """Answers JSON that is nested too deeply, and text that no database keeps, as it answers other
    malformed text."""

    def parse(
        self,
        stream: IO[Any],
        media_type: str | None = None,
        parser_context: Mapping[str, Any] | None = None,
    ) -> Any:
        try:
            given = super().parse(stream, media_type, parser_context)
            if is_storable(given):
                return given
        except RecursionError as error:
            raise ParseError("The JSON is nested too deeply.") from error
        raise ParseError("A text in the JSON has a NUL character or half of a surrogate pair.")
