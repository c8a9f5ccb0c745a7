"""What a person may not see of training runs yet (annotation.ratings.blindness)."""

from django.db.models import CharField, Q, QuerySet
from django.db.models.functions import Cast

from annotation.calls import registry
from annotation.models import Target
from annotation.ratings.blindness import hidden_targets, own_targets, words_of
from training.models import Rollout, TrainingRun
from webapp.accounts.access import Member
from webapp.db import written


def register() -> None:
    registry.register(hidden_calls)


def visible_rollouts(run: TrainingRun, member: Member) -> QuerySet[Rollout]:
    """The rollouts of a run but the groups that `hidden_groups` names."""
    rows = Rollout.objects.filter(run=run)
    return rows.exclude(hidden_groups(rows, member))


def hidden_groups(rollouts: QuerySet[Rollout], member: Member) -> Q:
    """The rollouts in the place of a text that this person is blind to, and groups in which one
    says what such a text says. The others of a group tell of it: rewards are compared in it."""
    hidden = Target.objects.filter(pk__in=hidden_targets(member.user, member.project))
    # A prompt is named by its target's id.
    prompts = hidden.annotate(name=Cast("pk", CharField())).values("name")
    said = words_of(own_targets(member.user, member.project))
    alike = rollouts.filter(normal_hash__in=said).order_by()
    return Q(prompt_id__in=written(prompts)) | Q(prompt_id__in=written(alike.values("prompt_id")))


def hidden_calls(member: Member) -> Q:
    """What judges were asked about such rollouts. The rows of a step that was repeated are gone:
    then nobody can tell what a call was about, and it is hidden in a run with such a prompt."""
    rollouts = Rollout.objects.filter(project=member.project).order_by()
    hidden = rollouts.filter(hidden_groups(rollouts, member))
    runs = TrainingRun.objects.filter(project=member.project).filter(
        Q(train_snapshot__members__target__in=hidden_targets(member.user, member.project))
        | Q(pk__in=hidden.values("run"))
    )
    shown = rollouts.exclude(hidden_groups(rollouts, member))
    in_run = Q(run_kind=TrainingRun.kind, run_id__in=written(runs.order_by().values("pk")))
    return in_run & (Q(made_for=None) | ~Q(made_for__in=written(shown.values("pk"))))
