"""The model card that goes with a downloaded checkpoint: what it is and where it came from."""

import json
from collections.abc import Iterator

from training.checkpoints.contents import Contents
from training.evaluation.of_training import latest_of
from training.evaluation.queries import tables_of
from training.evaluation.tables import as_markdown
from training.gate.checks import from_json, sees_gates
from training.models import Checkpoint, TrainingRun
from training.queries.runs import runs_of
from training.small import package
from training.small.models import WITH_ADAPTER
from webapp.accounts.access import Member
from webapp.text import markdown_line as line

NOT_TOLD = "unknown. Find out before you pass the model on."


def card_of(checkpoint: Checkpoint, contents: Contents, member: Member) -> str:
    """The card as Markdown. Its figures leave out the prompts that `member` still has to rate."""
    lines = [
        f"# {line(checkpoint.name)}",
        "",
        f"Checkpoint {checkpoint.number} of the project “{line(checkpoint.project.name)}”, "
        f"from Kardia Studio, {checkpoint.created_at:%d %B %Y}.",
        "",
        f"- Architecture: {line(contents.architecture)}, {contents.parameters:,} parameters, "
        f"{', '.join(contents.dtypes)}",
        f"- Context: {f'{contents.context:,} tokens' if contents.context else 'not stated'}",
        f"- SHA-256 of {_hashed(checkpoint)}: `{checkpoint.sha256}`",
        f"- Licence of the base: {line(licence_of(checkpoint))}",
        "",
        "Don’t let a person in distress use this model unless a clinician supervises.",
        "",
        "## Where it comes from",
        "",
        line(origin_of(checkpoint)),
    ]
    if checkpoint.run_id is not None:
        lines += _run(runs_of(checkpoint.project).get(pk=checkpoint.run_id), member)
    lines += _evaluation(checkpoint, member)
    return "\n".join(lines) + "\n"


def _hashed(checkpoint: Checkpoint) -> str:
    """What a checkpoint's hash is over; the trainer's list has the hash of every file."""
    return "manifest.json" if checkpoint.run_id else "the weights"


def origin_of(checkpoint: Checkpoint) -> str:
    """Where it came from, in a sentence."""
    if checkpoint.run is not None:
        base = checkpoint.run.base
        return (
            f"{checkpoint.run}, step {checkpoint.step}. It began with “{base}” (checkpoint "
            f"{base.number}, SHA-256 {base.sha256})."
        )
    origins = Checkpoint.Origin
    return {
        origins.STARTER: "The starter model that came with earlier versions of Kardia Studio.",
        origins.UPLOAD: f"Uploaded as {checkpoint.source}.",
        origins.PATH: "A folder of the server.",
        origins.HUB: f"{checkpoint.source} of the model hub, commit {checkpoint.revision}.",
        origins.PACKAGE: f"{package.MODEL} by Hugging Face, converted from the file {package.FILE} "
        f"(weights of four bits) of the Python package {checkpoint.source}"
        + (", which was trained on the written corpus." if _is_trained(checkpoint) else "."),
    }[origins(checkpoint.origin)]


def _is_trained(checkpoint: Checkpoint) -> bool:
    return WITH_ADAPTER in checkpoint.source


def licence_of(checkpoint: Checkpoint) -> str:
    """The licence of the model from outside that it goes back to; a sentence where none is told."""
    while checkpoint.run is not None:
        checkpoint = checkpoint.run.base
    if checkpoint.origin == Checkpoint.Origin.STARTER:
        return "Apache 2.0, as Kardia Studio"
    return checkpoint.licence or NOT_TOLD


def _run(run: TrainingRun, member: Member) -> Iterator[str]:
    yield from ("", "## Training", "", f"- Method: {run.get_method_display()}")
    if run.version is not None and run.spec is not None:
        yield (
            f"- Rubric: {line(run.version.rubric.name)}, version {run.version.number}, fingerprint "
            f"`{run.spec.hash}`"
        )
    if run.method == TrainingRun.Method.GRPO and run.judge is not None:
        judge = line(str(run.judge))
        yield f"- Judge: {judge} ({run.judge.get_kind_display()}), hash `{run.judge.hash}`"
        yield f"- Gate: {line(gate_sentence(run, member))}"
    for label, snapshot in (("Training", run.train_snapshot), ("Held-out", run.held_out_snapshot)):
        if snapshot is not None:
            yield (
                f"- {label} data: snapshot {snapshot.number} of "
                f"“{line(snapshot.collection.name)}”, "
                f"{snapshot.members.count():,} members, hash `{snapshot.hash}`"
            )
    yield from ("", "Settings:", "", "```json")
    yield json.dumps(run.settings, indent=2, sort_keys=True)
    yield "```"


def was_rewarded(checkpoint: Checkpoint) -> bool:
    """Whether a judge's scores trained it, so that a gate may stand before it."""
    return checkpoint.run is not None and checkpoint.run.method == TrainingRun.Method.GRPO


def gate_sentence(run: TrainingRun, member: Member) -> str:
    """What the gate found when a run with a reward was started, in a sentence. Nothing of it for a
    member who still has texts to rate."""
    found = from_json(run.gate_checks)
    if run.gate == TrainingRun.Gate.NOT_SET:
        return "not set. No rule was about this rubric or its judge."
    if not sees_gates(member):
        return "not shown to somebody who still has texts to rate."
    if run.gate == TrainingRun.Gate.MET:
        return f"met, all {len(found.checks)} rules."
    return (
        f"not met: {found.unmet} of {len(found.checks)} rules. The run was started anyway. Reason: "
        f"“{run.gate_reason}”"
    )


def _evaluation(checkpoint: Checkpoint, member: Member) -> Iterator[str]:
    """The tables of the last evaluation in which it answered, one of each judge."""
    yield from ("", "## Evaluation on held-out prompts", "")
    evaluation = latest_of(checkpoint)
    tables = tables_of(evaluation, member) if evaluation is not None else []
    if tables:
        name = line(str(checkpoint.endpoint))
        yield f"{evaluation} of the project. This model is “{name}” in it."
        yield from ("", as_markdown(tables).rstrip())
    else:
        yield "It was not evaluated."
