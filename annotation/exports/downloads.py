"""An export's file as the answer to a page and to a script."""

from django.http import FileResponse

from annotation.exports import services
from annotation.exports.writers import MEDIA_TYPES
from annotation.models import ExportRun
from webapp.accounts.models import User
from webapp.files.services import open_file


def file_response(run: ExportRun, *, actor: User) -> FileResponse:
    """The file as an attachment, read in portions. `run` comes from `access.file_for`."""
    assert run.file is not None  # noqa: S101  (an export without one is 404)
    services.note_download(run=run, actor=actor)
    response = FileResponse(open_file(run.file), as_attachment=True, filename=services.name_of(run))
    response["Content-Type"] = MEDIA_TYPES[run.format]
    return response
