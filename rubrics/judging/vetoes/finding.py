"""What a detector says of a reply."""

from dataclasses import dataclass

from rubrics.core.spec import SpanName, VetoName

MAX_QUOTE = 160


@dataclass(frozen=True)
class Finding:
    """Why a reply is vetoed: one sentence that quotes the passage, the passage as it stands in the
    reply, at most MAX_QUOTE characters and empty where no passage can be shown, and its span."""

    veto: VetoName
    reason: str
    quote: str = ""
    span: SpanName = "response"


def shortened(passage: str) -> str:
    """The passage up to a word's end within MAX_QUOTE characters: still a part of the reply."""
    if len(passage) <= MAX_QUOTE:
        return passage.strip()
    cut = passage[:MAX_QUOTE]
    return (cut.rsplit(None, 1)[0] if " " in cut else cut).strip()
