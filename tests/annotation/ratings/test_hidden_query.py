"""The query for what a person may not see, which stands in most pages of a project, and often
several times."""

from typing import Any

import pytest
from django.db.models.sql.compiler import SQLCompiler

from annotation.models import Rating, Target
from annotation.ratings.blindness import hidden_targets
from tests.conftest import Cast
from tests.support.desk import build_desk
from webapp.db import written


def test_it_is_worded_once(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    hidden = hidden_targets(cast.annotators[0], cast.project)
    words, worded = SQLCompiler.as_sql, []

    def counted(self: SQLCompiler, *args: Any, **options: Any) -> Any:
        worded.append(self.query.model)
        return words(self, *args, **options)

    monkeypatch.setattr(SQLCompiler, "as_sql", counted)
    assert not Rating.objects.filter(target__in=hidden).exclude(target__in=hidden).exists()
    # The page's own query, and each place where the other one stands.
    assert worded == [Rating, Target, Target]


def test_it_finds_what_is_still_to_rate(cast: Cast) -> None:
    ana = cast.annotators[0]
    to_rate = set(build_desk(cast).queue.items.values_list("target_id", flat=True))
    assert to_rate and set(hidden_targets(ana, cast.project)) == to_rate
    # As a part of another query, beside parameters of its own.
    others = Target.objects.exclude(pk__in=hidden_targets(ana, cast.project))
    assert not others.filter(pk__in=to_rate).exists()
    assert not hidden_targets(cast.clinicians[0], cast.project).exists()


def test_rows_that_can_not_exist_are_no_error(cast: Cast) -> None:
    none = written(Target.objects.filter(pk__in=[]).values("pk"))
    assert not Rating.objects.filter(target_id__in=none).exists()
