"""What every kind of run shares."""

# Characters of the key under which a run is started once.
MAX_KEY = 64
