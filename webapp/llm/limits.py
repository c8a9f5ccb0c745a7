"""The numbers of endpoints and prices, and what chat completions take."""

from decimal import Decimal

from webapp.errors import Refused
from webapp.limits import Setting

CONCURRENCY = Setting(
    "max_concurrency",
    1,
    1024,
    default=16,
    sentence="An endpoint can get {least} to {most} requests at once.",
)
TIMEOUT_S = Setting(
    "timeout_s", 1, 3600, default=60, sentence="Wait {least} to {most} seconds for an answer."
)
# In characters.
MAX_API_KEY = 500
# The lowest is 0.
MAX_TEMPERATURE = 2.0

# A price of a million tokens: digits in all, and those behind the point.
DIGITS, DECIMALS = 12, 6


def require_price(amount: Decimal) -> None:
    """Raise Refused for what no price is: less than 0, or more digits than are kept."""
    most = 10 ** (DIGITS - DECIMALS)
    if not amount.is_finite() or not 0 <= amount < most or amount != round(amount, DECIMALS):
        raise Refused(
            f"A price must be at least 0 and below {most:,}, with at most {DECIMALS} decimals.",
            code="price",
        )
