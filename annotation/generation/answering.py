"""One reply of a model to the turns before it: how it is asked for, and the target it becomes."""

from collections.abc import Awaitable, Sequence
from dataclasses import dataclass

from annotation.generation.prompts import prompt_messages
from annotation.generation.synthesis import Complete, Completion, why_too_long
from annotation.models import Target
from annotation.ratings.context import Context
from annotation.ratings.targets import text_target
from rubrics.judging.fitting import ask_what_fits
from webapp.accounts.models import Project
from webapp.llm.call_record import CallRecord
from webapp.llm.errors import CircuitOpen, ModelError
from webapp.text import storable


@dataclass(frozen=True)
class Reply:
    """What a model answered, or why it did not."""

    raw: str = ""
    error: str = ""
    calls: Sequence[CallRecord] = ()
    # What the model read, where that was less than the prompt's context.
    read: Context | None = None
    # Why the endpoint is not asked any more; empty as long as it is.
    given_up: str = ""
    # Why the server could not answer, whatever the text; empty where it was the text's own fault.
    server_error: str = ""


async def ask_supporter_once(
    complete: Complete, context: Context, *, max_tokens: int, temperature: float, seed: int
) -> Reply:
    """The supporter's reply to the context, or to as much of it as the model can read. A model
    that fails is an error of the reply, never an exception."""

    def ask(fitting: Context) -> Awaitable[Completion]:
        return complete(
            prompt_messages(fitting["profile"], fitting["situation"], fitting["history"]),
            max_tokens=max_tokens,
            temperature=temperature,
            seed=seed,
        )

    if not context["history"] or context["history"][-1]["role"] != "seeker":
        return Reply(error="The turn before is not the seeker’s, so there is nothing to reply to.")
    try:
        completion, read, refused = await ask_what_fits(context, ask)
    except ModelError as error:
        given_up = str(error.reason) if isinstance(error, CircuitOpen) else ""
        return Reply(
            error=storable(str(error)),
            calls=error.calls,
            given_up=given_up,
            server_error=error.server_error,
        )
    raw, calls = storable(completion.text), (*refused, *completion.calls)
    if too_long := why_too_long(raw):
        return Reply(error=f"The reply is too long. {too_long}", calls=calls)
    return Reply(raw, calls=calls, read=read)


def target_of(reply: Reply, context: Context, *, project: Project) -> Target:
    """The target for what the model wrote, after what the model read."""
    read = reply.read or context
    return text_target(
        project=project,
        profile=read["profile"],
        situation=read["situation"],
        history=read["history"],
        cut=read["cut"],
        raw=reply.raw,
    )
