"""The live counts of comments, where a message was lost."""

from types import SimpleNamespace
from typing import Any

import pytest
from asgiref.sync import async_to_sync, sync_to_async

from rubrics.writing.services import rubric_create
from tests.conftest import Cast
from tests.support.rubric_texts import criterion, rubric_text
from tests.webapp.runs.test_live import Viewer
from webapp.runs import consumers
from webapp.threads import services

pytestmark = pytest.mark.django_db(transaction=True)


def test_a_comment_whose_message_was_lost_is_shown_soon(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(consumers, "MIN_INTERVAL_S", 0.01)
    monkeypatch.setattr(consumers, "LOOK_AGAIN_S", 0.2)
    monkeypatch.setattr(services.live, "publish", lambda topic: None)
    rubric = rubric_create(
        project=cast.project,
        actor=cast.clinicians[0],
        name="Warmth",
        content=rubric_text(criterion("warmth")),
    )

    def comment() -> None:
        services.thread_open(
            member=cast.member(cast.clinicians[0]),
            kind="rubric",
            object_id=rubric.pk,
            anchor="criterion:warmth",
            text="Too vague?",
        )

    async def story() -> None:
        page: Any = SimpleNamespace(kind="rubric-threads", pk=rubric.pk)
        viewer = Viewer(page, cast.clinicians[1])
        await viewer.open()
        assert 'data-total="0"' in (await viewer.read())["text"]
        await sync_to_async(comment)()
        assert 'data-total="1"' in (await viewer.read())["text"]
        await viewer.close()

    async_to_sync(story)()
