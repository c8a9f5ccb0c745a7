"""What people see of judges on the battery."""

from dataclasses import replace
from html import unescape

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from annotation.batteries import cases
from annotation.batteries import work as trying
from annotation.models import BatteryRun
from rubrics.judging.battery.report import from_json, to_json
from rubrics.models import Judge
from tests.conftest import Cast
from tests.support.batteries import (
    RUBRIC,
    answering,
    battery_run,
    fair,
    generous,
    reader,
    still_rates,
    support,
    tried,
)
from tests.support.dialogues import WHOLE, published
from tests.support.pages import html_of
from webapp.runs import services as runs

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("small")]


BUTTON = 'aria-label="Run the battery with'


def judges_page(cast: Cast, client: Client) -> str:
    return html_of(client.get(reverse("judging", args=[cast.project.pk])))


def page(run: BatteryRun, client: Client) -> str:
    answer = client.get(reverse("battery_run", args=[run.project_id, run.pk]))
    assert answer.status_code == 200
    return unescape(html_of(answer))


def one_line(text: str) -> str:
    return " ".join(text.split())


@pytest.fixture
def lead(cast: Cast, client: Client) -> Client:
    client.force_login(cast.leads[0])
    return client


def start(cast: Cast, client: Client, judge: Judge, key: str = "one") -> str:
    url = reverse("battery_new", args=[cast.project.pk, judge.pk])
    return client.post(url, {"key": key}).url


def test_a_judge_is_tried_with_one_click(cast: Cast, lead: Client) -> None:
    support(cast)
    judge = reader(cast)
    found = judges_page(cast, lead)
    assert "Not run" in found
    assert 'aria-label="Run the battery with Reader v1 and Support 1"' in found
    first = start(cast, lead, judge)
    run = BatteryRun.objects.get()
    assert first == reverse("battery_run", args=[cast.project.pk, run.pk])
    assert start(cast, lead, judge) == first
    assert "Queued. It starts when a worker is free." in page(run, lead)
    # While it is under way nobody can start another.
    found = judges_page(cast, lead)
    assert "Queued" in found and BUTTON not in found
    assert start(cast, lead, judge, "two") == reverse("judging", args=[cast.project.pk])
    assert "Battery 1 already tries Reader v1" in judges_page(cast, lead)


def test_a_verdict_stands_beside_its_judge(
    cast: Cast, lead: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    support(cast)
    answering(monkeypatch, fair)
    run = tried(cast, reader(cast))
    day = f"{run.created_at:%-d %b}"
    address = reverse("battery_run", args=[cast.project.pk, run.pk])
    found = judges_page(cast, lead)
    assert address in found and "Passed" in found and f">{day}</time>" in found
    answering(monkeypatch, generous)
    tried(cast, run.judge, run.version)
    found = judges_page(cast, lead)
    assert "bad replies scored too high" in found and "Passed" not in found


def test_a_judge_of_before_the_vetoes_says_why_it_has_no_button(
    cast: Cast, lead: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    support(cast)
    reader(cast)
    assert BUTTON in judges_page(cast, lead)
    monkeypatch.setattr("rubrics.judges.queries.what_changed", lambda judge: "It has changed.")
    found = judges_page(cast, lead)
    assert BUTTON not in found and "It can’t be tried: its endpoint or the prompt format" in found


def test_a_judge_whom_no_version_fits_has_no_button(cast: Cast, lead: Client) -> None:
    published(cast.project, WHOLE)
    reader(cast)
    found = judges_page(cast, lead)
    assert "No published version has criteria of replies that it can score." in found
    assert BUTTON not in found


def test_the_page_begins_with_the_verdict(
    cast: Cast, lead: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    support(cast)
    answering(monkeypatch, fair)
    found = page(tried(cast, reader(cast)), lead)
    assert found.index("Reader v1 passed the battery.") < found.index("By kind of reply")
    assert "Why this judge did not pass" not in found
    assert "No bad reply scored higher than it may, and no plain reply lower than it must." in found
    assert "also held to levels: Empathy." in found


@pytest.mark.usefixtures("without_vetoes")
def test_the_page_says_what_got_too_much(
    cast: Cast, lead: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    support(cast)
    answering(monkeypatch, generous)
    run = tried(cast, reader(cast))
    report = from_json(run.report)
    found = page(run, lead)
    assert "Reader v1 did not pass the battery:" in found and "higher than they may" in found
    assert all(reason in found for reason in report.reasons)
    case = cases.by_id()["garbage 1"]
    assert case.reply in found and one_line(case.context["history"][-1]["text"]) in found
    assert "<b>Garbage 1</b><span>total 1, at most 0.35; Empathy 5, at most 1</span>" in found


def test_a_report_of_earlier_cases_keeps_its_figures(
    cast: Cast, lead: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    support(cast)
    answering(monkeypatch, generous)
    run = tried(cast, reader(cast))
    BatteryRun.objects.filter(pk=run.pk).update(cases_hash="x" * 64)
    found = page(run, lead)
    assert "Reader v1 did not pass the battery:" in found
    assert "The battery has changed since this run" in found
    assert one_line(cases.by_id()["garbage 1"].context["history"][-1]["text"]) not in found


def test_a_run_that_ended_early_says_that_there_is_no_verdict(cast: Cast, lead: Client) -> None:
    support(cast)
    run = battery_run(cast, reader(cast))
    runs.cancel(run, actor=cast.leads[0])
    found = page(run, lead)
    assert "There is no verdict, because not every reply was judged." in found
    assert "Resume" in found and "By kind of reply" not in found


def test_replies_without_a_score_have_their_reasons(
    cast: Cast, lead: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    support(cast)
    answering(monkeypatch, fair)
    run = tried(cast, reader(cast))
    run.items.filter(case="garbage 1").update(state="failed", error="Empathy: it says nothing.")
    found = page(run, lead)
    assert "reply has no score" not in found
    assert f"1 of {run.items.count()} replies has no score." in found
    assert "Empathy: it says nothing. (1)" in found and "Retry what failed" in found


def test_clinicians_read_and_do_not_start(
    cast: Cast, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    support(cast)
    answering(monkeypatch, fair)
    run = tried(cast, reader(cast))
    client.force_login(cast.clinicians[0])
    assert "passed the battery" in page(run, client)
    assert BUTTON not in judges_page(cast, client)
    url = reverse("battery_new", args=[cast.project.pk, run.judge_id])
    assert client.post(url, {"key": "k"}).status_code == 403


def test_whoever_still_rates_the_same_words_does_not_see_what_they_got(
    cast: Cast, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    support(cast)
    answering(monkeypatch, generous)
    run = tried(cast, reader(cast))
    reply = cases.by_id()["off topic 1"].reply
    seeing, blind = cast.leads
    still_rates(cast, blind, run, reply)
    api = reverse("api_battery_retrieve", args=[cast.project.pk, run.pk])
    client.force_login(blind)
    found = page(run, client)
    assert one_line(reply) not in found and "Off topic 1" not in found
    assert "hidden, because you still have to rate the same words" in found
    assert "off topic 1" not in client.get(api).content.decode()
    client.force_login(seeing)
    found = page(run, client)
    assert one_line(reply) in found and "Off topic 1" in found
    assert "off topic 1" in client.get(api).content.decode()


def test_the_list_costs_the_same_for_more_judges_and_versions(
    cast: Cast, lead: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    support(cast)
    answering(monkeypatch, fair)
    tried(cast, reader(cast))

    def queries() -> int:
        with CaptureQueriesContext(connection) as found:
            judges_page(cast, lead)
        return len(found)

    queries()  # The first request also notes the session.
    few = queries()
    published(cast.project, replace(RUBRIC, title="Another"))
    for _ in range(3):
        battery_run(cast, reader(cast))
    assert queries() == few


def test_a_report_that_is_shown_can_be_read_again(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    support(cast)
    answering(monkeypatch, generous)
    run = tried(cast, reader(cast))
    assert to_json(from_json(run.report)) == run.report
    # What goes on without anything left to ask gives the same.
    BatteryRun.objects.filter(pk=run.pk).update(status="pending", ended_at=None)
    trying.work(str(run.pk))
    again = BatteryRun.objects.get(pk=run.pk)
    assert (again.status, again.report) == ("succeeded", run.report)
