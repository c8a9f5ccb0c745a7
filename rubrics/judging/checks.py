"""The exact checks: the same text always gets the same answer, and no model is asked."""

from collections.abc import Callable
from typing import Any

from rubrics.core.spec import CriterionSpec, RubricSpec
from rubrics.core.text import canon
from rubrics.judging.inputs import judged_text
from rubrics.judging.results import CriterionScore
from rubrics.judging.spans import parse_spans


def run_check(
    spec: RubricSpec, criterion: CriterionSpec, context: dict[str, Any]
) -> CriterionScore:
    """Score 1 where the check passes and 0 where it does not, with the reason as rationale.

    Not applicable: an emotion check without a known emotion. Failed: an argument that says
    nothing, as a draft may have.
    """
    if criterion.check == "format":
        return _format(criterion, context)
    if criterion.check == "emotion_match":
        return _emotion_match(criterion, context)
    text = judged_text(spec, criterion, context)
    try:
        return _TEXT_CHECKS[criterion.check](criterion, text)
    except (KeyError, ValueError):
        return CriterionScore(criterion.uid, "failed", reason="The check is incomplete.")


def _format(criterion: CriterionSpec, context: dict[str, Any]) -> CriterionScore:
    problems = parse_spans(context["candidate"]["raw"]).problems
    return _answer(criterion, not problems, " ".join(problems) or "Four spans, in order.")


def _emotion_match(criterion: CriterionSpec, context: dict[str, Any]) -> CriterionScore:
    gold, named = context.get("gold_emotion", ""), context["candidate"]["emotion"]
    if not gold:
        reason = "The seeker's emotion is not known."
        return CriterionScore(criterion.uid, "not_applicable", reason=reason)
    # The gold emotion stays out of the answer: rationales are shown on the desk.
    return _answer(criterion, _same(gold, named), f"The reply names “{canon(named)}”.")


def _same(one: str, other: str) -> bool:
    return canon(one).casefold() == canon(other).casefold()


def _min_words(criterion: CriterionSpec, text: str) -> CriterionScore:
    words, least = len(text.split()), int(criterion.check_argument)
    return _answer(criterion, words >= least, f"{words} words; at least {least} are required.")


def _max_words(criterion: CriterionSpec, text: str) -> CriterionScore:
    words, most = len(text.split()), int(criterion.check_argument)
    return _answer(criterion, words <= most, f"{words} words; at most {most} are allowed.")


def _contains(criterion: CriterionSpec, text: str) -> CriterionScore:
    found = _found(criterion, text)
    return _answer(criterion, bool(found), _found_in_words(found))


def _lacks(criterion: CriterionSpec, text: str) -> CriterionScore:
    found = _found(criterion, text)
    return _answer(criterion, not found, _found_in_words(found))


def _found(criterion: CriterionSpec, text: str) -> list[str]:
    phrases = [line for line in map(canon, criterion.check_argument.splitlines()) if line]
    if not phrases:
        raise ValueError("no phrase to look for")
    return [phrase for phrase in phrases if phrase.casefold() in text.casefold()]


def _found_in_words(found: list[str]) -> str:
    return f"Found: {', '.join(found)}." if found else "None of the phrases was found."


def _answer(criterion: CriterionSpec, passed: bool, rationale: str) -> CriterionScore:
    return CriterionScore(criterion.uid, "scored", value=float(passed), rationale=rationale)


_TEXT_CHECKS: dict[str, Callable[[CriterionSpec, str], CriterionScore]] = {
    "min_words": _min_words,
    "max_words": _max_words,
    "contains": _contains,
    "lacks": _lacks,
}
