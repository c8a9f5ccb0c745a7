"""Block tags for the parts that pages share; each renders a template of templates/components/.

An argument that a tag does not name becomes an attribute of its element, with hyphens for
underscores: `{% notice "warn" role="status" data_problem=True %}`. `class` adds to the classes
that the element has.
"""

from typing import Any

from django import template
from django.forms import BaseForm
from django.forms.utils import flatatt
from django.template.context import Context
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.html import conditional_escape
from django.utils.safestring import SafeString

register = template.Library()

# What `crumb` and `heading` leave for the tag around them, which is rendered after its content.
CRUMBS = "components.crumbs"
HEADING = "components.heading"

NOTICE_ICONS = {"fail": "warn", "warn": "warn", "pass": "check"}


@register.simple_block_tag(takes_context=True)
def page_head(
    context: Context, content: str, title: str = "", live: bool = False, **attributes: Any
) -> SafeString:
    """The crumbs, the title and the actions of a page. A `live` one replaces that of the page.

    {% page_head "Import a file" %}
      {% crumb "imports" member.project.pk %}Imports{% endcrumb %}
      {% crumb %}New{% endcrumb %}
      <a class="btn is-primary" href="…">Choose</a>
    {% endpage_head %}

    A title with more than text in it, such as a status, is a `heading` inside. All content but
    crumbs and heading is an action.
    """
    if live:
        attributes["hx_swap_oob"] = "true"
    return _render(
        "page_head",
        attributes=_attributes("page-head", attributes),
        crumbs=_take(context, CRUMBS),
        heading=_heading(context, title),
        actions=_stripped(content),
    )


@register.simple_block_tag(takes_context=True)
def crumbs(context: Context, content: str) -> SafeString:
    """Breadcrumbs that stand outside of a `page_head`. Put `crumb` tags in it."""
    return _render("crumbs", crumbs=_take(context, CRUMBS))


@register.simple_block_tag(takes_context=True)
def crumb(
    context: Context, content: str, view: str = "", *args: Any, href: str = "", **query: Any
) -> str:
    """One step of the breadcrumbs: `{% crumb "imports" member.project.pk %}Imports{% endcrumb %}`.

    Without a view or an `href` it is the page itself. Named arguments go into the query string,
    if they have a value.
    """
    if view:
        query = {name: value for name, value in query.items() if value}
        href = reverse(view, args=args, query=query or None)
    _leave(context, CRUMBS, [*(_take(context, CRUMBS) or []), (href, _stripped(content))])
    return ""


@register.simple_block_tag(takes_context=True)
def heading(context: Context, content: str, **attributes: Any) -> str:
    """The title of the `page_head`, `dialog` or `empty_state` around it, where it is not a text."""
    _leave(context, HEADING, {"content": _stripped(content), "attributes": attributes})
    return ""


@register.simple_block_tag(takes_context=True)
def dialog(
    context: Context, content: str, id: str, title: str = "", close: str = "", **attributes: Any
) -> SafeString:
    """A dialog with its label: `{% dialog "archive" "Archive version 3?" %}…{% enddialog %}`.

    `close` is the text of a button at its foot; a dialog with more buttons has a `dialog_footer`.
    Without a title the content brings an element with the id `{id}-t`.
    """
    labelled = {"id": id, "aria_labelledby": f"{id}-t", **attributes}
    return _render(
        "dialog",
        attributes=_attributes("dialog", labelled),
        heading=_heading(context, title, id=f"{id}-t"),
        content=content,
        close=close,
    )


@register.simple_block_tag
def dialog_footer(content: str, close: str) -> SafeString:
    """The buttons of a dialog: one that closes it, with the text `close`, then those inside."""
    return _render("dialog_footer", close=close, content=_stripped(content))


@register.simple_block_tag(takes_context=True)
def empty_state(
    context: Context, content: str, title: str = "", level: int = 3, **attributes: Any
) -> SafeString:
    """What stands where a list would: what is missing, what it would tell, how to begin."""
    return _render(
        "empty_state",
        attributes=_attributes("empty", attributes),
        heading=_heading(context, title),
        level=level,
        content=content,
    )


@register.simple_block_tag
def table_frame(
    content: str, label: str = "", is_long: bool = False, **attributes: Any
) -> SafeString:
    """A frame in which a table scrolls, so that the page does not.

    `is_long`: rows scroll, too. `label`: the name of the region for a screen reader.
    """
    if label:
        attributes |= {"role": "region", "aria_label": label}
    classes = "table-scroll" if is_long else "table-scroll is-free"
    return _frame(content, classes, attributes)


@register.simple_block_tag
def chart_frame(content: str, **attributes: Any) -> SafeString:
    """A frame in which a chart scrolls, so that the page does not."""
    return _frame(content, "chart", attributes)


@register.simple_block_tag
def notice(
    content: str, kind: str = "", icon: str = "", is_text: bool = True, **attributes: Any
) -> SafeString:
    """A message of the page with an icon: `{% notice "fail" %}<b>…</b> …{% endnotice %}`.

    kind: fail, warn, pass, or none for a neutral one. A failure is an alert if no other role is
    given. The content is text, or with `is_text=False` elements.
    """
    if kind == "fail":
        attributes.setdefault("role", "alert")
    return _render(
        "notice",
        attributes=_attributes(f"notice is-{kind}" if kind else "notice", attributes),
        icon=icon or NOTICE_ICONS[kind],
        content=_stripped(content),
        is_text=is_text,
    )


@register.simple_block_tag
def shown_once(content: str, secret: str) -> SafeString:
    """A link or a token that is never shown again, with a button that copies it."""
    return _render("shown_once", content=_stripped(content), secret=secret)


@register.inclusion_tag("components/form_errors.html")
def form_errors(form: BaseForm) -> dict[str, object]:
    """A notice with the errors of a form that belong to no field."""
    return {"errors": form.non_field_errors()}


@register.inclusion_tag("components/run_actions.html")
def run_actions(run: object, has_failed: bool = False) -> dict[str, object]:
    """Stop, or go on. `has_failed`: something was left out.

    Buttons and not forms: the socket renders this too, and has no CSRF token of a request.
    """
    return {"run": run, "has_failed": has_failed}


@register.simple_block_tag
def run_error(content: str, run: object) -> SafeString:
    """Why a run ended badly, if it did, and what was kept, which is the content."""
    return _render("run_error", run=run, kept=_stripped(content))


def _render(name: str, **context: Any) -> SafeString:
    return render_to_string(f"components/{name}.html", context)


def _frame(content: str, classes: str, attributes: dict[str, Any]) -> SafeString:
    """A box that the keyboard can reach, and so scroll."""
    reachable = {"tabindex": 0, **attributes}
    return _render("frame", attributes=_attributes(classes, reachable), content=content)


def _attributes(classes: str, given: dict[str, Any]) -> SafeString:
    """HTML attributes; those that are None or False are left out."""
    named = {name.replace("_", "-"): value for name, value in given.items()}
    named["class"] = f"{classes} {named.get('class', '')}".strip()
    return SafeString(flatatt(named).strip())


def _heading(context: Context, title: str, **attributes: Any) -> dict[str, object] | None:
    """The content and the attributes of a title: the given text, or a `heading`."""
    if title:
        return {"content": conditional_escape(title), "attributes": flatatt(attributes)}
    left = _take(context, HEADING)
    return left and {
        "content": left["content"],
        "attributes": flatatt({**attributes, **left["attributes"]}),
    }


def _stripped(content: str) -> SafeString:
    """What a template rendered, without the white space around it."""
    return SafeString(content.strip())


def _leave(context: Context, slot: str, value: Any) -> None:
    context.render_context[slot] = value


def _take(context: Context, slot: str) -> Any:
    """What was left in a slot, which is empty afterwards."""
    value = context.render_context.get(slot)
    context.render_context[slot] = None
    return value
