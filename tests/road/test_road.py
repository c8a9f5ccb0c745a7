"""The method from end to end, in a project made from nothing, each station by who would do it."""

from pathlib import Path

import pytest
from playwright.sync_api import Browser

from tests.road import comparisons, exports, models, people
from tests.road.conftest import Studio
from tests.road.walk import Road
from tests.support.waiting import LONG_S

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.timeout(8 * LONG_S)]


@pytest.fixture
def road(browser: Browser, studio: Studio, tmp_path: Path) -> Road:
    return Road(browser, studio, tmp_path)


def test_the_road(road: Road) -> None:
    people.begin_project(road)
    people.invite_people(road)
    people.import_file(road)
    models.add_model(road)

    people.write_rubric(road)
    people.publish_rubric(road)
    people.queue_for_two(road)
    people.rate(road)
    models.fit(road, models.FIRST)
    models.judge_rated(road)
    people.agree(road)
    people.adjudicate(road)
    models.fit(road, models.SETTLED)

    models.generate_with_critic(road)
    models.measure(road)
    models.train(road)
    trained = models.evaluate(road)
    judged = comparisons.compare_blind(road, trained)
    models.serve(road, trained)
    dialogues = models.generate_again(road, trained)

    exports.export_ratings(road)
    exports.export_judgements(road, judged)
    exports.export_dialogues(road, dialogues)
    assert road.faults == []
