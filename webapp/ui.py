"""What templates need to say numbers, states and icons the way the visual language asks."""

from collections.abc import Iterable
from datetime import timedelta
from typing import Any

from django import template
from django.forms import BoundField
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe

from webapp.browsers import browser_name
from webapp.text import listed

register = template.Library()

# 20 px grid, 1.6 stroke. The markup is ours, never a user's.
ICONS = {
    "home": '<path d="M3 9.5 10 4l7 5.5"/><path d="M5 8.5V16h10V8.5"/>',
    "rubric": '<path d="M4 5h1M4 10h1M4 15h1M8.5 5H16M8.5 10H16M8.5 15H16"/>',
    "dialogues": '<path d="M3 5h9M3 8.5h6M8 12h9M11 15.5h6"/>',
    "agreement": '<circle cx="7.5" cy="10" r="4.5"/><circle cx="12.5" cy="10" r="4.5"/>',
    "adjudication": '<path d="M3.500 5c4 0 4 5 7.500 5h5.500M3.500 15c4 0 4-5 7.500-5"/>'
    '<path d="m14 7.500 2.500 2.500-2.500 2.500"/>',
    "training": '<path d="M3 10h3l2-5 4 10 2-5h3"/>',
    "difficulty": '<path d="M2.500 16.500 8 5.500l3.500 6.500 2-3 4 7.500z"/>',
    "evaluation": '<path d="M3.5 16.5h13"/><path d="M6 13V9M10 13V5M14 13V7.5"/>',
    "desk": '<path d="M4 6.5h12M4 10h12M4 13.5h7"/><path d="m13.5 14.5 1.5 1.5 2.5-3"/>',
    "judge": '<path d="M10 4v12M5 16h10M4 6h12M4 6l-2 5h4zM16 6l-2 5h4z"/>',
    "generation": '<path d="M3.5 4.500h13v9H9l-3.500 3v-3h-2z"/><path d="M7 8h6M7 10.500h4"/>',
    "import": '<path d="M10 3.500V13M6 9.500l4 4 4-4M4 16.500h12"/>',
    "export": '<path d="M10 13V3.500M6 7l4-4 4 4M4 16.500h12"/>',
    "people": '<circle cx="7.500" cy="7" r="2.750"/><path d="M2.500 16c.5-3 2.300-4.500 5-4.500'
    "s4.500 1.500 5 4.500M13 4.500a2.750 2.750 0 0 1 0 5.300M14.500 11.800c1.700.5 2.700 1.900 "
    '3 4.200"/>',
    "person": '<circle cx="10" cy="7" r="3"/>'
    '<path d="M4 16.500c.6-3.200 2.800-5 6-5s5.400 1.800 6 5"/>',
    "settings": '<path d="M3 6h8M15 6h2M3 14h2M9 14h8"/><circle cx="13" cy="6" r="2"/>'
    '<circle cx="7" cy="14" r="2"/>',
    "server": '<rect x="3.500" y="4" width="13" height="5" rx="1"/>'
    '<rect x="3.500" y="11" width="13" height="5" rx="1"/>'
    '<path d="M6.500 6.500h.01M6.500 13.500h.01"/>',
    "audit": '<path d="M5 3.500h7l3 3v10H5z"/><path d="M7.500 9.500h5M7.500 12.500h5"/>',
    "health": '<path d="M10 16.500S3 12.500 3 7.800A3.600 3.600 0 0 1 10 6.500a3.600 3.600 0 0 1 7'
    ' 1.300c0 4.700-7 8.700-7 8.700z"/>',
    "check": '<path d="m4 10.5 4 4 8-9"/>',
    "solved": '<path d="m2 10.5 3.5 3.5L12 7M9 13l1.2 1L17 6.500"/>',
    "cross": '<path d="m5 5 10 10M15 5 5 15"/>',
    "plus": '<path d="M10 4v12M4 10h12"/>',
    "warn": '<path d="M10 3.500 17.500 16.500h-15z"/><path d="M10 8.500v3.500M10 14.250v.01"/>',
    "lock": '<rect x="4.500" y="9" width="11" height="7.500" rx="1"/>'
    '<path d="M7 9V6.500a3 3 0 0 1 6 0V9"/>',
    "stop": '<rect x="5" y="5" width="10" height="10" rx="1"/>',
    "play": '<path d="M6.500 4.500v11l9-5.500z"/>',
    "edit": '<path d="m4 16 .8-3.500L13.500 4l2.500 2.500L7.500 15.200z"/>',
    "comment": '<path d="M3.500 4.500h13v9H9l-3.500 3v-3h-2z"/>',
    "clock": '<circle cx="10" cy="10" r="6.500"/><path d="M10 6v4.250l2.750 1.500"/>',
    "keyboard": '<rect x="2.500" y="5" width="15" height="10" rx="1.500"/>'
    '<path d="M5.500 8h.01M8.500 8h.01M11.500 8h.01M14.500 8h.01M6.500 12h7"/>',
    "theme": '<circle cx="10" cy="10" r="6.500"/>'
    '<path d="M10 3.500v13a6.500 6.500 0 0 0 0-13z" fill="currentColor"/>',
    "out": '<path d="M8 4H4v12h4M8.500 10H17M13.500 6.500 17 10l-3.500 3.500"/>',
    "up": '<path d="M10 16V4M5 9l5-5 5 5"/>',
    "down": '<path d="M10 4v12M5 11l5 5 5-5"/>',
    "trash": '<path d="M4 6h12M8 6V4h4v2M6 6l.7 10.500h6.600L14 6"/>',
    "copy": '<rect x="7" y="7" width="9" height="9" rx="1"/><path d="M13 4.500H4.500V13"/>',
    "undo": '<path d="M8 4.500 4 8.500l4 4"/><path d="M4.500 8.500H12a4 4 0 0 1 0 8H8"/>',
    "redo": '<path d="m12 4.500 4 4-4 4"/><path d="M15.500 8.500H8a4 4 0 0 0 0 8h4"/>',
    "search": '<circle cx="9" cy="9" r="5"/><path d="m13 13 4 4"/>',
    "flag": '<path d="M5 17V4h9l-2 3.500 2 3.500H5"/>',
}


@register.simple_tag
def icon(name: str, classes: str = "") -> SafeString:
    """`{% icon "home" %}`, `{% icon "check" "sm" %}`"""
    return format_html(
        '<svg class="{}" viewBox="0 0 20 20" aria-hidden="true">{}</svg>',
        f"i {classes}".strip(),
        mark_safe(ICONS[name]),  # noqa: S308  (a constant of this module)
    )


@register.filter
def number(value: float | None, places: int | None = None) -> str:
    """20,733 and 0.58, with a true minus; a dash where there is nothing."""
    if value is None:
        return "–"
    if places is None:
        places = 0 if float(value).is_integer() else 2
    return f"{value:,.{places}f}".replace("-", "−")


@register.filter
def signed(value: float | None, places: int = 2) -> str:
    """+0.04 and −0.02"""
    return "–" if value is None else f"{value:+,.{places}f}".replace("-", "−")


@register.filter
def percent(value: float | None, places: int = 0) -> str:
    """0.31 as “31 %”"""
    return "–" if value is None else f"{number(value * 100, places)} %"


@register.filter
def interval(estimate: Any, places: int = 2) -> str:
    """“, 0.41 to 0.62” behind a figure; nothing where it has no interval."""
    if estimate.low is None:
        return ""
    return f", {number(estimate.low, places)} to {number(estimate.high, places)}"


@register.filter
def quoted(things: Iterable[Any], name: str) -> list[str]:
    """This attribute of each, in quotation marks: the name of a checkpoint has a comma."""
    return [f"“{getattr(thing, name)}”" for thing in things]


@register.filter("listed")
def listed_by(things: Iterable[Any], name: str = "") -> str:
    """“a, b and c”; with `name`, of that attribute of each."""
    return listed(getattr(thing, name) if name else thing for thing in things)


@register.filter
def costs(found: Iterable[Any], unpriced: int) -> str:
    """“0.0123 EUR and 1.2000 USD, 3 without a price”; `unpriced` calls had no price set."""
    priced = listed(f"{number(cost.amount, 4)} {cost.currency}" for cost in found)
    if not priced:
        return "no price set"
    return f"{priced}, {number(unpriced)} without a price" if unpriced else priced


@register.filter
def browser(user_agent: str) -> str:
    """“Chrome on Linux” for what a browser sends of itself."""
    return browser_name(user_agent)


@register.filter
def duration(value: timedelta | float | None) -> str:
    """1 min 48 s; 3 h 13 min"""
    if value is None:
        return "–"
    seconds = round(value.total_seconds() if isinstance(value, timedelta) else value)
    minutes, seconds = divmod(max(seconds, 0), 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours} h {minutes:02} min"
    return f"{minutes} min {seconds:02} s" if minutes else f"{seconds} s"


@register.filter
def short(value: str) -> str:
    """The first six characters of a hash, as the trace shows it."""
    return str(value)[:6]


@register.filter
def control(field: BoundField) -> SafeString:
    """A form field's control with the look of the studio, also in forms that are not ours."""
    attrs: dict[str, str | bool] = {}
    widget = field.field.widget
    if getattr(widget, "input_type", "select") not in ("checkbox", "radio", "hidden"):
        attrs["class"] = widget.attrs.get("class", "input")
    if widget.attrs.get("placeholder") == field.label:
        attrs["placeholder"] = False
    return field.as_widget(attrs=attrs)


STATUS_LOOK = {
    "pending": "queued",
    "running": "running",
    "succeeded": "done",
    "failed": "failed",
    "cancelled": "stopped",
}


@register.inclusion_tag("components/status.html")
def run_status(run: object, running: str = "", failed: int = 0, of: int = 0) -> dict[str, str]:
    """The pill of a run; `running` is the verb while it works (“Judging”). A run that finished
    says how many of its units failed; without `of`, that some did."""
    status = run.status  # type: ignore[attr-defined]
    label = run.get_status_display()  # type: ignore[attr-defined]
    if status == "running" and running:
        label = running
    if status == "running" and run.cancel_requested_at:  # type: ignore[attr-defined]
        label = "Stopping"
    look = STATUS_LOOK[status]
    if status == "succeeded" and failed:
        share = f"{number(failed)} of {number(of)}" if of else "some"
        look, label = "partly", f"{label}, {share} failed"
    return {"state": look, "label": label}


@register.inclusion_tag("components/scale.html")
def scale(
    value: float | None,
    low: float = 1,
    high: float = 5,
    rater: str = "judge",
    ci_low: float | None = None,
    ci_high: float | None = None,
    ghost: float | str | None = None,
) -> dict[str, object]:
    """A score drawn on its scale: round for a person, square for a judge, hollow (`ghost`) what
    it was before, which a template leaves empty where there was nothing."""
    left, right = 6.0, 122.0

    def at(x: float) -> float:
        share = (x - low) / (high - low) if high > low else 0.5
        return round(left + (right - left) * min(max(share, 0.0), 1.0), 1)

    steps = int(high - low)
    ticks = [at(low + i) for i in range(steps + 1)] if 0 < steps <= 10 else [left, right]
    interval = None
    sentence = (
        "no score"
        if value is None
        else f"{rater} {number(value)} on a scale from {low:g} to {high:g}"
    )
    if ci_low is not None and ci_high is not None:
        sentence += f", interval {number(ci_low, 1)} to {number(ci_high, 1)}"
        interval = (at(ci_low), at(ci_high))
    was = float(ghost) if ghost not in (None, "") else None  # type: ignore[arg-type]
    if was is not None:
        sentence += f", before {number(was)}"
    return {
        "ticks": ticks,
        "ghost": None if was is None else at(was),
        "x": None if value is None else at(value),
        "square": None if value is None else at(value) - 5,
        "rater": rater,
        "interval": interval,
        "sentence": sentence,
    }
