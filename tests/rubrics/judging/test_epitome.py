"""The learned judge on EPITOME, where the data is at hand."""

import json
import os
from pathlib import Path

import pytest
from sklearn.metrics import f1_score

from rubrics.demo.epitome import EPITOME, UID_BY_KEY
from rubrics.judging.judge import rate_sync
from rubrics.judging.learned import LabelledRow, fit
from tests.support.rubrics import context, item

DATA = os.environ.get("KARDIA_DATA")
TRAINING_ROWS = 1500

pytestmark = pytest.mark.skipif(not DATA, reason="needs KARDIA_DATA")


def split_by_seeker(rows):
    """The first rows to train on; of the rest, those whose seeker was not seen."""
    train = rows[:TRAINING_ROWS]
    seen = {row["seeker_id"] for row in train}
    return train, [row for row in rows[TRAINING_ROWS:] if row["seeker_id"] not in seen]


def history(row):
    return {
        "situation": "",
        "profile": "",
        "history": [{"role": "seeker", "text": row["seeker_post"]}],
    }


def test_clearly_beats_the_constant_predictor():
    with (Path(DATA) / "epitome.jsonl").open(encoding="utf-8") as lines:
        train, test = split_by_seeker([json.loads(line) for line in lines])
    labelled = [
        LabelledRow(
            context(row["response_post"], **history(row)),
            {UID_BY_KEY[key]: level for key, level in row["levels"].items()},
        )
        for row in train
    ]
    judge = fit(EPITOME, labelled, seed=1)
    results = rate_sync(EPITOME, [item(r["response_post"], **history(r)) for r in test], judge)
    for key, uid in UID_BY_KEY.items():
        given = [row["levels"][key] for row in test]
        judged = [int(result.scores[uid].value) for result in results]
        constant = [max(set(given), key=given.count)] * len(given)
        macro = {"average": "macro", "labels": [0, 1, 2], "zero_division": 0}
        assert f1_score(given, judged, **macro) > f1_score(given, constant, **macro) + 0.2
