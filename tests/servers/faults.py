"""Faults that a fake platform shows when told to, so that tests can see what becomes of a request.

A fault happens *before* the app sees the request, or *after* it has handled it and its answer is thrown away:

| before              | after              | the client sees                                     |
|---------------------|--------------------|-----------------------------------------------------|
| `drop_before`       | `drop_after`       | a connection closed without an answer               |
| `status:503`        | `status_after:503` | that status with a body in JSON                     |
| `html`              | `html_after`       | 200 with an HTML page                               |
| `slow:0.2`          | `slow_after:0.2`   | the app's own answer, that many seconds late        |
| `gate`              | `gate_after`       | the app's own answer, once the test opens the gate  |
| `deaf`              |                    | nothing, for as long as it waits; the app neither   |
|                     | `cut_body`         | the app's own answer, cut off in the middle         |
"""

import asyncio
from collections import defaultdict, deque
from collections.abc import Mapping
from dataclasses import dataclass, field

from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

KINDS = frozenset({"drop", "status", "html", "slow", "gate", "deaf", "cut_body"})


@dataclass(frozen=True)
class Fault:
    kind: str
    after: bool
    number: float
    """A status or seconds."""
    headers: Mapping[str, str] = field(default_factory=dict)
    body: str = ""
    """JSON, instead of a message of our own."""


class Faults:
    """What goes wrong next, per route."""

    def __init__(self) -> None:
        self._waiting: defaultdict[str, deque[Fault]] = defaultdict(deque)
        self.at_gate = asyncio.Event()
        """Set when a request stands before the gate."""
        self.gate = asyncio.Event()
        """Set by the test to let it through."""

    def add(self, route: str, *faults: str, headers: Mapping[str, str] | None = None, body: str = "") -> None:
        """Queue faults for a route such as `POST /api/v1/statuses`, a path alone, or `*`; each happens once.

        `headers` are added to the answer of a `status` fault, and `body` is its JSON.
        """
        for written in faults:
            name, _, number = written.partition(":")
            kind = name.removesuffix("_before").removesuffix("_after")
            if kind not in KINDS:
                msg = f"no such fault: {written}"
                raise ValueError(msg)
            after = name.endswith("_after") or kind == "cut_body"
            self._waiting[route].append(Fault(kind, after, float(number or 0), headers or {}, body))

    def take(self, method: str, path: str) -> Fault | None:
        """The next fault for a request, which is then used up."""
        for route in (f"{method} {path}", path, "*"):
            if self._waiting.get(route):
                return self._waiting[route].popleft()
        return None

    @property
    def left(self) -> int:
        """How many have not happened yet."""
        return sum(map(len, self._waiting.values()))


def faulty(app: ASGIApp, faults: Faults) -> ASGIApp:
    """The app, with its faults."""

    async def with_faults(scope: Scope, receive: Receive, send: Send) -> None:
        fault = faults.take(scope["method"], scope["path"]) if scope["type"] == "http" else None
        if fault is None:
            await app(scope, receive, send)
            return
        answer: list[Message] = []

        async def keep(message: Message) -> None:
            answer.append(message)

        if fault.after:
            await app(scope, receive, keep)
        elif fault.kind in ("slow", "gate"):
            receive = await _read(receive)
        if fault.kind == "gate":
            faults.at_gate.set()
            await faults.gate.wait()
        await _happen(fault, app, answer, scope, receive, send)

    return with_faults


async def _read(receive: Receive) -> Receive:
    """The whole request, which is carried out later though whoever sent it may have left by then."""
    messages = [await receive()]
    while messages[-1].get("more_body"):
        messages.append(await receive())

    async def read() -> Message:
        return messages.pop(0) if messages else await receive()

    return read


async def _happen(
    fault: Fault, app: ASGIApp, answer: list[Message], scope: Scope, receive: Receive, send: Send
) -> None:
    if fault.kind == "drop":
        await _drop(send)
    elif fault.kind == "cut_body":
        await _cut(answer, send)
    elif fault.kind == "deaf":
        while (await receive())["type"] != "http.disconnect":
            pass
    elif fault.kind in ("slow", "gate"):
        await asyncio.sleep(fault.number)
        if not fault.after:
            await app(scope, receive, send)
        for message in answer:
            await send(message)
    else:
        await _page(fault)(scope, receive, send)


def _page(fault: Fault) -> Response:
    if fault.kind == "html":
        return HTMLResponse("<!doctype html><title>Just a moment</title><h1>Checking your browser</h1>")
    status = int(fault.number)
    if status == 204 or 300 <= status < 400:
        return Response(status_code=status, headers=fault.headers)
    if fault.body:
        return Response(fault.body, status, fault.headers, "application/json")
    return JSONResponse({"error": f"a fault with status {status}"}, status, headers=fault.headers)


async def _drop(send: Send) -> None:
    # An answer that breaks once it has begun makes uvicorn close the connection; this one breaks before its first byte.
    await send({"type": "http.response.start", "status": "none"})


async def _cut(answer: list[Message], send: Send) -> None:
    start, body = answer[0], b"".join(message.get("body", b"") for message in answer[1:])
    headers = [(name, value) for name, value in start["headers"] if name.lower() != b"content-length"]
    await send({**start, "headers": [*headers, (b"content-length", str(len(body) + 1).encode())]})
    await send({"type": "http.response.body", "body": body[: len(body) // 2], "more_body": True})
