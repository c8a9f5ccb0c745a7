"""Dialogues, ratings, queues and the runs that make them."""

from annotation.models.adjudication import Adjudication, Decision, OverriddenScore
from annotation.models.batteries import BatteryItem, BatteryRun
from annotation.models.comparisons import Comparison, ComparisonRater, Pair, PairJudgement
from annotation.models.corpus import (
    Collection,
    Dialogue,
    Profile,
    Snapshot,
    SnapshotMember,
    Target,
    Turn,
)
from annotation.models.desk import Assignment, Item, Queue, QueueRater
from annotation.models.difficulty import DifficultyPrompt, DifficultyReply, DifficultyRun
from annotation.models.exports import ExportPart, ExportRun
from annotation.models.impact import (
    DraftScore,
    ImpactItem,
    ImpactRun,
    PlaygroundItem,
    PlaygroundRun,
    Suggestion,
    SuggestionRun,
    SuggestionSource,
)
from annotation.models.ratings import Evidence, Rater, Rating, Score
from annotation.models.refinement import Attempt, GenerationCritic
from annotation.models.runs import (
    FitRun,
    FitSource,
    GenerationItem,
    GenerationRun,
    ImportLine,
    ImportRun,
    JudgeItem,
    JudgeRun,
)

__all__ = [
    "Adjudication",
    "Assignment",
    "Attempt",
    "BatteryItem",
    "BatteryRun",
    "Collection",
    "Comparison",
    "ComparisonRater",
    "Decision",
    "Dialogue",
    "DifficultyPrompt",
    "DifficultyReply",
    "DifficultyRun",
    "DraftScore",
    "Evidence",
    "ExportPart",
    "ExportRun",
    "FitRun",
    "FitSource",
    "GenerationCritic",
    "GenerationItem",
    "GenerationRun",
    "ImpactItem",
    "ImpactRun",
    "ImportLine",
    "ImportRun",
    "Item",
    "JudgeItem",
    "JudgeRun",
    "OverriddenScore",
    "Pair",
    "PairJudgement",
    "PlaygroundItem",
    "PlaygroundRun",
    "Profile",
    "Queue",
    "QueueRater",
    "Rater",
    "Rating",
    "Score",
    "Snapshot",
    "SnapshotMember",
    "Suggestion",
    "SuggestionRun",
    "SuggestionSource",
    "Target",
    "Turn",
]
