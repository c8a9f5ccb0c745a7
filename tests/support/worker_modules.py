"""What most workers need, loaded once in the server that forks them (tests.support.worker)."""

import importlib
import os

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "webapp.settings")
django.setup()

for _name in (
    "annotation.batteries.work",
    "annotation.corpus.work",
    "annotation.difficulty.work",
    "annotation.exports.work",
    "annotation.generation.work",
    "annotation.impact.work",
    "annotation.judge_runs.fitting",
    "annotation.judge_runs.work",
    "training.evaluation.work",
    "tests.conftest",
    "tests.support.servers",
):
    importlib.import_module(_name)
