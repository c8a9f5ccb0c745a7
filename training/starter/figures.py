"""What a starter model can do on profiles that training never saw."""

from collections.abc import Iterable
from pathlib import Path

import torch

from rubrics.judging.spans import Spans, parse_spans
from training.starter.corpus import dialogues
from training.starter.samples import supporter_prompt
from training.trainer.generation import generate_replies, load_model, load_tokenizer

FIGURES_SEED = 77
MAX_NEW_TOKENS = 192


def figures(model_dir: Path, n: int) -> dict[str, float]:
    """Shares in 0-1 over `n` supporter prompts of the test split.

    `valid` and `emotion` (right label; an invalid reply counts as wrong) and `situation` (the
    response holds the topic of the situation, word for word) are greedy; `distinct2` is the share
    of distinct word pairs among all of the greedy responses; `valid_sampled` and
    `emotion_sampled` are at temperature 1.
    """
    torch.manual_seed(FIGURES_SEED)
    corpus = list(dialogues(n, FIGURES_SEED, split="test"))
    greedy = _replies(model_dir, corpus, sample=False)
    sampled = _replies(model_dir, corpus, sample=True)
    responses = [spans.response for spans in greedy if spans]
    return {
        "n": n,
        "valid": _share(spans is not None for spans in greedy),
        "emotion": _right_emotion(greedy, corpus),
        "situation": _share(
            spans is not None and dialogue["topic"].casefold() in spans.response.casefold()
            for spans, dialogue in zip(greedy, corpus, strict=True)
        ),
        "distinct2": _distinct2(responses),
        "valid_sampled": _share(spans is not None for spans in sampled),
        "emotion_sampled": _right_emotion(sampled, corpus),
    }


def _replies(model_dir: Path, corpus: list[dict], *, sample: bool) -> list[Spans | None]:
    # Each dialogue is asked at another exchange, so that short and long histories occur.
    prompts = [
        supporter_prompt(dialogue, 2 * (index % (len(dialogue["turns"]) // 2)) + 1)
        for index, dialogue in enumerate(corpus)
    ]
    raws = generate_replies(
        load_model(model_dir),
        load_tokenizer(model_dir),
        prompts,
        max_tokens=MAX_NEW_TOKENS,
        sample=sample,
    )
    return [parse_spans(raw).spans for raw in raws]


def _right_emotion(replies: list[Spans | None], corpus: list[dict]) -> float:
    return _share(
        spans is not None and spans.emotion == dialogue["emotion"]
        for spans, dialogue in zip(replies, corpus, strict=True)
    )


def _share(flags: Iterable[bool]) -> float:
    values = list(flags)
    return round(sum(values) / len(values), 3)


def _distinct2(texts: list[str]) -> float:
    pairs = [pair for text in texts for pair in zip(text.split(), text.split()[1:], strict=False)]
    return round(len(set(pairs)) / len(pairs), 3) if pairs else 0.0
