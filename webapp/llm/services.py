"""Endpoints: name, change, archive, price, and ask for a test of one."""

from datetime import date, datetime, timedelta
from decimal import Decimal
from uuid import UUID

from celery import current_app
from django.conf import settings
from django.db import IntegrityError, transaction
from django.utils import timezone

from webapp import fieldkeys
from webapp.accounts.access import require_open
from webapp.accounts.models import Project, User
from webapp.audit import services as audit
from webapp.errors import Refused
from webapp.llm import reserved, secrets
from webapp.llm.addresses import AddressRefused, check_address
from webapp.llm.limits import CONCURRENCY, MAX_API_KEY, TIMEOUT_S, require_price
from webapp.llm.models import Endpoint, EndpointTest, Price
from webapp.runs import live
from webapp.text import storable

COMPLETIONS = "/chat/completions"
# Whoever presses the button again within this time waits for the same test.
TEST_KEPT = timedelta(seconds=20)
# A worker that comes later than this leaves a test undone: nobody waits for it any more.
TEST_EXPIRES_S = 120


def endpoint_create(
    *,
    project: Project,
    actor: User,
    name: str,
    base_url: str,
    model: str,
    api_key: str = "",
    max_concurrency: int = CONCURRENCY.default,
    timeout_s: int = TIMEOUT_S.default,
) -> Endpoint:
    """Add a server that speaks chat completions. Raises Refused for an address that may not be
    reached, a name that is taken, the model of another project, and what is outside its limits."""
    require_open(project)
    base_url = _checked(base_url)
    endpoint = Endpoint(
        project=project,
        name=name,
        base_url=base_url,
        model=model,
        max_concurrency=max_concurrency,
        timeout_s=timeout_s,
        created_by=actor,
    )
    _set_key(endpoint, api_key)
    _require_limits(endpoint)
    with transaction.atomic():
        _save(endpoint)
        audit.record("endpoint.created", actor=actor, object=endpoint)
    return endpoint


def endpoint_change(
    *,
    endpoint: Endpoint,
    actor: User,
    name: str,
    base_url: str,
    model: str,
    api_key: str = "",
    max_concurrency: int,
    timeout_s: int,
) -> bool:
    """Change an endpoint. An empty `api_key` keeps the key, unless the address leads to another
    origin: then the key is dropped. Returns whether it was."""
    require_open(endpoint.project)
    base_url = _checked(base_url)
    with transaction.atomic():
        row = Endpoint.objects.select_for_update(of=("self",)).get(pk=endpoint.pk)
        if (row.base_url, row.model) != (base_url, model):
            row.adaptations = {}
        row.name, row.base_url, row.model = name, base_url, model
        row.max_concurrency, row.timeout_s = max_concurrency, timeout_s
        _require_limits(row)
        moved = row.secret is not None and row.secret_origin != secrets.origin_text(base_url)
        if api_key:
            _set_key(row, api_key)
        elif moved:
            _set_key(row, "")
        _save(row)
        dropped = moved and not api_key
        audit.record(
            "endpoint.changed",
            actor=actor,
            object=row,
            key_entered=bool(api_key),
            key_dropped=dropped,
        )
    endpoint.refresh_from_db()
    return dropped


def endpoint_archive(*, endpoint: Endpoint, actor: User) -> None:
    """Take it out of use. Judges and runs that are pinned to it stay readable."""
    require_open(endpoint.project)
    with transaction.atomic():
        open_rows = Endpoint.objects.filter(pk=endpoint.pk, archived_at=None)
        if open_rows.update(archived_at=timezone.now()):
            audit.record("endpoint.archived", actor=actor, object=endpoint)


def read_key(endpoint: Endpoint, *, sent_to: str = "") -> str | None:
    """The endpoint's key in clear, for the program that sends it to the address `sent_to`, which
    is the endpoint's own if none is given. Raises KeyLost where it was entered for another one."""
    if endpoint.secret is None:
        return None
    return secrets.unseal(bytes(endpoint.secret), base_url=sent_to or endpoint.base_url)


def endpoint_test(*, endpoint: Endpoint, actor: User) -> EndpointTest:
    """Ask a worker to find out what the endpoint can do. Whoever asks again while that is under
    way, or has just been done, gets the same test."""
    require_open(endpoint.project)
    with transaction.atomic():
        # One after the other: two presses at once are one test.
        row = Endpoint.objects.select_for_update(of=("self",)).get(pk=endpoint.pk)
        last = row.tests.order_by("-pk").first()
        if last is not None and timezone.now() - last.asked_at < TEST_KEPT:
            return last
        # The test finds out anew what the server refuses.
        row.adaptations = {}
        row.save(update_fields=["adaptations"])
        test = EndpointTest.objects.create(
            project=endpoint.project,
            endpoint=row,
            asked_by=actor,
            base_url=row.base_url,
            model=row.model,
        )
        audit.record("endpoint.tested", actor=actor, object=row)
        transaction.on_commit(
            lambda: current_app.send_task(
                "llm.test_endpoint", args=[str(test.pk)], expires=TEST_EXPIRES_S
            )
        )
    return test


def endpoint_note_pause(
    *, endpoint_id: UUID, until: datetime | None, reason: str, topic: str = ""
) -> None:
    """Note that an endpoint is paused until then, or (None) in use again. `topic` is the run whose
    open pages show it."""
    with transaction.atomic():
        Endpoint.objects.filter(pk=endpoint_id).update(
            paused_until=until, pause_reason=storable(reason)
        )
        if topic:
            live.publish(topic)


def endpoint_note_adaptation(
    *, endpoint_id: UUID, base_url: str, model: str, field: str, instead: str, said: str
) -> None:
    """Note that the server refuses a field of a request, which is sent as `instead` from now on,
    or not at all. An endpoint that leads elsewhere by now is left alone."""
    with transaction.atomic():
        rows = Endpoint.objects.select_for_update(of=("self",), no_key=True)
        row = rows.filter(pk=endpoint_id, base_url=base_url, model=model).first()
        if row is not None:
            row.adaptations[field] = {"instead": instead, "said": storable(said)}
            row.save(update_fields=["adaptations"])


def price_set(
    *,
    endpoint: Endpoint,
    actor: User,
    since: date,
    prompt: Decimal,
    completion: Decimal,
    currency: str,
) -> Price:
    """What a million tokens of the endpoint cost from a day on. Raises Refused for what is no
    price, and if that day has a price already: it has to be removed first, so that the audit log
    shows each change of a cost."""
    require_open(endpoint.project)
    require_price(prompt)
    require_price(completion)
    currency = currency.strip().upper()
    if not 0 < len(currency) <= Price.MAX_CURRENCY:
        raise Refused(
            f"A currency must have 1 to {Price.MAX_CURRENCY} characters, such as EUR.",
            code="currency",
        )
    price = Price(
        project=endpoint.project,
        endpoint=endpoint,
        since=since,
        prompt=prompt,
        completion=completion,
        currency=currency,
        created_by=actor,
    )
    try:
        with transaction.atomic():
            price.save(force_insert=True)
            audit.record("endpoint.priced", actor=actor, object=endpoint)
    except IntegrityError:
        raise Refused(
            "There is already a price from this day on. Remove it first.", code="price_taken"
        ) from None
    return price


def price_withdraw(*, price: Price, actor: User) -> None:
    """Remove a price. Costs are counted without it from now on."""
    require_open(price.project)
    with transaction.atomic():
        if Price.objects.filter(pk=price.pk).delete()[0]:
            audit.record("endpoint.price_withdrawn", actor=actor, object=price.endpoint)


def rotate_keys() -> tuple[int, int]:
    """Encrypt every key again under the newest of FIELD_KEYS: (rotated, lost)."""
    rotated = lost = 0
    for pk in Endpoint.objects.filter(secret__isnull=False).values_list("pk", flat=True):
        with transaction.atomic():
            row = Endpoint.objects.select_for_update(of=("self",)).get(pk=pk)
            try:
                row.secret = fieldkeys.rotate(bytes(row.secret or b""))
            except fieldkeys.Undecryptable:
                lost += 1
                continue
            row.save(update_fields=["secret"])
            rotated += 1
    return rotated, lost


def _checked(base_url: str) -> str:
    """The base URL in one spelling, where it may be reached."""
    url = base_url.strip().rstrip("/").removesuffix(COMPLETIONS).rstrip("/")
    if "?" in url or "#" in url:
        raise Refused("The address must not contain ? or #.", code="address")
    try:
        check_address(
            url,
            allow_loopback=settings.LLM_ALLOW_LOOPBACK,
            allowed_hosts=settings.LLM_ALLOWED_HOSTS,
        )
    except AddressRefused as error:
        raise Refused(str(error), code="address") from None
    return url


def _set_key(endpoint: Endpoint, key: str) -> None:
    if not key:
        endpoint.secret, endpoint.secret_origin = None, ""
        return
    if len(key) > MAX_API_KEY:
        raise Refused(f"A key can have at most {MAX_API_KEY} characters.", code="key")
    if not (key.isascii() and key.isprintable() and " " not in key):
        raise Refused("The key contains characters that can’t be sent.", code="key")
    endpoint.secret = secrets.seal(key, base_url=endpoint.base_url)
    endpoint.secret_origin = secrets.origin_text(endpoint.base_url)


def _require_limits(endpoint: Endpoint) -> None:
    CONCURRENCY.require(endpoint.max_concurrency)
    TIMEOUT_S.require(endpoint.timeout_s)
    for text, most, what, code in (
        (endpoint.name, Endpoint.MAX_NAME, "name", "name"),
        (endpoint.base_url, Endpoint.MAX_URL, "address", "address"),
        (endpoint.model, Endpoint.MAX_MODEL, "model's name", "model"),
    ):
        if not 0 < len(text) <= most:
            raise Refused(f"The {what} must have 1 to {most} characters.", code=code)
    reserved.require_free(endpoint.project, endpoint.model)


def _save(endpoint: Endpoint) -> None:
    try:
        with transaction.atomic():
            endpoint.save()
    except IntegrityError:
        raise Refused("There is already an endpoint with this name.", code="name_taken") from None
