"""How long replies may get where nobody says it: as long as those of the set, in tokens of the
model that is trained."""

import math
from collections.abc import Sequence

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


def longest_reply(base: Checkpoint, snapshot: Snapshot) -> int:
    """The tokens that 99 % of the replies of a snapshot have at most, with the one that ends a
    reply; at least 256 for an ordinary tokenizer, and at most half of what the model reads.
    Raises Refused where the tokenizer can't be read."""
    # Imported here: most requests of the web process count no tokens.
    from tokenizers import Tokenizer

    weights = weights_of(base)
    try:
        tokenizer = Tokenizer.from_file(str(weights / "tokenizer.json"))
        context = context_of(weights)
    except Exception as error:  # a file that can't be read raises Exception itself
        raise Refused(f"The files of “{base}” can’t be read.", code="no_model") from error
    encoded = tokenizer.encode_batch(_replies(snapshot), add_special_tokens=False)
    lengths = sorted(len(each.ids) + 1 for each in encoded)
    is_ordinary = tokenizer.get_vocab_size() >= ORDINARY_VOCABULARY
    return bounded_reply(lengths, least=LEAST if is_ordinary else 0, context=context)


def bounded_reply(lengths: Sequence[int], *, least: int, context: int | None) -> int:
    """The 99th percentile of sorted lengths, within `least`, half of the context and what the
    setting allows."""
    measured = lengths[math.ceil(SHARE * len(lengths)) - 1] if lengths else 0
    bounds = GRPO[MEASURED]
    most = min(int(bounds.most), context // 2) if context else int(bounds.most)
    return max(int(bounds.least), min(max(measured, least), most))


def _replies(snapshot: Snapshot) -> list[str]:
    """The replies as a model is asked to write them; as they came, where spans are missing."""
    turns = Turn.objects.filter(targets__in=snapshot.members.values("target")).order_by("pk")
    return [_written(turn) for turn in turns[:MEASURED_REPLIES]]


def _written(turn: Turn) -> str:
    try:
        return render_spans(Spans(**turn.spans), "tokens") if turn.spans else turn.raw
    except ValueError:
        return turn.raw
