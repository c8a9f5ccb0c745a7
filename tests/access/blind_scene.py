"""One text that a person still rates, with all that others, judges and models said about it. Each
word that the person must not read yet has a marker in it."""

from collections.abc import Callable
from typing import Any, TypeVar

from django.utils import timezone

from annotation.formats.records import plain_turn, supporter_turn
from annotation.impact.scoring_passes import pass_by_uid, scoring_passes
from annotation.judge_runs.basis import Basis, TeacherAgreement
from annotation.models import (
    Adjudication,
    Attempt,
    ComparisonRater,
    Decision,
    DifficultyPrompt,
    DifficultyReply,
    DraftScore,
    FitSource,
    GenerationCritic,
    GenerationItem,
    ImpactItem,
    Item,
    JudgeItem,
    PairJudgement,
    PlaygroundItem,
    Queue,
    Rating,
    SnapshotMember,
    Suggestion,
    SuggestionSource,
    Target,
)
from annotation.models.desk import UNDO_WITHIN
from annotation.ratings import services as ratings
from annotation.ratings.same_text import normal_hash
from annotation.ratings.targets import targets_for
from rubrics.core.spec import from_json
from rubrics.models import Judge, JudgeCall
from tests.access.blind_words import RAW, SAID, SAID_AGAIN, marked
from tests.conftest import Cast
from tests.support import rows
from tests.support.comparisons import reply
from tests.support.dialogues import RUBRIC, added, parsed
from tests.support.objects import Setting, _builder
from training.models import Answer, AnswerRating, EvaluationJudge, Rollout, TrainingRun
from webapp.accounts.models import Membership
from webapp.llm.models import ModelCall

T = TypeVar("T")


class BlindScene(Setting):
    """The objects of the studio's addresses, all about one text that `person`, who has every role
    but the administrator's, still has to rate. In another scene (`is_other`) all the others, the
    judges and the models said the opposite, in as many rows."""

    def __init__(self, cast: Cast, *, is_other: bool = False) -> None:
        super().__init__(cast.project, cast.leads[1])
        self._is_other = is_other
        self._of_builder: dict[Any, Any] = {}
        Membership.objects.create(project=cast.project, user=self.person, role="clinician")
        self.others, self.clinician = cast.annotators, cast.clinicians[0]
        self._of_builder[rows.dialogue] = self._dialogue()
        turn = self["dialogue_id"].turns.get(role="supporter")
        [self._of_builder[rows.target]] = targets_for(project=self.project, turns=[turn.pk])
        self.target: Target = self["target_id"]
        self.copy = self._copy()
        SnapshotMember.objects.create(
            project=self.project, snapshot=self["snapshot_id"], position=1, target=self.copy
        )
        for argument in ("item_id", "assignment_id"):
            self[argument]
        self._ratings()
        self._judge_run()
        self._fit()
        self._generation()
        self._difficulty()
        self._comparison()
        self._evaluation()
        self._training()
        self._drafts()

    def open_eyes(self) -> None:
        """Close all that the person still rates in."""
        closed = timezone.now()
        Queue.objects.filter(project=self.project, closed_at=None).update(closed_at=closed)
        comparison = self["comparison_id"]
        comparison.closed_at = closed
        comparison.save(update_fields=["closed_at"])

    def _said(self, here: T, there: T) -> T:
        """What is said in this scene, and in the other one."""
        return there if self._is_other else here

    def _dialogue(self) -> Any:
        turns = (
            plain_turn("system", f"The seeker feels {marked('system-turn')}."),
            plain_turn("seeker", "It is late."),
            supporter_turn(RAW.format(said=f"{SAID}?"))[0],
        )
        script = parsed(1, turns=turns, emotion=marked("gold"), meta={"note": marked("meta")})
        return added(self.project, script)[0]

    def _copy(self) -> Target:
        """The same words in another dialogue."""
        turns = (
            plain_turn("seeker", "Another night."),
            supporter_turn(RAW.format(said=SAID_AGAIN))[0],
        )
        turn = added(self.project, parsed(2, turns=turns))[0].turns.get(role="supporter")
        return targets_for(project=self.project, turns=[turn.pk])[0]

    def _rate(self, target: Target, rater: Any, purpose: str, words: str, value: int) -> Rating:
        """People rate no checks; judges do."""
        criteria = RUBRIC.criteria if purpose == "judge" else RUBRIC.judge_criteria
        return ratings.submit_rating(
            target=target,
            spec=self["published_id"].spec,
            rater=rater,
            purpose=purpose,
            scores=[
                ratings.NewScore(
                    each.uid,
                    value=min(value, 1) if each.kind == "check" else value,
                    rationale=marked(words),
                )
                for each in criteria
            ],
        ).rating

    def _person(self, place: int) -> Any:
        return ratings.rater_for_person(project=self.project, user=self.others[place])

    def _ratings(self) -> None:
        """Two people who differ, raters of the source, an adjudicator; and somebody's concern."""
        for target in (self.target, self.copy):
            for place, value in ((0, 1), (1, self._said(2, 1))):
                self._rate(target, self._person(place), "desk", f"person-{place}", value)
            outside = ratings.external_rater(project=self.project, label="Seeker")
            self._rate(target, outside, "import", "source", self._said(1, 2))
        self._settle(self.of("adjudicate_item", "item_id"))
        self._flag(self["item_id"])

    def _settle(self, item: Item) -> None:
        adjudicator = ratings.rater_for_person(project=self.project, user=self.clinician)
        rating = self._rate(item.target, adjudicator, "adjudication", "settled", self._said(2, 1))
        done = Adjudication.objects.create(
            project=self.project, item=item, adjudicator=adjudicator, state="submitted",
            leased_until=timezone.now(), rating=rating, submitted_at=timezone.now(),
        )  # fmt: skip
        for score in rating.scores.all():
            made = Decision.objects.create(
                project=self.project, adjudication=done, score=score, cause="hard_case"
            )
        self._of_builder[rows.decision] = made

    def _flag(self, item: Item) -> None:
        item.assignments.create(
            project=self.project,
            rater=self._person(2),
            state="released",
            leased_until=timezone.now(),
            flagged_at=timezone.now(),
            flag_reason=marked("concern"),
        )

    def _judge_run(self) -> None:
        run, judge = self.of("api_judge_run_retrieve", "id"), self["judge_id"]
        level = self._said(2, 1)
        for place, target in enumerate((self.target, self.copy)):
            rating = self._rate(
                target, ratings.rater_for_judge(judge=judge), "judge", "judge", level
            )
            asked = self._judge_call(target.context_hash)
            JudgeItem.objects.create(
                project=self.project, run=run, position=place, target=target, state="done",
                rating=rating, judge_call=asked, ended_at=timezone.now(),
            )  # fmt: skip
        # Why a reply with the same words has no score; it may quote what the judge said.
        JudgeItem.objects.create(
            project=self.project, run=run, position=2, state="failed", ended_at=timezone.now(),
            target=reply(self.target, RAW.format(said=SAID_AGAIN)),
            error=marked("judge-failure"),
        )  # fmt: skip

    def _fit(self) -> None:
        """A fit that learned from the text, and how far the people agree who taught it."""
        run = self.of("fit_run", "run_id")
        alpha = self._said(0.5, 0.25)
        agreement = TeacherAgreement("person", "Empathy", alpha, None, None, 2, "")
        run.judge = Judge.objects.create(
            project=self.project, name="Taught", version=1, kind="learned", hash="h",
            artefact=rows.stored_file(self), provenance={"ratings": 20, "rater_kinds": ["person"]},
        )  # fmt: skip
        run.basis = Basis(20, 2, [agreement]).to_json()
        run.save(update_fields=["judge", "basis"])
        FitSource.objects.create(project=self.project, run=run, target=self.target)

    def _judge_call(self, context_hash: str, run: Any = None) -> JudgeCall:
        asked = JudgeCall.objects.create(
            project=self.project, judge=self["judge_id"], spec=self["published_id"].spec,
            context_hash=context_hash,
        )  # fmt: skip
        self._call(asked.pk, "judge", run)
        self._of_builder[rows.model_call] = ModelCall.objects.get(made_for=asked.pk)
        return asked

    def _call(self, made_for: Any, purpose: str, run: Any = None) -> None:
        named = {"run_kind": run.kind, "run_id": run.pk} if run is not None else {}
        ModelCall.objects.create(
            project=self.project,
            endpoint=self["endpoint_id"],
            purpose=purpose,
            request={"messages": [{"role": "user", "content": marked("asked")}]},
            reply=marked("replied"),
            error=marked("call-error"),
            made_for=made_for,
            **named,
        )

    def _generation(self) -> None:
        """A critic's attempts at the turn, and the plan that its dialogue came from."""
        run, dialogue = self.of("api_generation_retrieve", "id"), self["dialogue_id"]
        pinned = self["published_id"]
        GenerationCritic.objects.create(
            project=self.project, run=run, version=pinned, spec=pinned.spec,
            judge=self["judge_id"], thresholds={"empathy": 5, "plan": 2}, solved_from=3,
        )  # fmt: skip
        GenerationItem.objects.create(
            project=self.project, run=run, position=0, profile=dialogue.profile,
            emotion=marked("gold")[:16], situation="Late.", state="done", dialogue=dialogue,
            ended_at=timezone.now(),
        )  # fmt: skip
        turn = self.target.turn
        assert turn is not None
        for number, verdict in ((1, "fail"), (2, self._said("pass", "solved"))):
            made = Attempt.objects.create(
                project=self.project, dialogue=dialogue, position=turn.position, number=number,
                text=turn.text, raw=turn.raw, seed=1, context_hash=self.target.context_hash,
                normal_hash=self.target.normal_hash, verdict=verdict,
                total=self._said(0.5, 0.25),
                scores={
                    "empathy": {
                        "status": "scored", "value": self._said(2, 1),
                        "rationale": marked("critic"),
                        "evidence": [], "reason": "", "is_short": number == 1,
                    }
                },
                critique=marked("critique"), judged_at=timezone.now(),
            )  # fmt: skip
            self._call(made.pk, "critic", run)

    def _difficulty(self) -> None:
        run = self.of("api_difficulty_retrieve", "id")
        run.thresholds = {"empathy": 2, "plan": 2}
        run.save(update_fields=["thresholds"])
        prompt = DifficultyPrompt.objects.create(
            project=self.project, run=run, position=0, target=self.target, k=2, judged=1,
            p_fail=self._said(1.0, 0.0),
        )  # fmt: skip
        fresh = reply(self.target, RAW.format(said=marked("fresh")))
        by = ratings.rater_for_judge(judge=self["judge_id"])
        rating = self._rate(fresh, by, "judge", "fresh", self._said(1, 2))
        made = DifficultyReply.objects.create(
            project=self.project, prompt=prompt, number=0, raw=RAW.format(said=marked("fresh")),
            target=fresh, rating=rating, verdict=self._said("fail", "pass"),
        )  # fmt: skip
        DifficultyReply.objects.create(
            project=self.project, prompt=prompt, number=1, error=marked("reply-error")
        )
        self._call(made.pk, "supporter", run)
        self._judge_call(fresh.context_hash, run)

    def _evaluation(self) -> None:
        run, judge = self["evaluated_id"], self["judge_id"]
        EvaluationJudge.objects.create(project=self.project, run=run, judge=judge, is_reward=False)
        said = RAW.format(said=marked("answer"))
        for system in run.systems.all():
            answer = Answer.objects.create(
                project=self.project, system=system, prompt=self.target, position=0, raw=said,
                target=reply(self.target, said), format=self._said(1, 0),
                emotion_match=self._said(1, 0),
            )  # fmt: skip
            self._call(answer.pk, "supporter", run)
        fresh = reply(self.target, said)
        rating = self._rate(
            fresh, ratings.rater_for_judge(judge=judge), "judge", "answer-score", self._said(1, 2)
        )
        for answer in Answer.objects.filter(system__run=run):
            AnswerRating.objects.create(
                project=self.project, answer=answer, judge=judge, rating=rating
            )
        self._judge_call(fresh.context_hash, run)

    def _training(self) -> None:
        """A group of rollouts in the place of the text, and one of another prompt in which the
        model says the text."""
        run = self.of("api_training_retrieve", "id")
        elsewhere = str(self["published_id"].pk)
        for prompt, index, said in (
            (str(self.target.pk), 0, marked("rollout")),
            (str(self.target.pk), 1, marked("rollout")),
            (elsewhere, 0, SAID_AGAIN),
            (elsewhere, 1, marked("rollout")),
        ):
            made = Rollout.objects.create(
                project=self.project, run=run, step=1, prompt_id=prompt, index=index,
                emotion=marked("gold")[:16], prompt_tail="It is late.",
                raw=RAW.format(said=said), spans=None, normal_hash=normal_hash(said),
                format=self._said(1, 0), emotion_match=self._said(1, 0),
                rubric=self._said(0.5, 0.75), reward=self._said(0.25, 0.125) + index / 2,
                advantage=self._said(0.5, 0.75),
                scores={
                    "empathy": {
                        "status": "scored", "value": self._said(2, 1),
                        "rationale": marked("reward-judge"),
                    }
                },
            )  # fmt: skip
            self._call(made.pk, "judge", run)
        # What people gave decided the gate, and whoever wrote the reason has seen it.
        found = {"about": "people", "met": False, "why": marked("gate"), "n": self._said(9, 8)}
        gate = {"gate": "not_met", "gate_checks": [found], "gate_reason": marked("reason")}
        TrainingRun.objects.filter(pk=run.pk).update(**gate)
        # Of a step that was repeated.
        self._call(None, "judge", run)

    def _drafts(self) -> None:
        """What a judge gave by a draft, and proposals from what raters gave."""
        judge, spec = self["judge_id"], self["published_id"].spec
        for model, run in (
            (PlaygroundItem, self.of("playground_run", "run_id")),
            (ImpactItem, self.of("impact_run", "run_id")),
        ):
            extra: dict[str, Any] = {"group": "g"} if model is ImpactItem else {}
            for place, target in enumerate((self.target, self.copy)):
                model.objects.create(
                    project=self.project, run=run, position=place, target=target, state="done",
                    **extra,
                )  # fmt: skip
        passes = pass_by_uid(
            scoring_passes(from_json(spec.content), kind=judge.kind, parameters=judge.parameters)
        )
        for target in (self.target, self.copy):
            for uid, pass_hash in passes.items():
                DraftScore.objects.create(
                    project=self.project, judge=judge, target=target, spec=spec,
                    criterion_uid=uid, pass_hash=pass_hash, status="scored",
                    value=1 if uid == "format" else self._said(1, 2),
                    rationale=marked("draft-score"),
                )  # fmt: skip
        proposal = self.of("api_suggestion_accept", "suggestion_id")
        SuggestionSource.objects.create(
            project=self.project, run=proposal.run, position=0, target=self.copy,
            criterion_uid="empathy", people=self._said([1.0, 2.0], [2.0, 3.0]), others=[],
        )  # fmt: skip
        Suggestion.objects.create(
            project=self.project, run=proposal.run, version=proposal.version, position=1,
            kind="anchor", uid="empathy", level=2, content={"anchor": "Clearer."}, basis=[0],
        )  # fmt: skip
        self._call(proposal.run.pk, "proposal", proposal.run)

    def _comparison(self) -> None:
        """Somebody else has judged the pair that the person still has to judge."""
        comparison = self["comparison_id"]
        ComparisonRater.objects.create(
            project=self.project, comparison=comparison, user=self.others[0]
        )
        PairJudgement.objects.create(
            project=self.project, pair=comparison.pairs.get(), rater=self._person(0),
            first_is_a=True, state="submitted", choice=self._said("a", "b"),
            leased_until=timezone.now(), submitted_at=timezone.now() - 2 * UNDO_WITHIN,
        )  # fmt: skip

    @property
    def names(self) -> list[str]:
        """How an answer names the text: by its words, or by the id of one of its rows."""
        contested = self.of("adjudicate_item", "item_id")
        rows = (self.target, self.copy, self["dialogue_id"], self["item_id"], contested)
        return [SAID, *(str(row.pk) for row in rows)]

    def filtered_by(self, name: str) -> str:
        """The id of the row that this filter of an export asks for."""
        arguments = {
            "version": "published_id", "evaluation": "evaluated_id", "comparison": "comparison_id",
        }  # fmt: skip
        made = self[arguments[name]] if name in arguments else self.of(name, "run_id")
        return str(made.pk)

    def of(self, url_name: str, argument: str) -> Any:
        """One row for each builder, whatever address names it."""
        return self.built_by(_builder(url_name, argument)[1])

    def built_by(self, builder: Callable[[Setting], Any]) -> Any:
        if builder not in self._of_builder:
            self._of_builder[builder] = builder(self)
        return self._of_builder[builder]
