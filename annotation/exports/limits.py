"""How exports are written and how long their files are kept."""

# The formats, by the name that a run keeps.
FORMATS = (
    ("csv", "CSV"),
    ("jsonl", "JSON Lines"),
    ("parquet", "Parquet"),
    ("dataset", "Dataset folder"),
)
# Days that a finished file can be downloaded.
KEEP_DAYS = 30
# Dialogues, ratings or other units that one query reads.
CHUNK = 200
# Characters of one filter's value, and how many filters an export may have.
MAX_FILTER = 200
MAX_FILTERS = 20
