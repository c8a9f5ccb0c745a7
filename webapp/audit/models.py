"""Who did what to which object, from where. Ids and numbers only, never text."""

import pgtrigger
from django.conf import settings
from django.contrib.postgres.indexes import BrinIndex
from django.db import models


class Entry(models.Model):
    id = models.BigAutoField(primary_key=True)
    at = models.DateTimeField(auto_now_add=True)
    action = models.CharField(max_length=60)
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )
    # Plain ids: an entry outlives the project and the object that it speaks of.
    project_id = models.UUIDField(null=True)
    object_kind = models.CharField(max_length=60)
    object_id = models.CharField(max_length=40)
    address = models.GenericIPAddressField(null=True)
    token_id = models.UUIDField(null=True)
    details = models.JSONField(default=dict)

    class Meta:
        indexes = [
            models.Index(fields=["project_id", "-id"]),
            models.Index(fields=["object_id", "-id"]),
            models.Index(fields=["action", "-id"]),
            models.Index(fields=["actor", "-id"]),
            BrinIndex(fields=["at"]),
        ]
        triggers = [
            pgtrigger.Protect(name="append_only", operation=pgtrigger.Update | pgtrigger.Delete),
            pgtrigger.Trigger(
                name="no_truncate",
                when=pgtrigger.Before,
                operation=pgtrigger.Truncate,
                level=pgtrigger.Statement,
                func="RAISE EXCEPTION 'the audit log is append-only';",
            ),
        ]
