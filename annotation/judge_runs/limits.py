"""When a fit stands on too little, or on people who agree too little. Pages say so first."""

# Below either, a fit stands on little. Both are our own choice: see “What a fit stands on” in
# docs/agreement.md.
ENOUGH_ITEMS = 100
ENOUGH_RATINGS = 200
# Krippendorff, Content Analysis (2004), chapter 11: below it, data are too unreliable even for
# tentative conclusions.
MIN_ALPHA = 0.667
# With this share of the same level, two who answer yes or no by chance already have AC2 above
# MIN_ALPHA, so it says no more than alpha whether they agree.
NEARLY_ALL = 0.9
