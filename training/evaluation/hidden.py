"""What a person may not see of an evaluation yet (annotation.ratings.blindness)."""

from annotation.ratings.blindness import copies_of, hidden_targets
from training.models import Answer, EvaluationRun
from webapp.accounts.access import Member


def hidden_positions(run: EvaluationRun, member: Member) -> set[int]:
    """The prompts whose turn this person still has to rate, and those where an answer says word
    for word what such a turn says."""
    hidden = hidden_targets(member.user, member.project)
    if not hidden.exists():
        return set()
    answers = Answer.objects.filter(system__run=run)
    by_place = answers.filter(prompt__in=hidden).values_list("position", flat=True)
    copies = copies_of(hidden).filter(project=run.project).values("pk")
    by_words = answers.filter(target__in=copies).values_list("position", flat=True)
    return {*by_place, *by_words}
