"""Everything that changes a version once it is written."""

from rubrics.versions.services.freezing import freeze_spec
from rubrics.versions.services.publishing import version_archive, version_ensure, version_publish
from rubrics.versions.services.restoring import draft_import, version_copy, version_restore
from rubrics.versions.services.reviewing import (
    version_approve,
    version_refuse,
    version_send_for_review,
    version_withdraw_from_review,
)

__all__ = [
    "draft_import",
    "freeze_spec",
    "version_approve",
    "version_archive",
    "version_copy",
    "version_ensure",
    "version_publish",
    "version_refuse",
    "version_restore",
    "version_send_for_review",
    "version_withdraw_from_review",
]
