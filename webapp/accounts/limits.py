"""Bounds and defaults of what people choose about accounts."""

from webapp.limits import Setting

TOKEN_DAYS = Setting(
    "days", 1, 365, default=90, sentence="A token can last from {least} to {most} days."
)
