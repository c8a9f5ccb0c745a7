"""Fields in which a form offers judges. One that can't be used is listed, but can't be chosen."""

from typing import Any

from django import forms

from rubrics.judges.queries import judges_of, short_reason
from rubrics.models import Judge
from webapp.accounts.models import Project


class _OnlyUsable(forms.widgets.ChoiceWidget):
    """A judge that no new run can use is shown, and can't be chosen."""

    def create_option(self, name: str, value: Any, *args: Any, **kwargs: Any) -> dict[str, Any]:
        option = super().create_option(name, value, *args, **kwargs)
        judge = getattr(value, "instance", None)
        if judge is not None and short_reason(judge):
            option["attrs"]["disabled"] = True
        return option


class _JudgeSelect(_OnlyUsable, forms.Select):
    pass


class _JudgeBoxes(_OnlyUsable, forms.CheckboxSelectMultiple):
    pass


class JudgeField(forms.ModelChoiceField):
    """One judge. `offer_judges` says which there are."""

    widget = _JudgeSelect

    def __init__(self, **kwargs: Any) -> None:
        given: dict[str, Any] = {"queryset": Judge.objects.none(), "empty_label": None}
        super().__init__(**given | kwargs)

    def label_from_instance(self, judge: Judge) -> str:
        return named_with_reason(judge)


class JudgesField(forms.ModelMultipleChoiceField):
    """Several judges."""

    widget = _JudgeBoxes

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(queryset=Judge.objects.none(), **kwargs)

    def label_from_instance(self, judge: Judge) -> str:
        return named_with_reason(judge)


def offer_judges(form: forms.Form, *names: str, project: Project) -> None:
    """Every judge of the project in each of these fields."""
    for name in names:
        field = form.fields[name]
        assert isinstance(field, forms.ModelChoiceField)  # noqa: S101  (the form's own field)
        field.queryset = judges_of(project)


def named_with_reason(judge: Judge) -> str:
    """A judge as a list of choices names it."""
    reason = short_reason(judge)
    return f"{judge} (can’t be used: {reason})" if reason else str(judge)
