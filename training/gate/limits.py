"""The numbers of a rule of the gate."""

from annotation.judge_runs.limits import MIN_ALPHA
from webapp.limits import Setting

# Of the lower end of the 95 % interval. Krippendorff, Content Analysis (2004), chapter 11: .8 for
# conclusions that must be firm, .667 for tentative ones.
FIRM = 0.8
LEAST = Setting("lower_bound", -1.0, 1.0, default=MIN_ALPHA)
ITEMS = Setting("items", 1, 1_000_000, default=30)
