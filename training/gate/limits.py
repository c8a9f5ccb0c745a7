"""The numbers of a rule of the gate."""

from annotation.agreement.tables import MIN_ITEMS
from annotation.judge_runs.limits import MIN_ALPHA
from webapp.limits import Setting

# Of the lower end of the 95 % interval. Krippendorff, Content Analysis (2004), chapter 11: .8 for
# conclusions that must be firm, .667 for tentative ones.
FIRM = 0.8
LEAST = Setting("lower_bound", -1.0, 1.0, default=MIN_ALPHA)
# A judge that says "does not apply" on a larger share of the texts that people gave a level misses
# its rules: it could leave out what it gets wrong. Our own choice.
MOST_SKIPPED = 0.1
# With fewer than MIN_ITEMS a figure has no interval, so no such rule could be met.
ITEMS = Setting("items", MIN_ITEMS, 1_000_000, default=30)
