"""The folders below var/ that hold what the database does not: backups take them along, and nobody
but the studio's own user can enter them. Pure, because backups are made without Django."""

# Uploads and exports, what runs left (checkpoints among it), models that were added.
KEPT = ("files", "runs", "weights")
