import re
from types import SimpleNamespace
from typing import Any
from uuid import uuid4

import pytest
from django import forms
from django.middleware.csrf import get_token
from django.template import engines
from django.test import RequestFactory
from django.urls import reverse

from tests.support.pages import html_of

HOSTILE = "<script>alert(1)</script>"
ESCAPED = "&lt;script&gt;alert(1)&lt;/script&gt;"


def render(source: str, request: Any = None, **context: Any) -> str:
    html = html_of(engines["django"].from_string(source).render(context, request))
    return re.sub(r"\s*(</?[^>]+>)\s*", r"\1", html).strip()


def test_a_page_head_has_crumbs_a_title_and_actions() -> None:
    html = render(
        """{% page_head "Import a file" %}
          {% crumb "projects" %}Projects{% endcrumb %}
          {% crumb href=url %}{{ name }}{% endcrumb %}
          {% crumb %}New{% endcrumb %}
          <a class="btn" href="/">Go</a>
        {% endpage_head %}""",
        url="/imports/",
        name=HOSTILE,
    )

    assert html == (
        '<header class="page-head"><div><nav aria-label="Breadcrumb"><ol class="crumbs">'
        f'<li><a href="{reverse("projects")}">Projects</a></li>'
        f'<li><a href="/imports/">{ESCAPED}</a></li>'
        '<li aria-current="page">New</li></ol></nav><h1>Import a file</h1></div>'
        '<div class="actions"><a class="btn" href="/">Go</a></div></header>'
    )


def test_a_page_head_without_crumbs_and_actions_has_no_place_for_them() -> None:
    html = render("{% page_head title %} {% if False %}<a>Go</a>{% endif %} {% endpage_head %}")

    assert html == '<header class="page-head"><div><h1></h1></div></header>'


def test_a_heading_is_the_title_where_it_is_no_text() -> None:
    html = render(
        """{% page_head %}
          {% heading tabindex=-1 %}{{ name }} <span class="chip">Draft</span>{% endheading %}
        {% endpage_head %}""",
        name=HOSTILE,
    )

    assert f'<h1 tabindex="-1">{ESCAPED}<span class="chip">Draft</span></h1>' in html


def test_a_second_head_begins_anew() -> None:
    html = render(
        """{% page_head %}{% crumb %}A{% endcrumb %}{% heading %}B{% endheading %}{% endpage_head %}
        {% page_head "C" %}{% endpage_head %}"""
    )

    assert html.endswith('<header class="page-head"><div><h1>C</h1></div></header>')


def test_a_live_head_replaces_that_of_the_page() -> None:
    source = '{% page_head "A" id="run-head" live=live %}{% endpage_head %}'

    assert 'hx-swap-oob="true"' in render(source, live=True)
    assert "hx-swap-oob" not in render(source)


@pytest.mark.parametrize(
    "source",
    [
        "{% page_head name %}{% endpage_head %}",
        '{% dialog "a" name %}{% enddialog %}',
        "{% empty_state name %}{% endempty_state %}",
        "{% shown_once name %}{% endshown_once %}",
        '{% dialog "a" close=name %}{% enddialog %}',
        "{% dialog_footer name %}{% enddialog_footer %}",
        "{% table_frame label=name %}{% endtable_frame %}",
        '{% notice "warn" class=name %}{% endnotice %}',
    ],
)
def test_what_is_given_as_an_argument_is_escaped(source: str) -> None:
    html = render(source, name=HOSTILE)

    assert "<script" not in html
    assert "&lt;script&gt;" in html


@pytest.mark.parametrize(
    "tag",
    [
        "page_head",
        "crumbs",
        'dialog "a"',
        'dialog_footer "Close"',
        'empty_state "None"',
        "table_frame",
        "chart_frame",
        'notice "warn"',
        'shown_once "secret"',
    ],
)
def test_what_stands_in_a_tag_is_escaped_and_keeps_its_token(tag: str) -> None:
    request = RequestFactory().get("/")
    token = get_token(request)
    name = tag.split()[0]
    source = "{% " + tag + " %}{{ name }}{% csrf_token %}{% end" + name + " %}"
    if name == "crumbs":
        source = "{% crumbs %}{% crumb %}{{ name }}{% csrf_token %}{% endcrumb %}{% endcrumbs %}"

    html = render(source, request, name=HOSTILE, csrf_token=token)

    assert ESCAPED in html
    assert f'name="csrfmiddlewaretoken" value="{token}"' in html


def test_named_arguments_of_a_crumb_are_its_query() -> None:
    source = '{% crumbs %}{% crumb "projects" run=run %}Calls{% endcrumb %}{% endcrumbs %}'

    assert f'href="{reverse("projects")}?run=3"' in render(source, run=3)
    assert f'href="{reverse("projects")}"' in render(source, run=None)


def test_a_dialog_has_a_label_and_a_way_out() -> None:
    html = render(
        """{% dialog "keys" "Keyboard" close="Close" class="is-wide" data_url="/x" %}
          <p>Text</p>
        {% enddialog %}"""
    )

    assert html == (
        '<dialog aria-labelledby="keys-t" class="dialog is-wide" data-url="/x" id="keys">'
        '<h2 id="keys-t">Keyboard</h2><p>Text</p>'
        '<footer><button class="btn" type="button" data-close>Close</button></footer></dialog>'
    )


def test_a_heading_in_a_dialog_is_its_label() -> None:
    html = render(
        '{% dialog "a" %}{% heading %}Archive {{ n }}?{% endheading %}{% enddialog %}', n=3
    )

    assert '<h2 id="a-t">Archive 3?</h2>' in html


def test_the_closing_button_is_quiet_beside_another() -> None:
    html = render('{% dialog_footer "Back" %}<button>Send</button>{% enddialog_footer %}')

    assert html == (
        '<footer><button class="btn is-quiet" type="button" data-close>Back</button>'
        "<button>Send</button></footer>"
    )


def test_an_empty_state_says_what_is_missing() -> None:
    html = render('{% empty_state "No run yet" class="section" %}<p>Why</p>{% endempty_state %}')

    assert html == '<div class="empty section"><h3>No run yet</h3><p>Why</p></div>'
    assert "<h2>None</h2>" in render('{% empty_state "None" level=2 %}{% endempty_state %}')


@pytest.mark.parametrize(
    ("tag", "frame"),
    [
        ("table_frame", '<div class="table-scroll is-free" tabindex="0">'),
        ('table_frame is_long=True class="mt4"', '<div class="table-scroll mt4" tabindex="0">'),
        (
            'table_frame label="Prices"',
            '<div aria-label="Prices" class="table-scroll is-free" role="region" tabindex="0">',
        ),
        ('chart_frame id="c"', '<div class="chart" id="c" tabindex="0">'),
        ('chart_frame tabindex=None class="is-small"', '<div class="chart is-small">'),
    ],
)
def test_a_frame_can_be_reached_by_the_keyboard(tag: str, frame: str) -> None:
    end = f"end{tag.split()[0]}"

    assert render("{% " + tag + " %}<i></i>{% " + end + " %}") == f"{frame}<i></i></div>"


def test_a_notice_has_the_icon_of_its_kind_and_a_failure_is_an_alert() -> None:
    warn, check = render('{% icon "warn" %}'), render('{% icon "check" %}')

    assert render('{% notice "fail" class="mt5" %}<b>It failed.</b>{% endnotice %}') == (
        f'<div class="notice is-fail mt5" role="alert">{warn}'
        '<p class="wrap"><b>It failed.</b></p></div>'
    )
    assert 'role="status"' in render('{% notice "fail" role="status" %}{% endnotice %}')
    assert "role=" not in render('{% notice icon="lock" %}{% endnotice %}')
    assert render('{% notice "pass" hidden=True is_text=False %}<ul></ul>{% endnotice %}') == (
        f'<div class="notice is-pass" hidden>{check}<ul></ul></div>'
    )


def test_the_errors_of_a_form_stand_in_one_notice() -> None:
    class Form(forms.Form):
        def clean(self) -> None:
            raise forms.ValidationError([HOSTILE, "Second"])

    assert f"{ESCAPED}<br>Second" in render("{% form_errors form %}", form=Form({}))
    assert render("{% form_errors form %}", form=Form()) == ""


@pytest.mark.parametrize(
    ("status", "has_failed", "button"),
    [
        ("pending", False, "run-stop"),
        ("running", True, "run-stop"),
        ("failed", False, "Resume"),
        ("cancelled", True, "Resume"),
        ("succeeded", True, "Retry what failed"),
        ("succeeded", False, None),
    ],
)
def test_a_run_can_be_stopped_or_goes_on(status: str, has_failed: bool, button: str | None) -> None:
    run = SimpleNamespace(status=status, project_id=uuid4(), pk=uuid4(), cancel_requested_at=None)

    html = render("{% run_actions run has_failed=has_failed %}", run=run, has_failed=has_failed)

    assert button in html if button else html == ""


@pytest.mark.parametrize(
    ("status", "role", "text"),
    [
        ("failed", "alert", f"<b>Run 3 failed.</b>{ESCAPED} Two are kept."),
        ("cancelled", "status", "<b>Run 3 was stopped.</b>Two are kept."),
    ],
)
def test_a_run_that_ended_badly_says_why_and_what_was_kept(
    status: str, role: str, text: str
) -> None:
    class Run(SimpleNamespace):
        def __str__(self) -> str:
            return "Run 3"

    source = "{% run_error run %}Two are kept.{% endrun_error %}"

    html = render(source, run=Run(status=status, error=HOSTILE))

    assert f'role="{role}"' in html
    assert text in html
    assert render(source, run=Run(status="succeeded", error="")) == ""
