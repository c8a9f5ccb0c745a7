"""The forms of a lead's queues."""

from collections.abc import Sequence
from typing import Any

from django import forms

from annotation.choices import offer, offer_rows
from annotation.models import Collection, Queue, Snapshot
from annotation.queues import queries
from annotation.queues.limits import ADJUDICATE_FROM, LEASE_MINUTES, OVERLAP
from annotation.sets.limits import MEMBERS
from annotation.sets.queries import collections_of, snapshots_of
from rubrics.models import RubricVersion
from rubrics.queries import published_versions
from webapp.accounts.models import Project, User


class RaterChoices(forms.ModelMultipleChoiceField):
    widget = forms.CheckboxSelectMultiple


class _VersionChoice(forms.ModelChoiceField):
    def label_from_instance(self, obj: Any) -> str:
        version: RubricVersion = obj
        return f"{version.rubric.name}, version {version.number}"


class QueueForm(forms.Form):
    name = forms.CharField(max_length=Queue.MAX_NAME)
    source = forms.ChoiceField(
        label="What is rated",
        help_text="If you choose a set, it is frozen as it is now. Choose a snapshot to have the "
        "same items rated again.",
    )
    version = _VersionChoice(
        label="Rubric", queryset=RubricVersion.objects.none(), empty_label=None
    )
    overlap = forms.IntegerField(
        label="Ratings per item",
        **OVERLAP.range,
        initial=OVERLAP.default,
        help_text="You need at least two to see agreement.",
    )
    limit = forms.IntegerField(
        label="Maximum number of items",
        **MEMBERS.range,
        initial=100,
        required=False,
        help_text="For a set, the first items in the order below are used.",
    )
    order = forms.ChoiceField(
        choices=[("given", "By dialogue and turn"), ("random", "In random order")],
        widget=forms.RadioSelect,
        initial="given",
    )
    lease_minutes = forms.IntegerField(
        label="Release an item after (minutes)",
        **LEASE_MINUTES.range,
        initial=LEASE_MINUTES.default,
        help_text="Counted from the annotator’s last change. Then somebody else can rate the item.",
    )
    adjudicate_from = forms.IntegerField(
        label="Adjudicate from (levels apart)",
        **ADJUDICATE_FROM.range,
        initial=ADJUDICATE_FROM.default,
        help_text="If raters of an item are at least this far apart on a criterion, or only some "
        "of them say that it does not apply, a clinician or lead settles it. You can change this "
        "later.",
    )
    raters = RaterChoices(label="Who rates", queryset=User.objects.none())

    def __init__(self, *args: Any, project: Project, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.project = project
        offer_rows(self, "version", published_versions(project))
        offer_rows(self, "raters", queries.annotators_of(project))
        offer(self, "source", _sources(project))
        for name, field in self.fields.items():
            if name not in ("order", "raters"):
                field.widget.attrs.setdefault("class", "input")

    def clean_source(self) -> dict[str, Collection | Snapshot]:
        """What `queue_create` takes: a collection or a snapshot of this project."""
        kind, _, pk = self.cleaned_data["source"].partition(":")
        rows = collections_of if kind == "collection" else snapshots_of
        return {kind: rows(self.project).get(pk=pk)}

    def plan(self) -> dict[str, Any]:
        """The arguments of `queue_create`."""
        data = dict(self.cleaned_data)
        seed = 1 if data.pop("order") == "random" else 0
        return {**data.pop("source"), **data, "raters": list(data["raters"]), "seed": seed}


class AdjudicateFromForm(forms.Form):
    levels = forms.IntegerField(label="Adjudicate from (levels apart)", **ADJUDICATE_FROM.range)


class QueueRatersForm(forms.Form):
    raters = RaterChoices(label="Who rates", queryset=User.objects.none())

    def __init__(self, *args: Any, queue: Queue, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        offer_rows(self, "raters", queries.annotators_of(queue.project))


def _sources(project: Project) -> list[tuple[str, Sequence[tuple[str, str]]]]:
    sets = [(f"collection:{row.pk}", row.name) for row in collections_of(project)]
    snapshots = [
        (
            f"snapshot:{row.pk}",
            f"Snapshot {row.number} of {row.collection.name}, {row.created_at:%-d %b %Y}",
        )
        for row in snapshots_of(project)[:100]
    ]
    groups: list[tuple[str, Sequence[tuple[str, str]]]] = [
        ("Sets (frozen now)", sets),
        ("Snapshots", snapshots),
    ]
    return [group for group in groups if group[1]]
