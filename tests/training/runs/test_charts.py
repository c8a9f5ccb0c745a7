"""Charts are geometry: what they draw can be told from numbers alone."""

import pytest

from training.charts import MAX_POINTS, chart, small_chart, step_marks, thin, ticks


def points(text: str) -> list[tuple[float, float]]:
    return [(float(x), float(y)) for x, y in (pair.split(",") for pair in text.split())]


def test_nothing_is_drawn_without_a_point() -> None:
    assert chart([[]], steps=10) is None
    assert small_chart([], steps=10) is None


def test_a_line_rises_where_its_values_do_and_leaves_room_for_the_steps_to_come() -> None:
    drawn = chart([[(1, 0.5), (5, 0.7)]], steps=10)
    assert drawn is not None
    (x1, y1), (x2, y2) = points(drawn.lines[0].points)
    assert x1 < x2 < drawn.right and y1 > y2
    assert x2 == pytest.approx((drawn.left + drawn.right) / 2)
    assert (drawn.lines[0].last_step, drawn.lines[0].last) == (5, 0.7)


def test_the_band_goes_up_on_one_side_and_back_on_the_other() -> None:
    drawn = chart([[(1, 0.5), (2, 0.6)]], steps=2, spread=[(1, 0.1), (2, 0.2)])
    assert drawn is not None
    band = points(drawn.band)
    assert len(band) == 4
    line = points(drawn.lines[0].points)
    assert band[0][0] == band[3][0] == line[0][0]
    assert band[0][1] < line[0][1] < band[3][1]
    assert all(drawn.top - 0.01 <= y <= drawn.bottom + 0.01 for _, y in band)


def test_the_band_ends_where_the_scale_does() -> None:
    reward = [[(1, 0.9), (2, 0.1)]]
    drawn = chart(reward, steps=2, spread=[(1, 0.4), (2, 0.4)], within=(0, 1))
    assert drawn is not None
    assert [axis.label for axis in drawn.y_axis] == ["0", "0.25", "0.5", "0.75", "1"]
    ys = [y for _, y in points(drawn.band)]
    assert (min(ys), max(ys)) == pytest.approx((drawn.top, drawn.bottom))


def test_a_value_outside_of_the_scale_stays_inside_its_band() -> None:
    drawn = chart([[(1, 2.5), (2, 0.5)]], steps=2, spread=[(1, 0.4), (2, 0.1)], within=(0, 1))
    assert drawn is not None
    upper, line = points(drawn.band)[0], points(drawn.lines[0].points)[0]
    assert upper[1] <= line[1] and upper[1] >= drawn.top


@pytest.mark.parametrize("value", [0.0, 1.0, -3.0, 1e-9, 1e9])
def test_a_flat_line_is_drawn_inside(value: float) -> None:
    for drawn in (
        chart([[(1, value), (2, value)]], steps=2),
        small_chart([(1, value), (2, value)], steps=2),
    ):
        assert drawn is not None
        assert all(drawn.top <= y <= drawn.bottom for _, y in points(drawn.lines[0].points))


def test_one_point_and_a_run_of_one_step() -> None:
    drawn = chart([[(1, 0.5)]], steps=1, spread=[(1, 0.0)])
    assert drawn is not None
    assert drawn.lines[0].last_x == drawn.right


@pytest.mark.parametrize(
    ("low", "high"),
    [(0.5, 0.9), (0.58, 0.61), (0, 1), (-2.55, 0.67), (12, 3400), (0.0001, 0.0003), (0.3, 0.3)],
)
def test_ticks_are_few_round_and_around_the_range(low: float, high: float) -> None:
    found = ticks(low, high)
    assert 3 <= len(found) <= 7
    assert found[0] <= low + 1e-9 and high - 1e-9 <= found[-1]
    assert all(len(f"{tick:g}") <= 7 for tick in found)


@pytest.mark.parametrize("steps", [1, 2, 3, 4, 7, 60, 418, 960, 100_000])
def test_step_marks_end_with_the_last_step(steps: int) -> None:
    marks = step_marks(steps)
    assert marks[0] == 0 and marks[-1] == steps
    assert len(marks) <= 8
    assert marks == sorted(set(marks))


def test_long_series_are_thinned_and_keep_their_end() -> None:
    series = [(step, float(step)) for step in range(1, 5001)]
    shown = thin(series)
    assert len(shown) == MAX_POINTS
    assert (shown[0], shown[-1]) == (series[0], series[-1])
