"""Keyset pages: the cost of the last page is that of the first."""

from typing import Any

from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from rest_framework.exceptions import NotFound
from rest_framework.pagination import CursorPagination
from rest_framework.request import Request


class KeysetPagination(CursorPagination):
    page_size = 50
    page_size_query_param = "page_size"
    max_page_size = 200
    ordering = "-id"

    def paginate_queryset(
        self, queryset: QuerySet[Any], request: Request, view: Any = None
    ) -> list[Any] | None:
        """A page of the rows. A cursor that names no place among them is 404, as a broken one."""
        cursor = self.decode_cursor(request)
        if cursor is not None and cursor.position is not None:
            column = queryset.model._meta.get_field(self.ordering.removeprefix("-"))
            try:
                column.clean(cursor.position, None)
            except ValidationError as error:
                raise NotFound(self.invalid_cursor_message) from error
        return super().paginate_queryset(queryset, request, view)


class ByPosition(KeysetPagination):
    ordering = "position"
