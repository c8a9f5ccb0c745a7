"""The broker's queues: a run asks for a worker by a message. The database says what is to be done;
losing a message costs time only."""

import logging

from celery import current_app
from django.db import transaction
from kombu.exceptions import OperationalError

from webapp.runs.models import Run

logger = logging.getLogger(__name__)

# A connection kept in the pool may have gone stale; a broker that is down is not waited for.
ONE_MORE_TRY = {"max_retries": 1, "interval_start": 0}


def wake(run: Run) -> None:
    """Ask for a worker when the transaction commits. Losing the message costs time only: the
    reaper sends it again."""
    transaction.on_commit(lambda: _send(run))


def _send(run: Run) -> None:
    try:
        current_app.send_task(run.task, args=[str(run.pk)], retry_policy=ONE_MORE_TRY)
    except OperationalError:
        logger.warning("%s waits: the broker did not take the message", run)


def queue_of(task: str) -> str:
    return str(current_app.amqp.router.route({}, task)["queue"].name)


def has_messages(task: str) -> bool:
    """Whether messages lie in the task's queue: its workers are all busy then, or will look at
    them at once."""
    name = queue_of(task)
    with current_app.connection_for_write() as broker:
        try:
            with broker.channel() as channel:
                return bool(channel.queue_declare(name, passive=True).message_count)
        except broker.channel_errors:
            # A queue without messages need not be there.
            return False
        except broker.connection_errors:
            # It would not take a message now; the next reap asks again.
            return True
