"""The one client for addresses that a person, a page or a platform supplied: guarded, bounded, never repeating.

Every answer becomes an `Answer` or one of the errors of `content/errors.py`; what a request may have done decides which
(`integrations/outcomes.py`).
"""

import asyncio
import ssl
import zlib
from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import cache
from typing import Any

import httpcore
import httpx

from content.errors import Invalid, Problem
from content.times import Clock
from integrations.guard import GuardedNetwork, Opened, Resolve, refused, system_resolve
from integrations.outcomes import Answer, Asked, Outcomes, refused_answer

__all__ = ["Answer", "Http", "refused_answer"]

USER_AGENT = "copydesk/0.1 (+https://github.com/copydesk)"
CONNECT_SECONDS = 10.0
MAX_ANSWER_BYTES = 5_000_000
MAX_REDIRECTS = 3
MOST_OPEN = 100
"""Connections at a time; further requests wait."""

Params = Mapping[str, str | int | float | bool | Sequence[str | int | float | bool | None] | None]
Upload = tuple[str, bytes, str]
"""A file to send: its name, its bytes, its media type."""


class Http:
    """The one client. It keeps no cookies, uses no proxy, and opens a connection for each request.

    A kept connection may be closed by the other side just as a post is sent on it, and nobody would know whether the
    post arrived; and each new connection passes the guard again.
    """

    def __init__(
        self,
        *,
        clock: Clock,
        allowed_private_hosts: Collection[str] = (),
        timeout: timedelta = timedelta(seconds=30),
        resolve: Resolve | None = None,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self._timeout = timeout
        self._opened = Opened(allowed_private_hosts)
        self._outcomes = Outcomes(clock)
        self._tls = tls or _public_trust()
        self._network = GuardedNetwork(self._opened, resolve or system_resolve)
        self._room = asyncio.Semaphore(MOST_OPEN)

    async def ask(
        self,
        platform: str,
        method: str,
        url: str,
        *,
        write: bool = False,
        account: str = "",
        headers: Mapping[str, str] | None = None,
        params: Params | None = None,
        json: Any = None,
        data: Mapping[str, Any] | None = None,
        files: Mapping[str, Upload] | None = None,
        content: bytes | None = None,
        timeout: timedelta | None = None,
        accept: Collection[int] = (),
        expect_json: bool = True,
    ) -> Answer:
        """Ask a platform one thing, once: no redirect is followed and nothing is repeated.

        `write` says that the request makes something public, so that a lost answer is `OutcomeUnknown`. Answers with
        2xx or a status of `accept` come back; a 2xx must hold JSON unless it is 204 or `expect_json` is False.
        `params` are added to those in `url`. `refused_answer(error)` is what the platform said.

        Raises:
            Invalid: the address is one we don't go to, or a value cannot be sent; nothing was sent.
            Rejected, NeedsReconnect, RateLimited, Unavailable: nothing happened.
            OutcomeUnknown: only for a `write`.
        """
        address = _address(url)
        asked = Asked(platform, account, address.host, write)
        body = {"json": json, "data": data, "files": files, "content": content}
        request = _request(method, address, headers, params, body)
        self._refuse_plain_http(request.url)
        answer = await self._send(asked, request, MAX_ANSWER_BYTES, timeout or self._timeout)
        if answer.status in accept:
            return answer
        return self._outcomes.judged(asked, answer, request.headers.get("authorization", ""), expect_json=expect_json)

    async def fetch(
        self,
        source: str,
        url: str,
        *,
        max_bytes: int = 2_000_000,
        headers: Mapping[str, str] | None = None,
        types: Collection[str] = (),
    ) -> Answer:
        """Get a page or feed; up to three redirects are followed, each checked like the first address.

        `types` are the media types wanted; empty: any. `headers` go to every address on the way: put no login there.
        The client's timeout bounds the whole way.

        Raises:
            Invalid: the address, or one it leads to, is one we don't go to.
            Rejected, RateLimited, Unavailable: there is nothing to read, and why.
        """
        loop = asyncio.get_running_loop()
        ends = loop.time() + self._timeout.total_seconds()
        for _ in range(MAX_REDIRECTS + 1):
            address = _address(url)
            asked = Asked(source, "", address.host, write=False)
            request = _request("GET", address, headers, None, {})
            answer = await self._send(asked, request, max_bytes, timedelta(seconds=ends - loop.time()))
            if not 300 <= answer.status < 400 or "location" not in answer.headers:
                return self._outcomes.read(asked, answer, types)
            url = _joined(url, answer.headers["location"])
        raise self._outcomes.lost_way(asked, answer)

    def _refuse_plain_http(self, url: httpx.URL) -> None:
        """A login must not travel in the clear, except to a host the operator opened."""
        host, port = url.raw_host.decode("ascii"), url.port or 80
        if url.scheme == "http" and not self._opened.has(host, port):
            raise refused(host, "it is not encrypted (http instead of https).")

    async def _send(self, asked: Asked, request: httpx.Request, max_bytes: int, timeout: timedelta) -> Answer:
        progress = _Progress()
        try:
            async with asyncio.timeout(timeout.total_seconds()):
                return await self._exchange(asked, request, max_bytes, progress)
        except (httpcore.NetworkError, httpcore.TimeoutException, httpcore.ProtocolError, TimeoutError) as broken:
            raise self._outcomes.broken(asked, broken, sent=progress.sent) from broken

    def _connection(self, origin: httpcore.Origin) -> httpcore.AsyncHTTPConnection:
        """One for one request: a pool that keeps none would look through all that are open, twice for each request."""
        return httpcore.AsyncHTTPConnection(origin, ssl_context=self._tls, network_backend=self._network)

    async def _exchange(self, asked: Asked, request: httpx.Request, max_bytes: int, progress: "_Progress") -> Answer:
        outgoing = httpcore.Request(
            request.method,
            httpcore.URL(
                scheme=request.url.raw_scheme,
                host=request.url.raw_host,
                port=request.url.port,
                target=request.url.raw_path,
            ),
            headers=request.headers.raw,
            content=request.stream,
            extensions={"timeout": {"connect": CONNECT_SECONDS}, "trace": progress},
        )
        async with self._room, self._connection(outgoing.url.origin) as connection:
            response = await connection.handle_async_request(outgoing)
            headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in response.headers}
            body = await _read(response.aiter_stream(), max_bytes)
        answer = Answer(response.status, headers, body[:max_bytes], str(request.url))
        plain = _unpacked(answer, max_bytes) if len(body) <= max_bytes else None
        if plain is None:
            raise self._outcomes.oversized(asked, answer, max_bytes)
        return plain


@cache
def _public_trust() -> ssl.SSLContext:
    """The certificate authorities everyone trusts; reading them takes longer than most requests."""
    return httpcore.default_ssl_context()


@dataclass
class _Progress:
    """Whether a request has begun to leave: before that, nothing can have happened."""

    sent: bool = False

    async def __call__(self, event: str, _: Mapping[str, Any]) -> None:
        self.sent = self.sent or event.startswith("http11.send_request")


def _address(url: str) -> httpx.URL:
    try:
        address = httpx.URL(url)
    except (httpx.InvalidURL, UnicodeError) as unreadable:
        raise Invalid("I can't read that address.", [_bad_address(url, "it is not written as one")]) from unreadable
    if address.scheme not in {"http", "https"} or not address.host or "%" in address.host:
        raise Invalid("I can't use that address.", [_bad_address(url, "it is no web address")])
    if address.userinfo:
        raise Invalid("I can't use that address.", [_bad_address(address.host, "it carries a name or a password")])
    return address


def _bad_address(url: str, why: str) -> Problem:
    """The problem with an address, without what may be secret in it: a password, a query."""
    shown = url.partition("?")[0].rpartition("@")[2][:100]
    return Problem(shown, f"{why}.", "Use an address such as https://example.org.")


def _request(
    method: str, address: httpx.URL, headers: Mapping[str, str] | None, params: Params | None, body: dict[str, Any]
) -> httpx.Request:
    sent = {"user-agent": USER_AGENT, "accept-encoding": "gzip", **{k.lower(): v for k, v in (headers or {}).items()}}
    for name, value in sent.items():
        if not (value.isascii() and value.isprintable()):
            fix = "Copy it again, without spaces or quotes around it."
            raise Invalid("A value cannot be sent.", [Problem(name, "it holds characters that cannot be sent.", fix)])
    return httpx.Request(method, address.copy_merge_params(params) if params else address, headers=sent, **body)


def _joined(url: str, location: str) -> str:
    try:
        return str(httpx.URL(url).join(location))
    except (httpx.InvalidURL, UnicodeError) as unreadable:
        raise Invalid(
            "I can't follow a redirect.", [_bad_address(location, "it is not written as one")]
        ) from unreadable


async def _read(stream: AsyncIterator[bytes], max_bytes: int) -> bytes:
    """The body, or a little more than `max_bytes` of it."""
    body = bytearray()
    async for chunk in stream:
        body += chunk
        if len(body) > max_bytes:
            break
    return bytes(body)


def _unpacked(answer: Answer, max_bytes: int) -> Answer | None:
    """The answer with its body unpacked, or None where that would be longer than `max_bytes`."""
    packed = answer.headers.get("content-encoding", "identity").strip().lower()
    if packed == "identity" or not answer.body:
        return answer
    if packed != "gzip":
        raise httpcore.RemoteProtocolError(f"an encoding we did not ask for: {packed}")
    unpacker = zlib.decompressobj(wbits=31)
    try:
        body = unpacker.decompress(answer.body, max_bytes + 1)
    except zlib.error as torn:
        raise httpcore.RemoteProtocolError("a body that cannot be unpacked") from torn
    if len(body) > max_bytes:
        return None
    if not unpacker.eof:
        raise httpcore.RemoteProtocolError("a body that ends too early")
    return Answer(answer.status, answer.headers, body, answer.url)
