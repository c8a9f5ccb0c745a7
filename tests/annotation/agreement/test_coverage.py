"""How often the 95 % interval of agreement holds the true value: why it draws dialogues."""

import numpy as np
import pytest

from annotation.agreement.statistics import alpha

DIALOGUES, REPLIES, ROUNDS = 40, 8, 200


def clustered(random: np.random.Generator, dialogues: int) -> np.ndarray:
    """Levels 1 to 5 of two raters, (dialogues * REPLIES, 2). The replies of a dialogue are alike,
    and so is how far raters differ in it: some dialogues are harder to rate."""
    truth = random.normal(3, 0.9, dialogues).repeat(REPLIES)
    hard = random.choice([0.2, 1.4], dialogues).repeat(REPLIES)
    truth = truth + random.normal(0, 0.4, len(truth))
    errors = random.normal(0, 1, (len(truth), 2)) * hard[:, None]
    return np.clip(np.round(truth[:, None] + errors), 1, 5)


@pytest.mark.slow
def test_the_interval_holds_the_truth_by_dialogue_and_not_by_item() -> None:
    random = np.random.default_rng(17)
    true = alpha(clustered(random, 10_000), n_resamples=1).value
    assert true is not None
    places = [("one profile", item // REPLIES) for item in range(DIALOGUES * REPLIES)]
    held = {"items": 0, "dialogues": 0}
    for seed in range(ROUNDS):
        table = clustered(random, DIALOGUES)
        for found in (
            alpha(table, n_resamples=400, seed=seed),
            alpha(table, places=places, n_resamples=400, seed=seed),
        ):
            assert found.low is not None and found.high is not None
            held[found.unit] += found.low <= true <= found.high
    # 95 of 100 would be 190 of 200, with a standard error of 3.
    assert held["items"] < 175
    assert 182 <= held["dialogues"] <= 198
