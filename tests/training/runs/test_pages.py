"""The pages of training: whole without a socket, for leads only, with constant query counts."""

from pathlib import Path

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from rubrics.judges import forms
from rubrics.models import Judge
from tests.conftest import Cast
from tests.support.pages import html_of
from tests.training.runs import told
from tests.training.runs.test_events import insert
from tests.training.runs.worlds import GRPO, SFT, World
from training import live, services
from training.folder import prepare
from training.limits import LORA_DEFAULTS, REWARD_PARTS
from training.models import Checkpoint, TrainingRun
from training.paths import LOG, SPEC, folder_of
from webapp.llm.services import endpoint_create
from webapp.runs import registry

pytestmark = pytest.mark.django_db


def url(name: str, run: TrainingRun | None = None, *, world: World | None = None) -> str:
    kwargs = {"project_id": run.project_id if run else world.project.pk}  # type: ignore[union-attr]
    return reverse(name, kwargs=kwargs | ({"run_id": run.pk} if run else {}))


@pytest.fixture
def lead(client: Client, ready: World) -> Client:
    client.force_login(ready.lead)
    return client


@pytest.fixture
def run(ready: World) -> TrainingRun:
    return ready.start()


def text_of(client: Client, address: str) -> str:
    response = client.get(address)
    assert response.status_code == 200
    return html_of(response)


def form_data(ready: World, **changes: object) -> dict[str, object]:
    return {
        "key": "form",
        "base": ready.base.pk,
        "collection": ready.collection.pk,
        "prompts": 4,
        "held_out_prompts": 3,
        "version": ready.version.pk,
        "judge": ready.judge.pk,
        "seed": 0,
        "plan": "grpo",
        "tuning": "full",
        **{f"part_{part}": 1 for part in REWARD_PARTS},
        **{f"lora_{name}": value for name, value in LORA_DEFAULTS.items()},
        **{f"sft_{name}": value for name, value in SFT.items()},
        **GRPO,
        **changes,
    }


def test_an_empty_project_says_what_to_do_next(client: Client, cast: Cast) -> None:
    client.force_login(cast.leads[0])
    where = {"project_id": cast.project.pk}
    assert "No training runs yet" in text_of(client, reverse("training_runs", kwargs=where))
    page = text_of(client, reverse("training_new", kwargs=where))
    for words in ("no base checkpoint", "no set", "no published rubric", "no judge"):
        assert words in page
    assert 'type="submit" disabled' in page


def test_sft_starts_in_a_project_without_a_judge(
    lead: Client, ready: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(forms, "judges_of", lambda project: Judge.objects.none())
    address = url("training_new", world=ready)
    page = text_of(lead, address)
    assert "There is no judge yet." in page and 'type="submit" disabled' not in page
    given = form_data(ready, judge="", plan="grpo")
    assert "Choose a judge. It scores the replies of GRPO." in html_of(lead.post(address, given))
    assert not TrainingRun.objects.exists()
    assert lead.post(address, given | {"plan": "sft"}).status_code == 302
    run = TrainingRun.objects.get()
    insert(run, *told.whole_run()[:8])
    for found in (text_of(lead, url("training_run", run)), text_of(lead, _list(run))):
        assert "SFT run 1" in found and "None" not in found


def test_the_list_shows_runs_with_their_pins_and_the_gate(lead: Client, run: TrainingRun) -> None:
    insert(run, *told.whole_run()[:8])
    page = text_of(lead, _list(run))
    assert "GRPO run 1" in page and "not set" in page
    assert run.spec.hash[:6] in page
    assert '<progress value="3" max="4"' in page
    assert "starter" in page


def _list(run: TrainingRun) -> str:
    return reverse("training_runs", kwargs={"project_id": run.project_id})


def test_sft_shows_its_loss_and_where_the_plan_goes(lead: Client, ready: World) -> None:
    run = ready.start(sft=SFT)
    losses = [told.sft_metrics(step, loss=1 / step) for step in (1, 2, 3, 4)]
    validated = {"type": "metrics", "step": 2, "values": {"validation_loss": 0.75}}
    insert(run, told.started(), *losses, validated, told.checkpoint(4))
    TrainingRun.objects.filter(pk=run.pk).update(status="succeeded")
    page = text_of(lead, url("training_run", run))
    assert "The loss was 1.00 at the first step and is 0.25 at step 4" in page
    assert "Training: 0.250" in page and "Validation: 0.750" in page
    assert "Tokens predicted right" in page and "Rollouts scored" not in page
    following = services.training_start_next(run)
    page = text_of(lead, url("training_run", run))
    assert "The second is" in page and url("training_run", following) in page
    page = text_of(lead, url("training_run", following))
    assert "the last checkpoint of" in page and url("training_run", run) in page


def test_a_run_without_an_evaluation_leads_to_one(
    lead: Client, ready: World, run: TrainingRun
) -> None:
    insert(run, *told.whole_run())
    TrainingRun.objects.filter(pk=run.pk).update(status="succeeded")
    page = text_of(lead, url("training_run", run))
    assert "No judge was chosen for an evaluation" in page
    assert "serve both as endpoints" in page
    last = run.checkpoints.get(step=4)
    served = [
        endpoint_create(
            project=run.project, actor=ready.lead, name=name, base_url="http://127.0.0.1:9/v1",
            model=name,
        )
        for name in ("base", "trained")
    ]  # fmt: skip
    for checkpoint, endpoint in zip((run.base, last), served, strict=True):
        Checkpoint.objects.filter(pk=checkpoint.pk).update(endpoint=endpoint)
    page = text_of(lead, url("training_run", run))
    assert "Compare base and last checkpoint in an evaluation" in page
    form = text_of(lead, url("evaluation_new", world=ready) + f"?endpoint={served[0].pk}")
    assert f'value="{served[0].pk}"' in form and form.count("checked") >= 2


def test_a_run_before_its_first_step(lead: Client, run: TrainingRun) -> None:
    page = text_of(lead, url("training_run", run))
    assert "Waiting for the training worker" in page
    assert f'ws-connect="/live/training/{run.pk}/"' in page
    assert "Gate: not set" in page


def test_a_run_shows_charts_and_rollouts(lead: Client, run: TrainingRun) -> None:
    insert(run, *told.whole_run())
    TrainingRun.objects.filter(pk=run.pk).update(status="succeeded")
    page = text_of(lead, url("training_run", run))
    assert "ws-connect" not in page
    assert "The mean reward was 0.50 at the first step and is 0.80 at step 4" in page
    assert 'class="band c-accent"' in page
    for label in ("Format", "Emotion match", "KL to the base", "Groups with no spread"):
        assert label in page
    assert "Rollouts at step 4" in page and "Nobody calls, 0." in page
    assert '<span class="lv" data-l="4">4</span>' in page
    assert "It names the nights." in page and "+0.40" in page
    assert "style=" not in page and "<script>" not in page


def test_a_rollout_whose_judge_read_less_says_so(lead: Client, run: TrainingRun) -> None:
    event = told.rollouts(1, prompts=1)
    for rollout, cut in zip(event["groups"][0]["rollouts"], (0, 1, 1_200, 0), strict=True):
        rollout["cut"] = cut
    insert(run, event)
    page = text_of(lead, url("training_run", run))
    assert page.count("The judge did not read") == 2
    assert "The judge did not read the 1 oldest exchange, for length." in page
    assert "The judge did not read the 1,200 oldest exchanges, for length." in page


def test_another_step_and_prompt_are_held_by_links(lead: Client, run: TrainingRun) -> None:
    insert(run, *told.whole_run())
    page = text_of(lead, url("training_run", run) + "?step=2&prompt=2")
    assert "Rollouts at step 2" in page and "Nobody calls, 1." in page
    assert '<div id="run-rollouts" hidden>' in page
    far = text_of(lead, url("training_run", run) + "?step=9999&prompt=99")
    assert "Rollouts at step 4" in far and "Nobody calls, 1." in far
    odd = text_of(lead, url("training_run", run) + "?step=x&prompt=-1")
    assert "Rollouts at step 4" in odd


def test_what_a_model_wrote_is_text(lead: Client, run: TrainingRun) -> None:
    event = told.rollouts(1, prompts=1, replies=1)
    bad = "<script>alert(1)</script>"
    event["groups"][0]["prompt_tail"] = bad
    event["groups"][0]["rollouts"][0] |= {"spans": None, "raw": bad, "format": 0.0}
    insert(run, event)
    page = text_of(lead, url("training_run", run))
    assert bad not in page and page.count("&lt;script&gt;") >= 2


def test_the_socket_sends_the_partials_of_the_page(ready: World, run: TrainingRun, cast) -> None:
    insert(run, *told.whole_run())
    html = "".join(live.render(run, cast.member(ready.lead)))
    assert '<div id="run-state" hx-swap-oob="true">' in html
    assert '<div id="run-evaluation" hx-swap-oob="true">' in html
    assert '<div id="run-rollouts" hx-swap-oob="innerHTML">' in html
    assert "Rollouts at step 4" in html
    assert live.progress([run]) == {run.pk: (4, 4)}
    assert registry.find("training").url(run) == url("training_run", run)


def test_stopped_and_failed_runs_say_what_was_kept(
    lead: Client, run: TrainingRun, ready: World
) -> None:
    lead.post(url("run_cancel", run))
    assert "was stopped" in text_of(lead, url("training_run", run))
    insert(run, *told.whole_run()[:4], told.checkpoint(1))
    TrainingRun.objects.filter(pk=run.pk).update(status="failed", error="The disk is full.")
    page = text_of(lead, url("training_run", run))
    assert "The disk is full." in page and "continues from step 1" in page
    lead.post(url("run_resume", run))
    run.refresh_from_db()
    assert run.status == "pending"
    assert lead.post(url("run_resume", run), follow=True).status_code == 200


def test_the_table_behind_the_charts(lead: Client, run: TrainingRun) -> None:
    assert "No steps reported yet" in text_of(lead, url("training_series", run))
    insert(run, *(told.metrics(step, kl=0.0000123) for step in range(1, 131)))
    first = text_of(lead, url("training_series", run))
    assert "1.2e−05" in first and "?after=100" in first
    rest = text_of(lead, url("training_series", run) + "?after=100")
    assert rest.count("<tr>") == 31 and "?after=1" not in rest


def test_what_ran_can_be_taken_along(lead: Client, run: TrainingRun) -> None:
    assert lead.get(url("training_spec", run)).url == url("training_run", run)
    prepare(run)
    response = lead.get(url("training_spec", run))
    assert response.content == (folder_of(run) / SPEC).read_bytes()
    assert response["Content-Disposition"] == 'attachment; filename="training-run-1-spec.json"'


def test_the_log_is_plain_text(lead: Client, run: TrainingRun) -> None:
    assert "The log is still empty" in text_of(lead, url("training_log", run))
    folder: Path = prepare(run)
    (folder / LOG).write_text("<b>step</b>\n")
    response = lead.get(url("training_log", run))
    assert response["Content-Type"].startswith("text/plain")
    assert response.content == b"<b>step</b>"


@pytest.mark.parametrize(
    ("name", "method"),
    [
        ("training_run", "get"),
        ("training_series", "get"),
        ("training_spec", "get"),
        ("training_log", "get"),
        ("training_evaluate", "post"),
        ("run_cancel", "post"),
        ("run_resume", "post"),
    ],
)
def test_strangers_get_404_and_other_roles_403(
    client: Client, run: TrainingRun, cast: Cast, name: str, method: str
) -> None:
    for person, expected in (
        (cast.outsider, 404),
        (cast.stranger, 404),
        (cast.admin, 404),
        (cast.annotators[0], 403),
        (cast.clinicians[0], 403),
    ):
        client.force_login(person)
        assert getattr(client, method)(url(name, run)).status_code == expected, person
    run.refresh_from_db()
    assert run.cancel_requested_at is None


def test_a_run_of_another_project_is_404_under_ones_own(
    client: Client, run: TrainingRun, cast: Cast
) -> None:
    client.force_login(cast.stranger)
    where = {"project_id": cast.other_project.pk, "run_id": run.pk}
    assert client.get(reverse("training_run", kwargs=where)).status_code == 404


def queries_of(client: Client, address: str) -> int:
    client.get(address)
    with CaptureQueriesContext(connection) as found:
        assert client.get(address).status_code == 200
    return len(found)


@pytest.mark.slow
def test_the_list_asks_as_much_for_20_runs_as_for_2(lead: Client, ready: World) -> None:
    def more(count: int) -> None:
        for _ in range(count):
            insert(ready.start(), *told.whole_run())

    more(2)
    two = queries_of(lead, url("training_runs", world=ready))
    more(18)
    assert queries_of(lead, url("training_runs", world=ready)) == two


def test_a_runs_page_asks_as_much_for_20_steps_as_for_2(lead: Client, ready: World) -> None:
    short, long = ready.start(), ready.start()
    insert(short, *told.whole_run(2))
    insert(long, *told.whole_run(20))
    assert queries_of(lead, url("training_run", short)) == queries_of(
        lead, url("training_run", long)
    )
