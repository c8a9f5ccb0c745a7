"""Second factors at rest."""

from allauth.mfa.models import Authenticator
from django.db import transaction

from webapp import fieldkeys

# What allauth stores encrypted in an authenticator's data.
SECRET_FIELDS = ("secret", "seed")


def rotate_factors() -> tuple[int, int]:
    """Encrypt every second factor again under the newest of FIELD_KEYS: (rotated, lost)."""
    rotated = lost = 0
    for pk in Authenticator.objects.values_list("pk", flat=True):
        with transaction.atomic():
            row = Authenticator.objects.select_for_update().get(pk=pk)
            held = [name for name in SECRET_FIELDS if name in row.data]
            try:
                fresh = {name: fieldkeys.rotate(row.data[name].encode()).decode() for name in held}
            except fieldkeys.Undecryptable:
                lost += 1
                continue
            row.data = {**row.data, **fresh}
            row.save(update_fields=["data"])
            rotated += 1
    return rotated, lost
