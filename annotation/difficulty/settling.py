"""pFAIL of the prompts whose replies have all ended."""

from collections.abc import Iterable
from uuid import UUID

from django.db.models import Count, Q

from annotation.models import DifficultyPrompt, DifficultyReply, DifficultyRun

Verdict = DifficultyReply.Verdict


def settle(run: DifficultyRun, prompts: Iterable[UUID]) -> None:
    """Set how many replies of these prompts were judged, and the share of FAIL among them. A
    prompt with a reply that is still under way keeps what it has. Belongs into the transaction
    that wrote the replies."""
    # In one order, so that two writers can't wait for each other.
    rows = DifficultyPrompt.objects.filter(run=run, pk__in=set(prompts)).order_by("position")
    settled = []
    for prompt in rows.annotate(
        ended=Count("replies", filter=~Q(replies__error="") | Q(replies__rating__isnull=False)),
        passed=Count("replies", filter=Q(replies__verdict=Verdict.PASS)),
        failed=Count("replies", filter=Q(replies__verdict=Verdict.FAIL)),
    ):
        if prompt.ended < prompt.k:
            continue
        prompt.judged = prompt.passed + prompt.failed
        prompt.p_fail = prompt.failed / prompt.judged if prompt.judged else None
        settled.append(prompt)
    DifficultyPrompt.objects.bulk_update(settled, ["judged", "p_fail"])
