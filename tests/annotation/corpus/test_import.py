"""Whole imports, run in the test's own process."""

import json
from collections import Counter

import pytest
from django.test import Client
from django.urls import reverse

from annotation.corpus import work as imports
from annotation.corpus.set_query import SetQuery
from annotation.formats.registry import READERS
from annotation.models import (
    Collection,
    Dialogue,
    Evidence,
    ImportLine,
    ImportRun,
    Rating,
    Score,
    Turn,
)
from annotation.sets import services as sets
from annotation.sets.queries import size_of
from rubrics.models import RubricVersion
from tests.conftest import Cast
from tests.support.imports import FILES, imported, start
from tests.support.pages import html_of
from tests.support.source_files import licensed, sample_of
from webapp.audit.models import Entry
from webapp.errors import Refused
from webapp.runs import services as runs
from webapp.runs.work import Cancelled, Claim


def _outcomes(run: ImportRun) -> Counter[str]:
    return Counter(run.lines.values_list("outcome", flat=True))


@pytest.mark.parametrize("name", READERS)
def test_a_file_of_each_shape(cast: Cast, name: str) -> None:
    run = imported(cast, FILES[name].read_bytes())

    assert (run.status, run.format) == ("succeeded", name), run.error
    outcomes = _outcomes(run)
    assert sum(outcomes.values()) == run.records_total
    assert outcomes["added"] == Dialogue.objects.count() > 0
    broken = run.lines.filter(outcome="broken")
    assert all(line.reason and line.line > 0 for line in broken)
    assert broken
    assert not Dialogue.objects.filter(sealed_at=None).exists()


@pytest.mark.parametrize("name", READERS)
def test_the_same_file_twice_adds_nothing(cast: Cast, name: str) -> None:
    first = imported(cast, FILES[name].read_bytes())
    before = (Dialogue.objects.count(), Turn.objects.count(), Score.objects.count())
    second = imported(cast, FILES[name].read_bytes())

    assert (Dialogue.objects.count(), Turn.objects.count(), Score.objects.count()) == before
    one, two = _outcomes(first), _outcomes(second)
    assert two["added"] == 0
    assert two["known"] == one["added"] + one["known"]
    assert two["broken"] == one["broken"]
    assert first.file_id == second.file_id


def test_turns_that_hold_a_models_reasoning_are_counted(cast: Cast, client: Client) -> None:
    replies = (
        "<think>Tedious.</think>I am sorry.",
        "Hidden without an opening mark.</think>I am sorry.",
        "[THINK]Plan.[/THINK]I am sorry.",
        "<|understanding_begin|>Low.<|understanding_end|><|reasoning_begin|>She exaggerates and",
        "I am sorry.",
    )
    lines = [
        {
            "person": "Walks.", "mbti": "INFP", "emotion": "anxious", "situation": "A hard week.",
            "anon_username": f"walker_{number}",
            "messages": [
                {"role": "user", "content": "I failed."},
                {"role": "assistant", "content": reply},
            ],
        }
        for number, reply in enumerate(replies)
    ]  # fmt: skip
    run = imported(cast, "\n".join(map(json.dumps, lines)).encode())
    found = run.lines.values_list("reasoning_removed", "reasoning_cut")
    assert list(found) == [(1, 0), (1, 0), (1, 0), (0, 1), (0, 0)]
    said = Turn.objects.filter(role="supporter").order_by("dialogue__number")
    assert list(said.values_list("text", flat=True)) == [*["I am sorry."] * 3, "", "I am sorry."]
    assert [turn.raw for turn in said] == list(replies)
    client.force_login(cast.leads[0])
    page = html_of(client.get(reverse("import_run", args=[cast.project.pk, run.pk])))
    assert "It was taken out of 3 turns." in page and "1 turn ends during the reasoning" in page
    # What is here already is not counted again.
    again = imported(cast, "\n".join(map(json.dumps, lines)).encode())
    assert not again.lines.exclude(reasoning_removed=0, reasoning_cut=0).exists()


def test_epitome_brings_ratings_of_one_external_rater(cast: Cast) -> None:
    imported(cast, FILES["epitome"].read_bytes())

    version = RubricVersion.objects.get(project=cast.project)
    assert version.status == "published"
    assert version.rubric.name.startswith("EPITOME")
    assert Rating.objects.count() == Dialogue.objects.count()
    assert Score.objects.count() == 3 * Rating.objects.count()
    rating = Rating.objects.select_related("rater", "target").first()
    assert rating is not None
    assert (rating.rater.kind, rating.purpose, rating.target.kind) == ("external", "import", "turn")
    placed = Evidence.objects.filter(start__isnull=False).select_related(
        "score__rating__target__turn"
    )
    assert placed.count() > 0
    for row in placed:
        assert row.score.rating.target.turn.text[row.start : row.end] == row.quote


def test_a_survey_becomes_ratings_of_dialogues_and_missing_stays_missing(cast: Cast) -> None:
    content = [
        _conversation("one", {"empathy": "4", "relevance": "5", "initial_emotion_intensity": "5"}),
        _conversation("two", {"relevance": "2"}),
        _conversation("three", {}),
    ]
    imported(cast, json.dumps(content).encode(), "esconv")

    assert Dialogue.objects.count() == 3
    assert Rating.objects.count() == 2
    assert sorted(Score.objects.values_list("value", flat=True)) == [2, 4, 5]
    assert {row.target.kind for row in Rating.objects.select_related("target")} == {"dialogue"}
    first = Dialogue.objects.get(situation="Situation one")
    assert first.meta["seeker_survey"]["initial_emotion_intensity"] == 5
    assert first.meta["seeker_survey"]["final_emotion_intensity"] is None


def test_the_rubric_of_a_source_is_made_once(cast: Cast) -> None:
    content = FILES["epitome"].read_bytes().splitlines(keepends=True)
    imported(cast, b"".join(content[:10]), "epitome")
    imported(cast, b"".join(content[10:]), "epitome")
    assert RubricVersion.objects.count() == 1


def test_a_set_of_what_stood_in_the_file(cast: Cast) -> None:
    run = imported(cast, FILES["epitome"].read_bytes())
    again = imported(cast, FILES["epitome"].read_bytes())

    assert run.collection.name == "EPITOME of file.jsonl"
    for each in (run, again):
        query = SetQuery.from_json(each.collection.query)
        assert size_of(member=cast.member(cast.leads[0]), query=query) == Dialogue.objects.count()


def test_a_double_click_starts_one_run(cast: Cast) -> None:
    content = FILES["epitome"].read_bytes()
    assert start(cast, content, key="k").pk == start(cast, content, key="k").pk
    assert ImportRun.objects.count() == Collection.objects.count() == 1
    assert Entry.objects.filter(action="import.started").count() == 1


def test_a_run_goes_on_behind_the_last_line(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(imports, "CHUNK_RECORDS", 5)
    run = start(cast, FILES["epitome"].read_bytes())
    write, written = imports._write, []

    def third_is_cut_off(*args) -> int:  # type: ignore[no-untyped-def]
        written.append(args)
        kept = write(*args)
        if len(written) == 3:
            raise KeyboardInterrupt
        return kept

    monkeypatch.setattr(imports, "_write", third_is_cut_off)
    with pytest.raises(KeyboardInterrupt):
        imports.work(str(run.pk))
    run.refresh_from_db()
    assert (run.status, run.lines.count()) == ("pending", 10)

    imports.work(str(run.pk))
    run.refresh_from_db()
    assert (run.status, run.lines.count()) == ("succeeded", run.records_total)
    numbers = Dialogue.objects.order_by("number").values_list("number", flat=True)
    assert list(numbers) == list(range(1, len(numbers) + 1))


def test_a_stopped_run_keeps_what_it_has_and_goes_on(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(imports, "CHUNK_RECORDS", 5)
    run = start(cast, FILES["epitome"].read_bytes())

    def check(claim: Claim[ImportRun]) -> None:
        if claim.run.lines.exists():
            raise Cancelled

    with monkeypatch.context() as patch:
        patch.setattr(Claim, "check", check)
        imports.work(str(run.pk))
    run.refresh_from_db()
    assert (run.status, run.lines.count()) == ("cancelled", 5)

    runs.resume(run, actor=cast.leads[0])
    imports.work(str(run.pk))
    run.refresh_from_db()
    assert (run.status, run.lines.count()) == ("succeeded", run.records_total)


HOSTILE_FILES = {
    "nothing": (b"", "empty"),
    "only blanks": (b"  \n\n\r\n", "empty"),
    "a zip": (b"PK\x03\x04" + bytes(100), "zip"),
    "gzip": (b"\x1f\x8b" + bytes(100), "compressed"),
    "UTF-16": ('{"person": "x"}'.encode("utf-16"), "UTF-16"),
    "a table": (b"name,text\n1,hello\n", "could not be detected"),
}


@pytest.mark.parametrize("name", HOSTILE_FILES)
def test_a_file_that_can_not_be_read_is_refused_at_once(cast: Cast, name: str) -> None:
    content, words = HOSTILE_FILES[name]
    with pytest.raises(Refused, match=words):
        start(cast, content)
    assert not ImportRun.objects.exists()


GOOD_LINE = FILES["kardiabench"].read_bytes().splitlines()[0]
HOSTILE_LINES = {
    "5 MB in one line": (b'{"person": "' + b"x" * 5_000_000 + b'"}', "too long"),
    "deep nesting": (b"[" * 100_000, "nested|not JSON"),
    "deep object": (b'{"messages": ' + b"[" * 500 + b"]" * 500 + b"}", "nested"),
    "NUL": (b'{"messages": "a\x00b"}', "NUL"),
    "escaped NUL": (rb'{"messages": [{"role": "user", "content": "a\u0000b"}]}', "u0000"),
    "half a surrogate pair": (
        rb'{"messages": [{"role": "user", "content": "\ud83d"}]}',
        "surrogate",
    ),
    "Latin-1": (b'{"messages": "caf\xe9"}', "UTF-8"),
    "half a line": (GOOD_LINE[: len(GOOD_LINE) // 2], "not JSON"),
    "NaN": (b'{"messages": NaN}', "NaN"),
}


@pytest.mark.parametrize("name", HOSTILE_LINES)
def test_a_hostile_line_is_reported_and_the_others_go_in(cast: Cast, name: str) -> None:
    hostile, words = HOSTILE_LINES[name]
    content = b"\n".join([GOOD_LINE, hostile, GOOD_LINE.replace(b"quiet_harbor", b"other")])
    run = imported(cast, content, "kardiabench")

    assert run.status == "succeeded", run.error
    assert _outcomes(run) == {"added": 2, "broken": 1}
    broken = run.lines.get(outcome="broken")
    assert broken.line == 2
    assert any(word in broken.reason for word in words.split("|")), broken.reason
    assert len(broken.excerpt) <= 121


def test_a_file_of_the_wrong_format_fails_in_words(cast: Cast) -> None:
    run = imported(cast, b'{"not": "an array"}', "esconv")
    assert run.status == "failed"
    assert "JSON array" in run.error
    assert not Dialogue.objects.exists()


def test_a_lost_claim_writes_nothing(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    run = start(cast, FILES["epitome"].read_bytes())
    count = imports._count

    def taken_over(claim) -> None:  # type: ignore[no-untyped-def]
        count(claim)
        ImportRun.objects.filter(pk=run.pk).update(claim="0190b5a0-0000-7000-8000-000000000000")

    monkeypatch.setattr(imports, "_count", taken_over)
    imports.work(str(run.pk))
    assert ImportLine.objects.count() == Dialogue.objects.count() == 0


def test_a_sample_of_the_real_files(cast: Cast) -> None:
    """`python -m bench imports FILE` imports them whole; the tests of formats read them whole."""
    run = imported(cast, sample_of(licensed("epitome.jsonl")))
    assert _outcomes(run) == {"added": 300}
    assert Score.objects.count() == 900
    frozen = sets.freeze(collection=run.collection, actor=cast.leads[0])
    assert frozen.members.count() == 300
    survey = imported(cast, sample_of(licensed("failed_esconv.json")))
    outcomes = _outcomes(survey)
    assert outcomes["added"] > 30 and outcomes["broken"] == 0
    assert Rating.objects.filter(target__kind="dialogue").exists()


def _conversation(name: str, survey: dict[str, str]) -> dict[str, object]:
    return {
        "emotion_type": "fear",
        "problem_type": "work",
        "experience_type": "Current Experience",
        "situation": f"Situation {name}",
        "survey_score": {"seeker": survey, "supporter": {"relevance": "5"}},
        "dialog": [
            {"speaker": "speaker", "annotation": {}, "content": f"Hello, {name}."},
            {"speaker": "listener", "annotation": {"strategy": "Questions"}, "content": "Hello."},
        ],
    }
