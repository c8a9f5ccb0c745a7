"""How long replies may get where nobody says it: as long as those of the set, in tokens of the
model that is trained."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from uuid import UUID

from annotation.models import Snapshot, Turn
from rubrics.judging.spans import Spans, render_spans
from training.limits import GRPO, MEASURED
from training.models import Checkpoint
from training.paths import weights_of
from training.trainer.lengths import context_of
from webapp.errors import Refused

# Of the replies of a set, so many are measured, and this share of them fits.
MEASURED_REPLIES = 2_000
SHARE = 0.99
# With fewer entries in its vocabulary, a tokenizer is none that replies are usually written with,
# and 256 of its tokens may be a few words.
ORDINARY_VOCABULARY = 8_000
LEAST = 256


@dataclass(frozen=True)
class ReplyLength:
    """A longest reply in tokens, and what it was measured on. Turns never change, but a set may
    have others by now, and a checkpoint may be another one."""

    tokens: int
    model: tuple[UUID, str, str]
    turns: tuple[UUID, ...]

    def is_of(self, base: Checkpoint, snapshot: Snapshot) -> bool:
        return self.model == _model(base) and self.turns == _measured(_turns_of(snapshot))


def longest_reply(base: Checkpoint, snapshot: Snapshot) -> int:
    """`measure` of the replies of a snapshot."""
    return measure(base, _turns_of(snapshot)).tokens


def measure(base: Checkpoint, turns: Iterable[UUID]) -> ReplyLength:
    """The tokens that 99 % of these replies have at most, with the one that ends a reply; at
    least 256 for an ordinary tokenizer, and at most half of what the model reads. It may take
    seconds, so nobody calls it under a lock. Raises Refused where the tokenizer can't be read."""
    # Imported here: most requests of the web process count no tokens.
    from tokenizers import Tokenizer

    weights = weights_of(base)
    try:
        tokenizer = Tokenizer.from_file(str(weights / "tokenizer.json"))
        context = context_of(weights)
    except Exception as error:  # a file that can't be read raises Exception itself
        raise Refused(f"The files of “{base}” can’t be read.", code="no_model") from error
    measured = _measured(turns)
    encoded = tokenizer.encode_batch(_replies(measured), add_special_tokens=False)
    lengths = sorted(len(each.ids) + 1 for each in encoded)
    is_ordinary = tokenizer.get_vocab_size() >= ORDINARY_VOCABULARY
    tokens = bounded_reply(lengths, least=LEAST if is_ordinary else 0, context=context)
    return ReplyLength(tokens, _model(base), measured)


def bounded_reply(lengths: Sequence[int], *, least: int, context: int | None) -> int:
    """The 99th percentile of sorted lengths, within `least`, half of the context and what the
    setting allows."""
    measured = lengths[math.ceil(SHARE * len(lengths)) - 1] if lengths else 0
    bounds = GRPO[MEASURED]
    most = min(int(bounds.most), context // 2) if context else int(bounds.most)
    return max(int(bounds.least), min(max(measured, least), most))


def _model(base: Checkpoint) -> tuple[UUID, str, str]:
    return base.pk, base.path, base.sha256


def _turns_of(snapshot: Snapshot) -> Iterable[UUID]:
    turns = Turn.objects.filter(targets__in=snapshot.members.values("target"))
    return turns.values_list("pk", flat=True)


def _measured(turns: Iterable[UUID]) -> tuple[UUID, ...]:
    return tuple(sorted(turns)[:MEASURED_REPLIES])


def _replies(turns: Sequence[UUID]) -> list[str]:
    """The replies as a model is asked to write them; as they came, where spans are missing."""
    return [_written(turn) for turn in Turn.objects.filter(pk__in=turns)]


def _written(turn: Turn) -> str:
    try:
        return render_spans(Spans(**turn.spans), "tokens") if turn.spans else turn.raw
    except ValueError:
        return turn.raw
