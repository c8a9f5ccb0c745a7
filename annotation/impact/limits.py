"""How much a preview and a try of the playground read."""

from webapp.limits import Setting

SIZE = Setting("size", 1, 500, default=100, sentence="A sample must have {least} to {most} texts.")
MAX_TRIED = 8
# In characters: a reply, its situation, or all that was said before it.
MAX_PASTED = 20_000
# In turns.
MAX_HISTORY = 40
