"""The picker of exemplars in the rubric editor."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from annotation.queries.exemplars import SHOWN, Rated, replies_with
from rubrics.access import WRITERS
from webapp.accounts.access import Member
from webapp.accounts.pages import project_page


@require_safe
@project_page(*WRITERS)
def exemplars(request: HttpRequest, member: Member) -> HttpResponse:
    """Replies to choose from: `q` are words in them; `uid` and `level` ask for those that
    people gave that level of that criterion."""
    words = request.GET.get("q", "")[:200].replace("\0", "")
    rated = _rated(request)
    replies = replies_with(member, words, rated)
    context = {
        "member": member,
        "replies": replies,
        "words": words,
        "rated": rated,
        "is_cut": len(replies) == SHOWN,
    }
    return render(request, "rubrics/_replies.html", context)


def _rated(request: HttpRequest) -> Rated | None:
    uid, level = request.GET.get("uid", ""), request.GET.get("level", "")
    if not uid or "\0" in uid or not level.lstrip("-").isdecimal() or len(level) > 5:
        return None
    return Rated(uid, int(level))
