"""What runs have used: calls, tokens and cost, counted from the calls' rows."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time
from decimal import Decimal
from uuid import UUID

from django.db.models import Case, Count, Q, QuerySet, Sum, UUIDField, Value, When

from webapp.llm.models import ModelCall, Price

MILLION = 1_000_000


@dataclass(frozen=True)
class Cost:
    amount: Decimal
    currency: str


@dataclass(frozen=True)
class Usage:
    """`failed` calls gave no reply that could be used. `unpriced` calls have no price for their
    endpoint and day; `costs` has one entry for each currency, and leaves them out."""

    calls: int = 0
    failed: int = 0
    retries: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0
    cached_tokens: int = 0
    unpriced: int = 0
    costs: Sequence[Cost] = ()


def usage_of_run(run_id: UUID) -> Usage:
    return usage_of(ModelCall.objects.filter(run_id=run_id))


def usage_of(calls: QuerySet[ModelCall]) -> Usage:
    """What these calls used, in two queries however many they are. Their price is the latest of
    their endpoint that was set for their day or before."""
    endpoints = calls.order_by().values("endpoint")
    prices = {price.pk: price for price in Price.objects.filter(endpoint__in=endpoints)}
    groups = list(
        calls.order_by()
        .annotate(price=_price_at_the_time(list(prices.values())))
        .values("endpoint", "price")
        .annotate(
            calls=Count("pk"),
            failed=Count("pk", filter=~Q(error="")),
            retried=Sum("retries"),
            prompted=Sum("prompt_tokens"),
            completed=Sum("completion_tokens"),
            cached=Sum("cached_tokens"),
        )
    )
    costs: dict[str, Decimal] = {}
    for group in groups:
        price = prices.get(group["price"])
        if price is not None:
            amount = price.prompt * group["prompted"] + price.completion * group["completed"]
            costs[price.currency] = costs.get(price.currency, Decimal(0)) + amount / MILLION
    return Usage(
        calls=sum(group["calls"] for group in groups),
        failed=sum(group["failed"] for group in groups),
        retries=sum(group["retried"] for group in groups),
        prompt_tokens=sum(group["prompted"] for group in groups),
        completion_tokens=sum(group["completed"] for group in groups),
        cached_tokens=sum(group["cached"] for group in groups),
        unpriced=sum(group["calls"] for group in groups if group["price"] is None),
        costs=[Cost(amount, currency) for currency, amount in sorted(costs.items())],
    )


def _price_at_the_time(prices: Sequence[Price]) -> Case | Value:
    """The id of the price that held when a call was made. As conditions and not as a subquery:
    one for each row would cost more than the rest of the count."""
    newest_first = sorted(prices, key=lambda price: price.since, reverse=True)
    whens = [
        When(
            endpoint=price.endpoint_id,
            created_at__gte=datetime.combine(price.since, time.min, UTC),
            then=Value(price.pk, output_field=UUIDField()),
        )
        for price in newest_first
    ]
    if not whens:
        return Value(None, output_field=UUIDField(null=True))
    return Case(*whens, default=None, output_field=UUIDField(null=True))
