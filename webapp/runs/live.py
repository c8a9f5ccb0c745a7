"""Tell open pages that something changed. Delivery is at most once; the state is in the rows."""

import asyncio
import logging
import os
import threading
import time
from concurrent.futures import TimeoutError as FutureTimeout

from channels.layers import get_channel_layer
from django.db import transaction
from redis.exceptions import RedisError

logger = logging.getLogger(__name__)

SEND_TIMEOUT_S = 2.0
# After a message that could not be sent, work goes on without messages for this long.
QUIET_S = 5.0


class _Sender:
    """One event loop thread per process: a connection made anew for each message would cost
    several times the message itself."""

    def __init__(self) -> None:
        self.pid = os.getpid()
        self.quiet_until = 0.0
        self.loop = asyncio.new_event_loop()
        threading.Thread(target=self.loop.run_forever, name="live-sender", daemon=True).start()

    def send(self, topic: str) -> None:
        future = asyncio.run_coroutine_threadsafe(
            get_channel_layer().group_send(topic, {"type": "topic.changed"}), self.loop
        )
        future.result(SEND_TIMEOUT_S)


_lock = threading.Lock()
_sender: _Sender | None = None


def _current_sender() -> _Sender:
    global _sender
    with _lock:
        # A forked worker inherits the object but not its thread.
        if _sender is None or _sender.pid != os.getpid():
            _sender = _Sender()
        return _sender


def send_now(topic: str) -> None:
    """Send, trying a second time because the first can hit a connection that went stale.
    A message that can't be sent is logged and dropped: open pages look again by themselves."""
    sender = _current_sender()
    if time.monotonic() < sender.quiet_until:
        return
    for _ in range(2):
        try:
            return sender.send(topic)
        except (OSError, RedisError, FutureTimeout) as error:
            failure = error
    sender.quiet_until = time.monotonic() + QUIET_S
    logger.warning("live messages are not sent for %g s: %s", QUIET_S, failure)


def publish(topic: str) -> None:
    """Announce a change of `topic` when the present transaction commits."""
    transaction.on_commit(lambda: send_now(topic))
