"""What adjudicators settled, and the preferences between replies that it makes."""

from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from django.http import Http404
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from annotation.adjudication import services
from annotation.exports import reading, registry
from annotation.exports.adjudication_preferences import Settled, _pairs
from annotation.exports.services import select
from annotation.models import Adjudication, Decision, Rating, Score, Target
from annotation.queues.services import queue_close
from annotation.ratings.services import NewScore, rater_for_person, submit_rating
from annotation.ratings.targets import context_of, targets_for, text_target
from rubrics.judging.spans import parse_spans
from tests.annotation.exports.test_tables import fits, names
from tests.conftest import Cast
from tests.support.adjudication import settle
from tests.support.desk import Desk
from tests.support.dialogues import REPLY, supporter_turns
from tests.support.exports import exported, lines_of, rows_for
from tests.support.opened import as_pandas, assert_opens_everywhere
from tests.support.pages import html_of
from webapp.accounts.models import User
from webapp.errors import Refused

PAIRS = "adjudication_preferences"
LEVELS = {"empathy": 4, "asks": 0, "safe": None}


def rows_of(cast: Cast, user: User, table: str, **filters: str) -> list[dict[str, Any]]:
    rows = [dict(row) for _, row in rows_for(cast, user, table, **filters)]
    columns = registry.find(table).columns
    assert all(names(columns) == list(row) for row in rows)
    assert all(fits(row[column.name], column) for row in rows for column in columns)
    return rows


def reply(at_desk: Desk, word: str, *, asked: str = "I am alone.", raw: str = REPLY) -> Target:
    """A reply outside of any dialogue to what the seeker said."""
    return text_target(
        project=at_desk.cast.project,
        profile="P",
        situation="S",
        history=[{"role": "seeker", "text": asked}],
        raw=raw.replace("Whom", word),
    )


def settled(at_desk: Desk, target: Target, **levels: int | str | None) -> Rating:
    """An adjudicated rating of the clinician. None: does not apply. “all”: all levels stand."""
    cast, spec = at_desk.cast, at_desk.version.spec
    assert spec is not None
    rater = rater_for_person(project=cast.project, user=cast.clinicians[0])
    key: dict[str, Any] = {
        "target": target, "spec": spec, "rater": rater, "purpose": Rating.Purpose.ADJUDICATION
    }  # fmt: skip
    passes = Rating.objects.filter(**key).count()
    scores = [_score(uid, value) for uid, value in (LEVELS | levels).items()]
    return submit_rating(**key, pass_number=passes + 1, scores=scores).rating


def _score(uid: str, value: int | str | None) -> NewScore:
    if value is None:
        return NewScore(uid, status=Score.Status.NOT_APPLICABLE)
    if value == "all":
        return NewScore(uid, status=Score.Status.NOT_SCORED, reason="All levels stand.")
    return NewScore(uid, value=float(value))


# Adjudications


def test_a_settled_criterion_has_what_was_given_and_what_was_settled(apart: Desk) -> None:
    cast = apart.cast
    done = settle(apart, cast.clinicians[0])
    rows = rows_of(cast, cast.leads[0], "adjudications")
    assert {row["criterion_uid"] for row in rows} == {"empathy", "asks", "safe"}
    row = next(row for row in rows if row["criterion_uid"] == "empathy")
    item = done.item
    assert (row["queue"], row["queue_name"], row["item"]) == (1, "First look", item.position)
    assert row["target_id"] == str(item.target_id)
    assert apart.version.spec is not None
    assert (row["spec_hash"], row["criterion"]) == (apart.version.spec.hash, "Empathy")
    assert [each["rater"] for each in row["given"]] == ["A", "B"]
    assert sorted(each["value"] for each in row["given"]) == [1, 4]
    assert {each["level"] for each in row["given"]} == {"Dismisses", "Deepens"}
    assert (row["apart"], row["disputed"]) == (3, 1)
    assert (row["status"], row["settled"], row["settled_level"]) == ("scored", 2, "Names it")
    assert (row["cause"], row["why"]) == (
        "ambiguous_rubric", "It names the feeling, but would fit anyone."
    )  # fmt: skip
    assert row["settled_at"] == done.submitted_at
    safe = next(row for row in rows if row["criterion_uid"] == "safe")
    assert (safe["status"], safe["settled"], safe["cause"]) == ("not_applicable", None, None)
    assert (safe["apart"], safe["disputed"]) == (0, 0)


def test_the_letters_are_those_of_the_items_page(apart: Desk) -> None:
    from annotation.adjudication.queries import adjudication_item
    from tests.support.adjudication import DECIDED, take

    cast = apart.cast
    clinician = cast.clinicians[0]
    own = take(apart, clinician)
    shown = adjudication_item(cast.member(clinician), own).criteria[0]
    services.submit(adjudication=own, member=cast.member(clinician), draft=DECIDED)
    row = next(
        row
        for row in rows_of(cast, clinician, "adjudications")
        if row["criterion_uid"] == shown.spec.uid
    )
    assert [(each["rater"], str(int(each["value"]))) for each in row["given"]] == [
        (rater.letter, rater.answer) for rater in shown.raters
    ]


def test_nobody_is_named(apart: Desk) -> None:
    cast = apart.cast
    settle(apart, cast.clinicians[0])
    said = str(rows_of(cast, cast.leads[0], "adjudications"))
    assert "'adjudicator': 'Rater " in said
    for person in (*cast.annotators, *cast.clinicians):
        assert person.email not in said and person.name not in said


def test_what_was_taken_back_is_left_out(apart: Desk) -> None:
    cast = apart.cast
    clinician = cast.clinicians[0]
    done = settle(apart, clinician)
    services.undo(adjudication=done, member=cast.member(clinician))
    assert rows_of(cast, cast.leads[0], "adjudications") == []
    settle(apart, clinician, scores={"empathy": 3, "asks": 0, "safe": "na"})
    assert Decision.objects.count() == 6
    rows = rows_of(cast, cast.leads[0], "adjudications")
    assert [row["settled"] for row in rows if row["criterion_uid"] == "empathy"] == [3]
    assert len(rows) == 3


def test_a_queue_is_a_filter(apart: Desk) -> None:
    cast, lead = apart.cast, apart.cast.leads[0]
    settle(apart, cast.clinicians[0])
    other = apart.another_queue(cast.annotators[2])
    queue_close(queue=other, actor=lead)
    assert len(rows_of(cast, lead, "adjudications", queue=str(apart.queue.pk))) == 3
    assert rows_of(cast, lead, "adjudications", queue=str(other.pk)) == []
    with pytest.raises(Http404):
        rows_for(cast, lead, "adjudications", queue=str(uuid4()))


def test_the_pages_lead_to_the_export_with_their_queue(apart: Desk, client: Client) -> None:
    cast = apart.cast
    settle(apart, cast.clinicians[0])
    client.force_login(cast.leads[0])
    new = f"{reverse('export_new', args=[cast.project.pk])}?table=adjudications"
    assert f'href="{new}"' in html_of(client.get(reverse("adjudication", args=[cast.project.pk])))
    page = client.get(reverse("adjudication_queue", args=[cast.project.pk, apart.queue.pk]))
    assert f'href="{new}&amp;queue={apart.queue.pk}"' in html_of(page)
    form = html_of(client.get(f"{new}&queue={apart.queue.pk}"))
    assert "in the queue First look. 3 settled criteria now." in form
    assert "preferences from adjudication</a>" in form


def test_who_still_rates_a_text_gets_nothing_that_was_settled_about_it(
    apart: Desk,
) -> None:
    """The second lead gets a place in another queue over the same texts."""
    cast = apart.cast
    settle(apart, cast.clinicians[0])
    assert len(rows_of(cast, cast.leads[1], "adjudications")) == 3
    other = apart.another_queue(cast.leads[1])
    assert rows_of(cast, cast.leads[1], "adjudications") == []
    assert len(rows_of(cast, cast.leads[0], "adjudications")) == 3
    queue_close(queue=other, actor=cast.leads[0])
    assert len(rows_of(cast, cast.leads[1], "adjudications")) == 3


# Preferences


def test_the_reply_with_the_higher_settled_total_is_chosen(apart: Desk) -> None:
    cast = apart.cast
    warm, cold = reply(apart, "Warm"), reply(apart, "Cold")
    settled(apart, cold, empathy=2)
    settled(apart, warm, empathy=4)
    settled(apart, reply(apart, "Elsewhere", asked="Another prompt."), empathy=5)
    [row] = rows_of(cast, cast.clinicians[0], PAIRS)
    assert (row["chosen_id"], row["rejected_id"]) == (str(warm.pk), str(cold.pk))
    assert row["chosen_total"] > row["rejected_total"]
    assert [(each["role"]) for each in row["prompt"]] == ["system", "user"]
    assert row["prompt"][1]["content"] == "I am alone."
    [chosen] = row["chosen"]
    assert parse_spans(chosen["content"]).spelling == "tokens" and "Warm do" in chosen["content"]
    assert (row["chosen_by"], row["split"]) == ("adjudicator", "unassigned")
    assert apart.version.spec is not None
    assert row["spec_hash"] == apart.version.spec.hash
    [short] = rows_of(cast, cast.clinicians[0], PAIRS, spelling="response")
    assert short["chosen"][0]["content"].startswith("The kitchen")
    with pytest.raises(Refused, match="how replies are written"):
        rows_for(cast, cast.clinicians[0], PAIRS, spelling="morse")


def turn_and_text(at_desk: Desk, word: str) -> tuple[Target, Target]:
    """A turn of the first dialogue, and another reply in its place."""
    project = at_desk.cast.project
    said = supporter_turns(at_desk.dialogues[0])[0]
    [turn] = targets_for(project=project, turns=[said.pk])
    context = context_of(turn)
    asked = {name: context[name] for name in ("profile", "situation", "history")}
    return turn, text_target(project=project, raw=REPLY.replace("Whom", word), **asked)


def test_a_turn_and_a_text_are_a_pair_in_no_split(apart: Desk) -> None:
    """The text must not get among training data, whatever the turn's split."""
    turn, other = turn_and_text(apart, "Another")
    settled(apart, turn, empathy=4)
    settled(apart, other, empathy=2)
    [row] = rows_of(apart.cast, apart.cast.leads[0], PAIRS)
    assert (row["chosen_dialogue"], row["rejected_dialogue"]) == (1, None)
    assert row["split"] == "unassigned"
    assert row["prompt"][-1]["content"] == "Night 1, thought 0."


def test_every_two_replies_that_differ_are_a_pair(apart: Desk) -> None:
    for word, level in (("One", 1), ("Two", 3), ("Three", 3), ("Four", 5)):
        settled(apart, reply(apart, word), empathy=level)
    assert len(rows_of(apart.cast, apart.cast.leads[0], PAIRS)) == 5


@pytest.mark.parametrize("level", ["all", None])
def test_only_a_reply_with_a_whole_total_counts(apart: Desk, level: str | None) -> None:
    """Where all levels of a criterion stand there is no total. What does not apply is left out."""
    settled(apart, reply(apart, "Warm"), empathy=4, asks=2)
    settled(apart, reply(apart, "Cold"), empathy=4, asks=level)
    rows = rows_of(apart.cast, apart.cast.leads[0], PAIRS)
    assert len(rows) == (0 if level == "all" else 1)


def test_the_latest_adjudication_of_a_reply_counts(apart: Desk) -> None:
    warm, cold = reply(apart, "Warm"), reply(apart, "Cold")
    settled(apart, warm, empathy=4)
    settled(apart, cold, empathy=2)
    settled(apart, cold, empathy=5)
    lead = apart.cast.leads[0]
    [row] = rows_of(apart.cast, lead, PAIRS)
    assert row["chosen_id"] == str(cold.pk)
    settled(apart, cold, empathy="all")
    assert rows_of(apart.cast, lead, PAIRS) == []
    Rating.objects.filter(target=cold, pass_number=3).update(withdrawn_at=timezone.now())
    assert len(rows_of(apart.cast, lead, PAIRS)) == 1


def test_a_reply_without_its_spans_is_written_as_the_response_only(apart: Desk) -> None:
    lead = apart.cast.leads[0]
    settled(apart, reply(apart, "Warm"), empathy=4)
    settled(apart, reply(apart, "", raw="Plain words."), empathy=2)
    assert rows_of(apart.cast, lead, PAIRS) == []
    [row] = rows_of(apart.cast, lead, PAIRS, spelling="response")
    assert row["rejected"][0]["content"] == "Plain words."


def test_who_still_rates_one_of_the_replies_gets_no_pair(apart: Desk) -> None:
    """A reply says what a turn on the second lead's desk says."""
    cast = apart.cast
    turn = apart.dialogues[0].turns.filter(role="supporter").first()
    assert turn is not None
    settled(apart, reply(apart, "Whom", raw=turn.raw), empathy=4)
    settled(apart, reply(apart, "Cold"), empathy=2)
    assert len(rows_of(cast, cast.leads[1], PAIRS)) == 1
    apart.another_queue(cast.leads[1])
    assert rows_of(cast, cast.leads[1], PAIRS) == []
    assert len(rows_of(cast, cast.leads[0], PAIRS)) == 1


def test_the_queue_is_a_filter_of_pairs(apart: Desk) -> None:
    """A turn is settled in the queue, the other reply is not."""
    cast = apart.cast
    done = settle(apart, cast.clinicians[0])
    selection = select(
        registry.find(PAIRS), cast.member(cast.leads[0]), {"queue": str(apart.queue.pk)}
    )
    settled(apart, reply(apart, "Warm"), empathy=4)
    assert selection.count() == Adjudication.objects.filter(rating=done.rating_id).count() == 1


# Both


@pytest.mark.parametrize(("table", "queries"), [("adjudications", 6), (PAIRS, 8)])
def test_a_portion_costs_the_same_whatever_its_size(
    apart: Desk,
    table: str,
    queries: int,
    django_assert_num_queries: Any,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    cast = apart.cast
    settle(apart, cast.clinicians[0])
    settle(apart, cast.clinicians[0])
    selection = select(registry.find(table), cast.member(cast.leads[0]), {})
    for size in (1, 2):
        monkeypatch.setattr(reading, "CHUNK", size)
        with django_assert_num_queries(queries):
            assert next(selection.chunks()).units == size


def test_a_portion_of_pairs_costs_the_same_whatever_its_size(
    apart: Desk, django_assert_num_queries: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    turn, other = turn_and_text(apart, "Another")
    for level, target in enumerate((turn, other, turn_and_text(apart, "A third")[1]), start=1):
        settled(apart, target, empathy=level)
    selection = select(registry.find(PAIRS), apart.cast.member(apart.cast.leads[0]), {})
    for size in (1, 3):
        monkeypatch.setattr("annotation.exports.adjudication_preferences.CHUNK", size)
        chunks = selection.chunks()
        assert next(chunks).units == 3
        with django_assert_num_queries(5):
            assert len(next(chunks).rows) == size


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_the_files_open(apart: Desk, tmp_path: Path) -> None:
    cast, lead = apart.cast, apart.cast.leads[0]
    settle(apart, cast.clinicians[0], rationales={"empathy": "=HYPERLINK(1)"})
    settled(apart, reply(apart, "Warm"), empathy=4)
    settled(apart, reply(apart, "Cold"), empathy=2)
    assert_opens_everywhere(cast, lead, "adjudications", tmp_path / "a", rows=3)
    assert_opens_everywhere(cast, lead, PAIRS, tmp_path / "b", rows=1)
    frame = as_pandas(cast, lead, "adjudications", "csv")
    assert "'=HYPERLINK(1)" in set(frame["why"])
    [line] = lines_of(exported(cast, lead, PAIRS))
    assert line["chosen_total"] > line["rejected_total"]


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_no_pair_is_said(apart: Desk) -> None:
    settled(apart, reply(apart, "Warm"), empathy=4)
    run = exported(apart.cast, apart.cast.leads[0], PAIRS)
    assert run.status == "failed" and "same prompt" in run.error


def test_totals_that_differ_by_rounding_are_equal() -> None:
    def one(total: float) -> Settled:
        return Settled(uuid4(), spec, "p", total, timezone.now())

    spec = uuid4()
    assert list(_pairs([one(0.1 + 0.2), one(0.3)])) == []
    assert len(list(_pairs([one(0.31), one(0.3)]))) == 1
