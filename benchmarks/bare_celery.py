"""The rival: a Celery task that posts and does nothing else. It asks nobody and keeps nothing, so it knows nothing afterwards.

A worker is started as `celery --app benchmarks.bare_celery worker`, with the variables `BROKER` and `SERVER`.
"""

import os

import httpx
from celery import Celery

QUEUE = "bare"
app = Celery("bare", broker=os.environ.get("BROKER", ""))  # noqa: TID251 - a program of its own, without settings
app.conf.update(task_ignore_result=True, task_default_queue=QUEUE, worker_hijack_root_logger=False)
client = httpx.Client(base_url=os.environ.get("SERVER", ""))  # noqa: TID251 - as above


@app.task(name="bare.post")  # type: ignore[untyped-decorator]
def post(name: str, text: str, key: str) -> None:
    """One post."""
    headers = {"Authorization": f"Bearer {name}", "Idempotency-Key": key}
    status = {"status": text, "visibility": "public"}
    client.post("/api/v1/statuses", json=status, headers=headers).raise_for_status()
