"""The longest reply where nobody chooses it: measured on the replies of the set."""

from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from tokenizers import Tokenizer

from annotation.models import Snapshot
from tests.support.dialogues import REPLY
from tests.training.runs.worlds import GRPO, SFT, World, dialogues_in
from training import reply_lengths
from training.limits import MEASURED
from training.models import Checkpoint, TrainingRun
from training.paths import weights_of
from training.reply_lengths import bounded_reply, longest_reply
from webapp.errors import Refused

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("lengths", "least", "context", "expected"),
    [
        # Of 200 replies two may be longer; of 100 one.
        ([*[300] * 198, 900, 900], 256, None, 300),
        ([*[300] * 197, 900, 900, 900], 256, None, 900),
        (range(1, 1001), 256, None, 990),
        ([40], 256, None, 256),
        ([40], 0, None, 40),
        ([], 256, None, 256),
        # Half of what the model reads is the prompt's.
        ([900], 256, 1000, 500),
        ([90_000], 256, None, 4096),
        ([1], 0, None, 16),
    ],
)
def test_the_99th_percentile_within_bounds(lengths, least, context, expected) -> None:
    assert bounded_reply(lengths, least=least, context=context) == expected


def without(settings: dict[str, float]) -> dict[str, float]:
    return {name: value for name, value in settings.items() if name != MEASURED}


def test_a_run_that_leaves_it_out_takes_it_from_its_prompts(
    ready: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    tokenizer = Tokenizer.from_file(str(weights_of(ready.base) / "tokenizer.json"))
    written = REPLY
    for name in ("understanding", "reasoning", "emotion", "response"):
        written = written.replace(f"<{name}>", f"<|{name}_begin|>")
        written = written.replace(f"</{name}>", f"<|{name}_end|>")
    expected = len(tokenizer.encode(written).ids) + 1
    run = ready.start(grpo=without(GRPO), sft=without(SFT))
    assert run.settings["sft"] == {**SFT, MEASURED: expected}
    assert run.then_settings["grpo"] == {**GRPO, MEASURED: expected}
    # What somebody chose stays, beside the other method's.
    chosen = ready.start(grpo={**GRPO, MEASURED: 77}, sft=without(SFT))
    assert (chosen.settings["sft"][MEASURED], chosen.then_settings["grpo"][MEASURED]) == (
        expected, 77,
    )  # fmt: skip
    # An ordinary tokenizer has more words.
    monkeypatch.setattr(reply_lengths, "ORDINARY_VOCABULARY", 100)
    assert longest_reply(ready.base, run.train_snapshot) == 256


class Measuring:
    """Counts how often replies are measured, and within a transaction; `meanwhile` happens then."""

    def __init__(self) -> None:
        self.in_transaction: list[bool] = []
        self.meanwhile: Callable[[], object] = lambda: None

    def __call__(self, *args: Any, **options: Any) -> int:
        self.in_transaction.append(connection.in_atomic_block)
        self.meanwhile()
        return bounded_reply(*args, **options)


@pytest.fixture
def measuring(monkeypatch: pytest.MonkeyPatch) -> Measuring:
    found = Measuring()
    monkeypatch.setattr(reply_lengths, "bounded_reply", found)
    return found


@pytest.mark.django_db(transaction=True)
def test_replies_are_measured_before_anything_is_locked(ready: World, measuring: Measuring) -> None:
    run = ready.start(grpo=without(GRPO), key="one")
    assert measuring.in_transaction == [False]
    # The same key is the same run, and a length that was chosen is taken.
    assert ready.start(grpo=without(GRPO), key="one") == run
    ready.start()
    assert len(measuring.in_transaction) == 1


def grow(ready: World) -> None:
    dialogues_in(ready.project, "train", 1, source="others")


def other_weights(ready: World) -> None:
    Checkpoint.objects.filter(pk=ready.base.pk).update(sha256="0" * 64)


@pytest.mark.parametrize("change", [grow, other_weights])
def test_what_changed_since_it_was_measured_is_not_trained_on(
    ready: World, measuring: Measuring, change: Callable[[World], None]
) -> None:
    measuring.meanwhile = lambda: change(ready)
    asked = {"grpo": without(GRPO), "prompts": 50}
    with pytest.raises(Refused, match="Nothing was started") as refused:
        ready.start(**asked)
    assert refused.value.code == "set_changed"
    assert not Snapshot.objects.exists() and not TrainingRun.objects.exists()
    measuring.meanwhile = lambda: None
    ready.base.refresh_from_db()
    ready.start(**asked)


def test_a_length_out_of_bounds_is_not_taken_for_none(ready: World) -> None:
    with pytest.raises(Refused) as refused:
        ready.start(grpo={**GRPO, MEASURED: 0})
    assert refused.value.code == MEASURED
