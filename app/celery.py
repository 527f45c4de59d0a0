"""Celery as a waker: workers on Redis are told to look at the jobs, by beat every second and after each commit that put one.

The rows are the queue. What Redis loses, doubles or delays costs a moment, so beat runs in every worker, nothing is retried,
and no task has more to say than “look”.
"""

import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from os import EX_OK
from typing import Any

from celery import Celery
from celery.beat import EmbeddedService
from celery.exceptions import OperationalError
from celery.worker import WorkController, state
from kombu.exceptions import OperationalError as Unreachable

log = logging.getLogger(__name__)

LOOK = "copydesk.look"
EVERY_SECONDS = 1.0
KEEPS_NOTHING = "celery.beat:Scheduler"
"""There is nothing to catch up with; Celery's usual scheduler keeps a file where the process was started, one for all of them."""
STALE_SECONDS = 5
"""A wake-up that is older says nothing that beat has not said again."""


def make_celery(redis_url: str) -> Celery:
    """Celery on this Redis, with beat's one entry."""
    celery = Celery("copydesk", broker=redis_url, set_as_current=False)
    celery.conf.update(
        accept_content=["json"],
        beat_schedule={"look": {"task": LOOK, "schedule": EVERY_SECONDS, "options": {"expires": STALE_SECONDS}}},
        broker_connection_max_retries=None,  # for ever: a worker that gave up would be deaf from then on
        broker_connection_retry_on_startup=True,
        broker_transport_options={"socket_timeout": 5, "socket_connect_timeout": 5},
        task_ignore_result=True,
        task_default_queue="copydesk",
        task_publish_retry=False,
        timezone="UTC",
        worker_hijack_root_logger=False,
        worker_prefetch_multiplier=1,
        worker_send_task_events=False,
    )
    return celery


def wake(celery: Celery) -> None:
    """Tell some worker to look; without Redis, beat or the workers' own clocks do it a little later."""
    try:
        celery.send_task(LOOK, expires=STALE_SECONDS)
    except (OperationalError, Unreachable, OSError) as gone:
        log.warning("celery.not_told", extra={"why": str(gone)[:200]})


@contextmanager
def working(celery: Celery, look: Callable[[], None]) -> Iterator[None]:
    """Be a worker, with a beat, while the block runs. `look` is called in another thread and must not take long."""
    celery.task(look, name=LOOK, ignore_result=True)
    celery.finalize()
    worker: Any = WorkController(
        app=celery, pool="solo", concurrency=1, without_gossip=True, without_mingle=True, without_heartbeat=True
    )
    beat: Any = EmbeddedService(celery, thread=True, scheduler_cls=KEEPS_NOTHING)
    thread = threading.Thread(target=worker.start, name="celery", daemon=True)
    thread.start()
    beat.start()
    try:
        yield
    finally:
        beat.stop()
        state.should_terminate = EX_OK
        thread.join(ENDS_SECONDS)


ENDS_SECONDS = 3
"""How long the worker may take to let go; it does nothing but wake."""
