"""The pages: who may open them, what they show, and what they cost."""

from collections.abc import Callable
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from annotation.corpus import work as imports
from annotation.corpus.set_query import SetQuery
from annotation.models import Dialogue, ImportRun, Rating
from annotation.ratings.services import NewScore, author_rater, submit_rating
from annotation.ratings.targets import targets_for
from annotation.sets import services as sets
from tests.conftest import Cast
from tests.support.dialogues import RUBRIC, added, parsed, published, supporter_turns
from tests.support.imports import FILES, imported, start
from tests.support.pages import html_of

Get = Callable[..., Any]


@pytest.fixture
def get(client: Client, cast: Cast) -> Get:
    """GET a page of the project as somebody, the first lead where nobody is named."""

    def ask(name: str, *args: object, user: object = None, query: str = "", **more: Any) -> Any:
        client.force_login(user or cast.leads[0])  # type: ignore[arg-type]
        return client.get(reverse(name, args=[cast.project.pk, *args]) + query, **more)

    return ask


@pytest.fixture
def places(cast: Cast) -> dict[str, list[object]]:
    """Every page of the station with the ids that it needs."""
    run = imported(cast, FILES["epitome"].read_bytes())
    row = Dialogue.objects.filter(project=cast.project).first()
    assert row is not None
    return {
        "data": [],
        "dialogues": [],
        "dialogue": [row.pk],
        "imports": [],
        "import_new": [],
        "import_run": [run.pk],
        "sets": [],
        "set_new": [],
        "set_size": [],
        "set": [run.collection_id],
    }


@pytest.mark.slow
def test_leads_and_clinicians_read_annotators_and_strangers_do_not(
    cast: Cast, get: Get, places: dict[str, list[object]]
) -> None:
    read = {200, 302}
    for name, args in places.items():
        assert get(name, *args, user=cast.leads[0]).status_code in read, name
        clinician = get(name, *args, user=cast.clinicians[0]).status_code
        assert clinician in ({403} if name == "import_new" else read), name
        assert get(name, *args, user=cast.annotators[0]).status_code == 403, name
        for nobody in (cast.outsider, cast.stranger, cast.admin):
            assert get(name, *args, user=nobody).status_code == 404, name


@pytest.mark.parametrize("name", ["dialogue", "import_run", "set"])
def test_an_id_of_another_project_is_not_found(
    cast: Cast, get: Get, places: dict[str, list[object]], name: str, client: Client
) -> None:
    client.force_login(cast.stranger)
    url = reverse(name, args=[cast.other_project.pk, *places[name]])
    assert client.get(url).status_code == 404


def test_posts_of_others_are_refused(cast: Cast, client: Client) -> None:
    run = start(cast, FILES["epitome"].read_bytes())
    for name, args, clinician in (
        ("import_new", [], 403),
        ("run_cancel", [run.pk], 403),
        ("run_resume", [run.pk], 403),
        ("set_new", [], 200),
        ("snapshot_freeze", [run.collection_id], 200),
    ):
        url = reverse(name, args=[cast.project.pk, *args])
        for user, status in (
            (cast.clinicians[0], clinician),
            (cast.annotators[0], 403),
            (cast.outsider, 404),
            (cast.stranger, 404),
        ):
            client.force_login(user)
            assert client.post(url).status_code == status, (name, user)
    run.refresh_from_db()
    assert run.status == "pending"


def test_a_lead_uploads_a_file_and_sees_what_became_of_it(cast: Cast, client: Client) -> None:
    client.force_login(cast.leads[0])
    upload = SimpleUploadedFile("posts.jsonl", FILES["epitome"].read_bytes())
    response = client.post(
        reverse("import_new", args=[cast.project.pk]),
        {"file": upload, "format": "auto", "key": "one"},
    )
    run = ImportRun.objects.get()
    assert response.url == reverse("import_run", args=[cast.project.pk, run.pk])
    page = html_of(client.get(response.url))
    assert "Queued" in page and f"/live/import/{run.pk}/" in page

    imports.work(str(run.pk))
    page = html_of(client.get(response.url))
    assert "were added" in page
    assert "Could not be read" in page
    assert "ws-connect" not in page
    for line in run.lines.filter(outcome="broken"):
        assert f'<td class="n">{line.line}</td>' in page


def test_the_same_form_sent_twice_starts_one_run(cast: Cast, client: Client) -> None:
    client.force_login(cast.leads[0])
    for _ in range(2):
        upload = SimpleUploadedFile("posts.jsonl", FILES["epitome"].read_bytes())
        client.post(
            reverse("import_new", args=[cast.project.pk]),
            {"file": upload, "format": "epitome", "key": "one"},
        )
    assert ImportRun.objects.count() == 1


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "The file is empty."),
        (b"PK\x03\x04..", "zip archive"),
        ("{}".encode("utf-16"), "UTF-16"),
        (b"a,b\n1,2", "Choose it from the list."),
    ],
)
def test_a_file_that_is_none_says_so_beside_the_field(
    cast: Cast, client: Client, content: bytes, words: str
) -> None:
    client.force_login(cast.leads[0])
    response = client.post(
        reverse("import_new", args=[cast.project.pk]),
        {"file": SimpleUploadedFile("x.jsonl", content), "format": "auto", "key": "k"},
    )
    assert response.status_code == 200
    assert words in html_of(response)
    assert not ImportRun.objects.exists()


def test_a_file_over_the_limit_is_refused(cast: Cast, client: Client, settings: Any) -> None:
    settings.UPLOAD_LIMIT_BYTES = 1024 * 1024
    client.force_login(cast.leads[0])
    response = client.post(
        reverse("import_new", args=[cast.project.pk]),
        {
            "file": SimpleUploadedFile("x.jsonl", b" " * (1024 * 1024 + 1)),
            "format": "epitome",
            "key": "k",
        },
    )
    assert "larger than 1 MB" in html_of(response)


def test_what_an_upload_says_is_text_and_never_markup(cast: Cast, get: Get) -> None:
    bad = "<script>alert(1)</script>"
    row = added(cast.project, parsed(1, situation=bad, profile_text=bad, username=bad))[0]
    run = imported(cast, b"[" + bad.encode() + b"]", "esconv")
    for page in (get("dialogue", row.pk), get("dialogues"), get("import_run", run.pk)):
        assert bad not in html_of(page)


def test_a_cancelled_run_can_go_on(cast: Cast, client: Client) -> None:
    run = start(cast, FILES["epitome"].read_bytes())
    client.force_login(cast.leads[0])
    client.post(reverse("run_cancel", args=[cast.project.pk, run.pk]))
    run.refresh_from_db()
    assert run.status == "cancelled"
    page = html_of(client.get(reverse("import_run", args=[cast.project.pk, run.pk])))
    assert "Resume" in page
    client.post(reverse("run_resume", args=[cast.project.pk, run.pk]))
    run.refresh_from_db()
    assert run.status == "pending"


def test_the_list_is_narrowed_and_paged(cast: Cast, get: Get) -> None:
    rows = added(
        cast.project,
        *(parsed(n, pairs=1, emotion="proud" if n < 3 else "lonely") for n in range(60)),
    )
    page = get("dialogues")
    assert "60 dialogues" in html_of(page)
    shown = [row.number for row in page.context["page"].rows]
    assert shown == list(range(60, 10, -1))
    older = get("dialogues", query="?before=11").context["page"]
    assert [row.number for row in older.rows] == list(range(10, 0, -1))
    assert (older.newer, older.older) == (10, None)
    newer = get("dialogues", query="?after=10").context["page"]
    assert [row.number for row in newer.rows] == shown

    assert "3 dialogues" in html_of(get("dialogues", query="?emotion=proud"))
    profile = rows[0].profile_id
    assert "1 dialogue<" in html_of(get("dialogues", query=f"?profile={profile}"))
    part = get("dialogues", query="?emotion=proud", headers={"hx-request": "true"})
    assert "<html" not in html_of(part)


def test_a_filter_reaches_nothing_else(cast: Cast, get: Get) -> None:
    added(cast.project, parsed(1))
    foreign = added(cast.other_project, parsed(2))[0]
    for query in (
        f"?profile={foreign.profile_id}",
        "?emotion=meh",
        "?source=' OR 1=1",
        "?import_run=x",
        "?before=abc&after=²",
        "?project__created_by__password__startswith=a",
    ):
        page = get("dialogues", query=query)
        assert page.status_code == 200
        assert "Situation 2" not in html_of(page)


def test_a_transcript_shows_spans_profile_and_where_it_is_from(cast: Cast, get: Get) -> None:
    run = imported(cast, FILES["kardiabench"].read_bytes())
    row = run.lines.filter(outcome="added").first().dialogue
    page = html_of(get("dialogue", row.pk))
    assert "<b>Understanding</b>" in page
    assert "Night nurse" in page
    assert "file.jsonl, record 1" in page
    assert f"Import {run.number}" in page


@pytest.mark.parametrize(("whys", "times"), [(["Why not."] * 2, 1), (["Why not.", "Because."], 2)])
def test_words_for_the_whole_reply_are_read_once(
    cast: Cast, get: Get, whys: list[str], times: int
) -> None:
    """An author says one thing of a reply, and it stands with each score."""
    (row,) = added(cast.project, parsed(1))
    version = published(cast.project, RUBRIC)
    assert version.spec is not None
    [target] = targets_for(project=cast.project, turns=[supporter_turns(row)[0].pk])
    submit_rating(
        target=target,
        spec=version.spec,
        rater=author_rater(project=cast.project, label="Author A"),
        purpose=Rating.Purpose.IMPORT,
        scores=[
            NewScore(uid, 1.0, rationale=why)
            for uid, why in zip(("empathy", "plan"), whys, strict=True)
        ],
    )
    page = html_of(get("dialogue", row.pk))
    assert "Author A" in page
    assert sum(page.count(f"<p>{why}</p>") for why in set(whys)) == times


@pytest.mark.slow
@pytest.mark.parametrize("name", ["dialogues", "imports", "sets"])
def test_a_list_costs_the_same_for_two_and_for_twenty(
    cast: Cast, get: Get, name: str, django_assert_num_queries: Any
) -> None:
    def grow(first: int, last: int) -> None:
        for n in range(first, last):
            added(cast.project, parsed(n))
            run = start(cast, FILES["epitome"].read_bytes())
            sets.collection_create(
                project=cast.project,
                actor=cast.leads[0],
                name=f"Set {n}",
                query=SetQuery(import_run=str(run.pk)),
            )

    grow(0, 2)
    get(name)
    with CaptureQueriesContext(connection) as few:
        get(name)
    grow(2, 20)
    with django_assert_num_queries(len(few)):
        get(name)
