"""Read a large table as it was at one moment, while the caller writes."""

from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager, suppress
from queue import Empty, Queue
from threading import Event, Thread
from typing import Any, TypeVar

from django.db import connection, transaction
from django.db.models import Model, QuerySet

from annotation.exports.limits import CHUNK

T = TypeVar("T")
M = TypeVar("M", bound=Model)

# How many portions wait for the writer.
AHEAD = 1
_END = object()


@contextmanager
def at_one_moment() -> Iterator[None]:
    """All queries of the block see the database as it is at the first of them."""
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        yield


def read_aside(produce: Callable[[], Iterator[T]]) -> Generator[T, None, None]:
    """What `produce` yields, read at one moment in a thread with a connection of its own: the
    transactions of the caller stay short. An error of `produce` is raised here. Close the
    iterator to end the thread early."""
    found: Queue[Any] = Queue(maxsize=AHEAD)
    stop = Event()

    def fill() -> None:
        try:
            with at_one_moment():
                for item in produce():
                    found.put(item)
                    if stop.is_set():
                        return
        except BaseException as error:  # noqa: BLE001  (the caller raises it)
            found.put(_Failed(error))
        finally:
            connection.close()
            found.put(_END)

    thread = Thread(target=fill, name="export-reader", daemon=True)
    thread.start()
    try:
        while (item := found.get()) is not _END:
            if isinstance(item, _Failed):
                raise item.error
            yield item
    finally:
        stop.set()
        while thread.is_alive():
            with suppress(Empty):
                found.get(timeout=0.05)


class _Failed:
    def __init__(self, error: BaseException) -> None:
        self.error = error


def in_chunks(rows: QuerySet[M]) -> Iterator[list[M]]:
    """Rows by their id, a query for each portion: the last costs what the first one does."""
    rows = rows.order_by("pk")
    found = list(rows[:CHUNK])
    while found:
        yield found
        found = list(rows.filter(pk__gt=found[-1].pk)[:CHUNK])
