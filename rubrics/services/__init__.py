"""Everything that changes a rubric or makes a judge."""

from rubrics.services.drafting import (
    BadContent,
    draft_open,
    draft_save,
    read_content,
    rubric_create,
)
from rubrics.services.freezing import freeze_spec
from rubrics.services.judges import judge_create_learned, judge_create_llm
from rubrics.services.known import version_ensure
from rubrics.services.publishing import version_archive, version_publish
from rubrics.services.restoring import draft_import, version_copy, version_restore
from rubrics.services.reviewing import (
    version_approve,
    version_refuse,
    version_send_for_review,
    version_withdraw_from_review,
)

__all__ = [
    "BadContent",
    "draft_import",
    "draft_open",
    "draft_save",
    "freeze_spec",
    "judge_create_learned",
    "judge_create_llm",
    "read_content",
    "rubric_create",
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
