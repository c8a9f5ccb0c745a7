"""Celery finds the tasks of the features through this module.

A task imports its work when it is called: beat, the reaper and workers of other queues then load
neither scikit-learn nor the model client.
"""

from annotation.batteries import tasks as batteries
from annotation.corpus import tasks as corpus
from annotation.difficulty import tasks as difficulty
from annotation.exports import tasks as exports
from annotation.generation import tasks as generation
from annotation.impact import tasks as impact
from annotation.judge_runs import tasks as judge_runs
from annotation.suggestions import tasks as suggestions

__all__ = [
    "batteries",
    "corpus",
    "difficulty",
    "exports",
    "generation",
    "impact",
    "judge_runs",
    "suggestions",
]
