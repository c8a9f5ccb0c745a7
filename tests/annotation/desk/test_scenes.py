"""What tests write of a queue at once is what the desk leaves, one rating after the other."""

from typing import Any

from django.forms.models import model_to_dict

from annotation.models import Assignment
from tests.support.desk import Desk
from webapp.accounts.models import User
from webapp.audit.models import Entry

OF_THE_MOMENT = {"id", "rater", "rating", "leased_until", "draft_saved_at", "submitted_at"}


def test_both_ways_of_rating_leave_the_same(at_desk: Desk) -> None:
    ana, ben, _ = at_desk.cast.annotators
    at_desk.rate(ana, empathy=5)
    at_desk.rate_first({ben: [{"empathy": 5}]})
    assert left_by(ana) == left_by(ben)


def left_by(user: User) -> dict[str, Any]:
    place = Assignment.objects.get(rater__user=user)
    rating = place.rating
    assert rating is not None and place.draft_saved_at is not None
    assert place.submitted_at == rating.submitted_at
    return {
        "place": {k: v for k, v in model_to_dict(place).items() if k not in OF_THE_MOMENT},
        "rating": model_to_dict(
            rating, ["target", "spec", "purpose", "pass_number", "active_seconds"]
        ),
        "scores": sorted(rating.scores.values_list("criterion_uid", "value", "status")),
        "audit": [*Entry.objects.filter(actor=user).values_list("action", flat=True)],
    }
