"""Generation with a scripted endpoint."""

import pytest

from annotation.generation import work as generation
from annotation.generation.synthesis import turn_seed
from annotation.models import Dialogue, GenerationItem, Turn
from tests.conftest import Cast
from tests.support.generation import corpus, planned, seed_in, served, stub, written
from webapp.llm.models import ModelCall

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.mark.slow
def test_every_planned_dialogue_is_written_whole(cast: Cast) -> None:
    corpus(cast)
    with served(cast, stub()) as voice:
        run = planned(cast, voice, count=20)
        generation.work(str(run.pk))
    run.refresh_from_db()
    assert (run.status, run.error) == ("succeeded", "")
    assert run.items.filter(state=GenerationItem.State.DONE).count() == 20
    made = Dialogue.objects.filter(generation_item__run=run)
    assert made.filter(sealed_at__isnull=False).count() == 20
    for position, turns in written(run).items():
        assert [(at, role) for at, role, _ in turns] == [
            (0, "seeker"), (1, "supporter"), (2, "seeker"), (3, "supporter")
        ]  # fmt: skip
        # No turn of another dialogue came in between: each tells the seed that it was asked with.
        assert [seed_in(text) for _, _, text in turns] == [
            turn_seed(7 * 1_000_003 + position, at) for at in (0, 0, 2, 2)
        ]
    assert ModelCall.objects.filter(run_id=run.pk).count() == 80
    assert Turn.objects.filter(dialogue__in=made, role="supporter", emotion="lonely").count() == 40
