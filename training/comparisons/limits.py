"""How many pairs a blind comparison of two systems asks for."""

from annotation.comparisons import limits
from webapp.limits import Setting

PAIRS = Setting("pairs", limits.PAIRS.least, limits.PAIRS.most, default=50)
