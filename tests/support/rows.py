"""Rows for the arguments of URLs, each made once for a Setting."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

from django.db.models import Model
from django.utils import timezone

from annotation.models import (
    Adjudication,
    Assignment,
    Collection,
    Comparison,
    ComparisonRater,
    Decision,
    Dialogue,
    Item,
    Pair,
    PairJudgement,
    Queue,
    QueueRater,
    Rater,
    Snapshot,
    SnapshotMember,
    Target,
)
from annotation.ratings.services import (
    NewScore,
    external_rater,
    rater_for_person,
    submit_rating,
)
from rubrics.core.spec import to_json
from rubrics.judges.queries import pins_of
from rubrics.models import Judge, Rubric, RubricVersion
from rubrics.versions.services import version_ensure
from tests.support import starter
from tests.support.comparisons import WARM, reply
from tests.support.dialogues import RUBRIC, added, parsed, published
from training.models import (
    Checkpoint,
    EvaluatedSystem,
    EvaluationComparison,
    GateRule,
)
from webapp.accounts.models import ApiToken, Invitation
from webapp.accounts.services import invitations
from webapp.accounts.tokens import create_token
from webapp.files.models import StoredFile
from webapp.ids import new_id
from webapp.llm.models import Endpoint, EndpointTest, ModelCall, Price
from webapp.threads.models import Comment, Thread

if TYPE_CHECKING:
    from tests.support.objects import Setting


def number_of(setting: Setting, model: type[Model]) -> int:
    return model._default_manager.filter(project=setting.project).count() + 1


def endpoint(setting: Setting) -> Endpoint:
    return Endpoint.objects.create(
        project=setting.project,
        name=f"E {new_id().hex}",
        base_url="http://127.0.0.1:9/v1",
        model="m",
    )


def model_call(setting: Setting) -> ModelCall:
    return ModelCall.objects.create(
        project=setting.project, endpoint=setting["endpoint_id"], purpose="test", request={}
    )


def endpoint_test(setting: Setting) -> EndpointTest:
    return EndpointTest.objects.create(project=setting.project, endpoint=setting["endpoint_id"])


def price(setting: Setting) -> Price:
    return Price.objects.create(
        project=setting.project,
        endpoint=setting["endpoint_id"],
        since=timezone.now().date(),
        prompt=1,
        completion=2,
        currency="EUR",
    )


def token(setting: Setting) -> ApiToken:
    return create_token(user=setting.person, name="t")[0]


def invitation(setting: Setting) -> Invitation:
    return invitations.invite(
        actor=setting.person,
        project=setting.project,
        email=f"{new_id().hex}@example.net",
        roles=["annotator"],
    )[0]


def instance_invitation(setting: Setting) -> Invitation:
    return invitations.invite(actor=setting.person, project=None, email="i@example.net")[0]


def version(setting: Setting) -> RubricVersion:
    return published(setting.project)


def rubric(setting: Setting) -> Rubric:
    return setting["published_id"].rubric


def spec_hash(setting: Setting) -> str:
    # A text of its own: the same text in two projects has the same hash in both.
    text = replace(RUBRIC, title=f"R {new_id().hex}")
    version = version_ensure(project=setting.project, actor=setting.person, spec=text)
    return version.spec.hash


def thread(setting: Setting) -> Thread:
    return Thread.objects.create(
        project=setting.project,
        object_kind="rubric",
        object_id=rubric(setting).pk,
        opened_by=setting.person,
    )


def comment(setting: Setting) -> Comment:
    return Comment.objects.create(
        project=setting.project, thread=thread(setting), author=setting.person, text="t"
    )


def draft(setting: Setting) -> RubricVersion:
    return RubricVersion.objects.create(
        project=setting.project,
        rubric=rubric(setting),
        number=2,
        draft=to_json(RUBRIC),
        author=setting.person,
    )


def dialogue(setting: Setting) -> Dialogue:
    number = number_of(setting, Dialogue)
    return added(setting.project, parsed(number))[0]


def target(setting: Setting) -> Target:
    turn = setting["dialogue_id"].turns.filter(role="supporter").first()
    return Target.objects.create(
        project=setting.project, kind="turn", turn=turn, content_hash="c", context_hash="x"
    )


def collection(setting: Setting) -> Collection:
    return Collection.objects.create(
        project=setting.project, number=number_of(setting, Collection), name="Set"
    )


def snapshot(setting: Setting) -> Snapshot:
    made = Snapshot.objects.create(
        project=setting.project,
        number=number_of(setting, Snapshot),
        collection=setting["set_id"],
        hash="h",
    )
    SnapshotMember.objects.create(
        project=setting.project, snapshot=made, position=0, target=setting["target_id"]
    )
    return made


def queue(setting: Setting) -> Queue:
    made = Queue.objects.create(
        project=setting.project,
        number=number_of(setting, Queue),
        name="Q",
        version=setting["published_id"],
        snapshot=setting["snapshot_id"],
    )
    QueueRater.objects.create(project=setting.project, queue=made, user=setting.person)
    return made


def item(setting: Setting) -> Item:
    return Item.objects.create(
        project=setting.project,
        queue=setting["queue_id"],
        position=0,
        target=setting["target_id"],
    )


def assignment(setting: Setting) -> Assignment:
    rater, _ = Rater.objects.get_or_create(
        project=setting.project, kind="person", user=setting.person
    )
    return Assignment.objects.create(
        project=setting.project,
        item=setting["item_id"],
        rater=rater,
        leased_until=timezone.now() + timedelta(minutes=30),
    )


def concern(setting: Setting) -> Assignment:
    """Somebody else's concern, about an item of a queue that is closed."""
    return contested_item(setting).assignments.get()


def contested_item(setting: Setting) -> Item:
    """An item with a concern, in a closed queue: a clinician or lead settles it."""
    made = Queue.objects.create(
        project=setting.project,
        number=number_of(setting, Queue),
        name="Contested",
        version=setting["published_id"],
        snapshot=setting["snapshot_id"],
        closed_at=timezone.now(),
    )
    contested = Item.objects.create(
        project=setting.project, queue=made, position=0, target=setting["target_id"]
    )
    rater = external_rater(project=setting.project, label="Somebody else")
    Assignment.objects.create(
        project=setting.project,
        item=contested,
        rater=rater,
        state="released",
        leased_until=timezone.now(),
        flagged_at=timezone.now(),
        flag_reason="She speaks of self-harm.",
    )
    return contested


def adjudication(setting: Setting) -> Adjudication:
    return Adjudication.objects.create(
        project=setting.project,
        item=contested_item(setting),
        adjudicator=rater_for_person(project=setting.project, user=setting.person),
        leased_until=timezone.now() + timedelta(minutes=30),
    )


def decision(setting: Setting) -> Decision:
    settled = adjudication(setting)
    rating = submit_rating(
        target=settled.item.target,
        spec=settled.item.queue.version.spec,
        rater=settled.adjudicator,
        purpose="adjudication",
        scores=[NewScore(c.uid, value=c.level_values[0]) for c in RUBRIC.judge_criteria],
    ).rating
    return Decision.objects.create(
        project=setting.project,
        adjudication=settled,
        score=rating.scores.first(),
        cause="hard_case",
    )


def comparison(setting: Setting) -> Comparison:
    """One of an evaluation, with a pair to judge."""
    made = Comparison.objects.create(
        project=setting.project, number=number_of(setting, Comparison), name="Which one"
    )
    ComparisonRater.objects.create(project=setting.project, comparison=made, user=setting.person)
    prompt = setting["target_id"]
    Pair.objects.create(
        project=setting.project,
        comparison=made,
        position=0,
        prompt=prompt,
        first=prompt,
        second=reply(prompt, WARM.format(n=0)),
    )
    run = setting["evaluated_id"]
    other = EvaluatedSystem.objects.create(
        project=setting.project, run=run, position=1, name="A model"
    )
    EvaluationComparison.objects.create(
        project=setting.project, run=run, comparison=made, first=run.systems.get(position=0),
        second=other,
    )  # fmt: skip
    return made


def judgement(setting: Setting) -> PairJudgement:
    return PairJudgement.objects.create(
        project=setting.project,
        pair=setting["comparison_id"].pairs.get(),
        rater=rater_for_person(project=setting.project, user=setting.person),
        first_is_a=True,
        leased_until=timezone.now() + timedelta(minutes=30),
    )


def stored_file(setting: Setting) -> StoredFile:
    return StoredFile.objects.create(
        project=setting.project, kind="upload", sha256=new_id().hex * 2, size=1, name="f"
    )


def judge(setting: Setting) -> Judge:
    return Judge.objects.create(
        project=setting.project,
        name=f"J {new_id().hex}",
        version=1,
        kind="llm",
        endpoint=setting["endpoint_id"],
        hash="h",
        provenance=pins_of(setting["endpoint_id"]),
    )


def checkpoint(setting: Setting) -> Checkpoint:
    return Checkpoint.objects.create(
        project=setting.project,
        number=number_of(setting, Checkpoint),
        name="starter",
        origin="path",
        path=str(starter.FOLDER),
        sha256="a" * 64,
    )


def gate_rule(setting: Setting) -> GateRule:
    """A gate has the rule on the battery once, whoever asks for it."""
    rule, _ = GateRule.objects.get_or_create(
        project=setting.project, about=GateRule.About.BATTERY, rubric=None
    )
    return rule
