"""A model reads where raters differ and proposes. Its answer is kept whole or not at all."""

from collections.abc import Sequence
from dataclasses import replace

from annotation.models import Suggestion, SuggestionRun
from annotation.ratings.labels import shown_text
from annotation.ratings.targets import contexts_of
from annotation.suggestions.prompts import (
    Proposal,
    ShownText,
    parse_suggestions,
    suggestion_messages,
    suggestion_schema,
)
from rubrics.core.spec import RubricSpec, from_json
from rubrics.judging.parsing import ReplyError
from webapp.ids import new_id
from webapp.llm.call_record import CallRecord
from webapp.llm.call_rows import call_rows
from webapp.llm.clients import open_client
from webapp.llm.errors import ModelError
from webapp.llm.models import ModelCall
from webapp.runs import live
from webapp.runs.work import Claim, RunFailed, claimed, in_db, run_async, while_held
from webapp.text import storable

MAX_TOKENS = 1_500


def work(run_id: str) -> None:
    """Ask, and keep the proposals. For a worker."""
    with claimed(SuggestionRun, run_id) as claim:
        if claim is not None:
            run_async(while_held(claim, _suggest(claim)))


async def _suggest(claim: Claim[SuggestionRun]) -> None:
    run, spec, texts = await in_db(_read, claim.run)
    if await in_db(run.suggestions.exists):
        return
    try:
        async with open_client(run.endpoint) as client:
            done = await client.complete(
                suggestion_messages(spec, texts),
                schema=suggestion_schema(spec, texts),
                max_tokens=MAX_TOKENS,
                temperature=0.0,
                seed=0,
            )
    except ModelError as error:
        await in_db(_keep, claim, error.calls, [])
        # What a server says of this one request may quote the texts in it, and whoever may open
        # the run reads its error. The list of model calls has all of it, for those who may know.
        reason = (
            error.server_error
            or "the server refused this request. The list of model calls shows what it said."
        )
        raise RunFailed(f"The model gave no answer: {reason}") from error
    try:
        proposals = parse_suggestions(storable(done.text), spec, texts)
    except ReplyError as error:
        *before, last = done.calls
        await in_db(_keep, claim, [*before, replace(last, error=str(error))], [])
        raise RunFailed(
            f"The model’s answer could not be read, so it gave no proposals: {error}"
        ) from error
    await in_db(_keep, claim, done.calls, proposals)


def _read(claimed_run: SuggestionRun) -> tuple[SuggestionRun, RubricSpec, list[ShownText]]:
    run = SuggestionRun.objects.select_related("endpoint", "spec").get(pk=claimed_run.pk)
    sources = list(run.sources.select_related("target__turn__dialogue", "target__dialogue"))
    contexts = contexts_of([source.target for source in sources])
    texts = []
    for source in sources:
        history = contexts[source.target_id]["history"]
        texts.append(
            ShownText(
                uid=source.criterion_uid,
                before=history[-1]["text"] if history else "",
                reply=shown_text(source.target),
                people=source.people,
                others=source.others,
            )
        )
    return run, from_json(run.spec.content), texts


def _keep(
    claim: Claim[SuggestionRun], calls: Sequence[CallRecord], proposals: Sequence[Proposal]
) -> None:
    run = claim.run
    with claim.writing():
        ModelCall.objects.bulk_create(
            call_rows(
                calls,
                endpoint=run.endpoint,
                purpose=ModelCall.Purpose.PROPOSAL,
                made_for=run.pk,
                run=run,
            )
        )
        Suggestion.objects.bulk_create(
            Suggestion(
                project_id=run.project_id,
                run=run,
                version_id=run.version_id,
                position=position,
                kind=Suggestion.Kind.ANCHOR if proposal.uid else Suggestion.Kind.CRITERION,
                uid=proposal.uid or str(new_id()),
                level=proposal.level,
                content={"anchor": proposal.anchor} if proposal.uid else proposal.criterion,
                reason=proposal.reason,
                basis=list(proposal.texts),
            )
            for position, proposal in enumerate(proposals)
        )
        live.publish(run.topic)
