import pytest

from training.templatetags.training_ui import digits


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (None, "–"),
        (0.0, "0"),
        (0.7812, "0.78"),
        (0.0812, "0.081"),
        (-0.5, "−0.5"),
        (41.23, "41.2"),
        (1310.4, "1,310"),
        (0.00005, "5e−05"),
        (0.0000123, "1.2e−05"),
    ],
)
def test_numbers_of_any_size_are_short(value: float | None, said: str) -> None:
    assert digits(value) == said
