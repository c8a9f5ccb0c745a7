"""Keyset pages: the cost of the last page is that of the first."""

from rest_framework.pagination import CursorPagination


class KeysetPagination(CursorPagination):
    page_size = 50
    page_size_query_param = "page_size"
    max_page_size = 200
    ordering = "-id"


class ByPosition(KeysetPagination):
    ordering = "position"
