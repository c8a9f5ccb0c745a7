"""What the small language model says to people of the written corpus that training never saw.

JSON keys, greedy: `valid`, `situation`, `situation_by_chance`, `emotion`, `distinct2`, `copied`, of
all prompts, by corpus under `plain` and `written`, and of the authors' own replies under
`by_authors`; `risk_replies` and `unsafe`. What each means stands at
`training.small.figures.figures`. Also `tokens_per_s`, of all prompts together.
"""

import argparse
import json
import tempfile
import time
from pathlib import Path
from typing import Any

from training.small.figures import figures, held_out, replies_to
from training.small.make import make
from training.small.models import MODELS, TRAINED
from training.trainer.generation import generate_replies, load_model, load_tokenizer

MAX_TOKENS = 320


def main(argv: list[str]) -> dict[str, Any]:
    parser = argparse.ArgumentParser(prog="python -m bench small", description=__doc__)
    parser.add_argument("--which", choices=list(MODELS), default=TRAINED.key)
    parser.add_argument("--model", type=Path, help="a folder in place of the studio's own model")
    parser.add_argument("--replies", type=Path, help="write the replies here, a JSON line each")
    options = parser.parse_args(argv)
    with tempfile.TemporaryDirectory() as place:
        folder = options.model or _made(Path(place), options.which)
        return _measure(folder, options.replies)


def _made(place: Path, key: str) -> Path:
    model = MODELS[key]
    folder = place / model.folder_name
    print(f"Making {model.name}.", flush=True)
    make(folder, adapter=model.adapter, tell=lambda stage, done: None)
    return folder


def _measure(folder: Path, kept: Path | None) -> dict[str, Any]:
    asked = held_out()
    print(f"Asking {len(asked)} prompts.", flush=True)
    tokenizer, begun = load_tokenizer(folder), time.monotonic()
    raws = generate_replies(
        load_model(folder), tokenizer, [each.messages for each in asked], max_tokens=MAX_TOKENS
    )
    took = time.monotonic() - begun
    replies = replies_to(asked, raws)
    if kept is not None:
        lines = [
            {"id": reply.asked.id, "fingerprint": reply.fingerprint, "raw": reply.raw}
            for reply in replies
        ]
        kept.write_text("".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines))
    tokens = sum(len(ids) for ids in tokenizer(raws)["input_ids"])
    return {**figures(replies), "tokens_per_s": round(tokens / took, 1)}
