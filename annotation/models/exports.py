"""Exports: a table of the studio written into one file, and what exactly was written."""

from django.db import models
from django.db.models import Q

from annotation.exports.limits import FORMATS
from webapp.accounts.models import ProjectRow
from webapp.files.models import StoredFile
from webapp.runs.models import Run


class ExportRun(Run):
    """One file for the person who asked for it. When the file is removed, the row still says
    what it held: the filters, the columns, the number of rows and the SHA-256."""

    kind = "export"
    title = "Export"
    task = "annotation.work_on_export"

    # The name of a table in annotation.exports.registry.
    table = models.CharField(max_length=40)
    format = models.CharField(max_length=8, choices=FORMATS)
    # {name of a filter: its value}, as the table's `filters` name them.
    filters = models.JSONField(default=dict)
    # The filters in words, as the data card and the page say them.
    about = models.TextField()
    # Null until the rows have been counted; units are what the table counts, such as dialogues.
    units_total = models.PositiveIntegerField(null=True)
    # The moment that the rows were read at. From here on all is null or empty until it is done.
    taken_at = models.DateTimeField(null=True)
    # The owner's roles at that moment. A person who has lost one of these roles can’t download the
    # file.
    roles = models.JSONField(default=list)
    rows_written = models.PositiveIntegerField(null=True)
    columns = models.JSONField(default=list)
    sha256 = models.CharField(max_length=64, blank=True)
    size = models.BigIntegerField(null=True)
    file = models.ForeignKey(StoredFile, null=True, on_delete=models.PROTECT, related_name="+")
    keep_until = models.DateTimeField(null=True)
    removed_at = models.DateTimeField(null=True)

    class Meta(Run.Meta):
        constraints = [
            *Run.Meta.constraints,
            models.CheckConstraint(
                condition=Q(format__in=[name for name, _ in FORMATS]), name="export_format"
            ),
            models.CheckConstraint(
                condition=Q(taken_at=None, rows_written=None, size=None, keep_until=None, sha256="")
                | (
                    Q(
                        taken_at__isnull=False,
                        rows_written__isnull=False,
                        size__isnull=False,
                        keep_until__isnull=False,
                    )
                    & ~Q(sha256="")
                ),
                name="export_result",
            ),
            models.CheckConstraint(
                condition=Q(file=None) | Q(taken_at__isnull=False, removed_at=None),
                name="export_file",
            ),
            models.CheckConstraint(
                condition=Q(removed_at=None) | Q(taken_at__isnull=False, file=None),
                name="export_removed",
            ),
        ]
        indexes = [
            *Run.Meta.indexes,
            models.Index(
                fields=["keep_until"], condition=Q(file__isnull=False), name="export_kept"
            ),
        ]

    @property
    def has_file(self) -> bool:
        return self.file_id is not None


class ExportPart(ProjectRow):
    """A portion that the present attempt has written: what progress is counted from."""

    run = models.ForeignKey(ExportRun, on_delete=models.CASCADE, related_name="parts")
    position = models.PositiveIntegerField()
    units = models.PositiveIntegerField()
    rows = models.PositiveIntegerField()

    class Meta(ProjectRow.Meta):
        ordering = ["position"]
        constraints = [
            *ProjectRow.Meta.constraints,
            models.UniqueConstraint(fields=["run", "position"], name="export_position"),
        ]
