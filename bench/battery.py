"""What the embedded learned judge makes of the battery, by the rubric of the demo.

The judge is fitted as in the demo: on the levels that the authors of the written corpus gave to
other replies, without the test split. The attacks are made in 40 of the written dialogues.

JSON keys: each kind of attack with the mean total of the cases made by code; `written`, the same
for the written attacks; `wrong` and `wrong_written`, the share that gets more than it may;
`human_capped`, the share of plain replies that get less than they must; `plain`, their mean total;
`median_corpus`, the median total of the corpus's own replies; `passed`.
"""

import argparse
import asyncio
from typing import Any

from annotation.batteries.cases import battery
from annotation.demo.written import (
    AuthorRating,
    answered_with,
    other_replies,
    written_dialogues,
)
from annotation.formats.records import ParsedDialogue
from annotation.ratings.context import build_context
from rubrics.demo.kardia import KARDIA
from rubrics.judging.battery.case import OWN, PLAIN
from rubrics.judging.battery.report import Group, Report
from rubrics.judging.battery.run import run_battery
from rubrics.judging.learned import LabelledRow, LearnedJudge, fit

SEED = 0
UID_OF = {criterion.name: criterion.uid for criterion in KARDIA.judge_criteria}


def main(argv: list[str]) -> dict[str, Any]:
    argparse.ArgumentParser(prog="python -m bench battery", description=__doc__).parse_args(argv)
    report = asyncio.run(run_battery(KARDIA, authors_judge(), battery()))
    _print(report)
    return _figures(report)


def authors_judge() -> LearnedJudge:
    """Fitted on every level of both authors but those of the test split."""
    known = {each.id: each.dialogue for each in written_dialogues() if each.split != "test"}
    rows = [
        _row(answered_with(known[reply.dialogue], reply), rating)
        for reply in other_replies()
        if reply.dialogue in known
        for rating in reply.ratings
    ]
    return fit(KARDIA, rows, seed=SEED)


def _row(dialogue: ParsedDialogue, rating: AuthorRating) -> LabelledRow:
    *before, reply = dialogue.turns
    context = build_context(dialogue.profile_text, dialogue.situation, before, reply)
    return LabelledRow(context, {UID_OF[name]: level for name, level in rating.levels.items()})


def _figures(report: Report) -> dict[str, Any]:
    attacks = [group for group in report.groups if group.kind not in (PLAIN, OWN)]
    plain = next(group for group in report.groups if group.kind == PLAIN)
    return {
        **{_key(g): _round(g.mean_total) for g in attacks if g.origin == "code"},
        "written": {_key(g): _round(g.mean_total) for g in attacks if g.origin == "written"},
        "wrong": {_key(g): _round(g.share_wrong) for g in attacks if g.origin == "code"},
        "wrong_written": {_key(g): _round(g.share_wrong) for g in attacks if g.origin == "written"},
        "human_capped": _round(report.human_capped),
        "plain": _round(plain.mean_total),
        "median_corpus": _round(report.median_own),
        "passed": report.passed,
    }


def _key(group: Group) -> str:
    return group.kind.replace(" ", "_").replace("-", "_")


def _round(value: float | None) -> float | None:
    return None if value is None else round(value, 3)


def _print(report: Report) -> None:
    for group in report.groups:
        print(f"{group.kind} ({group.origin}): {group.wrong} of {group.n} wrong")
        for worst in group.worst:
            print(f"  {worst.case}: {worst.wrong}: {worst.reply[:100]!r}")
    for reason in report.reasons:
        print(reason)
