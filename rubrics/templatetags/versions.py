"""How pages name versions and mark what differs between two texts."""

from collections.abc import Iterable
from datetime import datetime

from django import template
from django.template.defaultfilters import date
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.timezone import localtime

from rubrics.core.word_diff import Piece
from rubrics.models import RubricVersion

register = template.Library()

MARKS = {"new": "<ins>{}</ins>", "gone": "<del>{}</del>"}


@register.filter
def named(version: RubricVersion) -> str:
    """“Draft 3” or “Version 2”"""
    return f"{'Draft' if version.is_open else 'Version'} {version.number}"


@register.filter
def named_when(version: RubricVersion) -> str:
    """The same with the day: “Version 2, published 3 May 2026”"""
    if version.is_set_aside:
        return f"Draft {version.number}, set aside"
    if version.is_open:
        return f"Draft {version.number}, saved {_local(version.saved_at, 'j F, H:i')}"
    return f"Version {version.number}, published {_local(version.published_at, 'j F Y')}"


def _local(moment: datetime | None, form: str) -> str:
    return date(localtime(moment), form)


@register.filter
def pieces(found: Iterable[Piece]) -> SafeString:
    """Text with what is new and what is gone marked, and no white space in between."""
    return format_html_join(
        "", "{}", ((format_html(MARKS.get(piece.kind, "{}"), piece.text),) for piece in found)
    )


@register.filter
def marked(found: Iterable[Piece], kind: str) -> SafeString:
    """One of the two texts, the old (“gone”) or the new (“new”), with its own words marked."""
    mine = (piece for piece in found if piece.kind in (kind, "same"))
    return format_html_join(
        "",
        "{}",
        ((format_html("<mark>{}</mark>" if p.kind == kind else "{}", p.text),) for p in mine),
    )
