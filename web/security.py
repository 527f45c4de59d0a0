"""What every request and answer must keep: the right host, no foreign origin, a bounded body, and strict headers."""

from collections.abc import Iterable
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from web.errors import Refused, told

HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob:; media-src 'self'; connect-src 'self'; "
        "form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "X-Frame-Options": "DENY",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}
LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
BODY = 1_000_000
"""Bytes of a request."""
FILE = 520_000_000
"""Bytes of a request that brings a picture or a video; what those may have is said by `content/media.py`."""


class Shield:
    """Stands before the whole site."""

    def __init__(self, app: ASGIApp, public_url: str = "") -> None:
        self._app = app
        public = urlsplit(public_url)
        self._hosts = LOOPBACK | ({public.hostname} if public.hostname else set())
        self._public = public.netloc.lower()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request, or turn it away."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        armed = _with_headers(send)
        try:
            headers = Headers(scope=scope)
            self._check_host(headers)
            if scope["method"] not in ("GET", "HEAD", "OPTIONS"):
                self._check_origin(headers)
            limit = FILE if scope["path"] == "/media" else BODY
            _check_announced(headers, limit)
            await self._app(scope, _bounded(receive, limit), armed)
        except Refused as refused:
            await told(Request(scope), refused.status, refused.code, refused.message)(scope, receive, armed)

    def _check_host(self, headers: Headers) -> None:
        """A foreign name that was made to point at this machine must not read the desk (DNS rebinding)."""
        host = urlsplit(f"//{headers.get('host', '')}").hostname if _sane(headers.get("host", "")) else None
        if host not in self._hosts:
            raise Refused(
                421,
                "wrong_host",
                "This desk does not answer to this address. Open the address that “copydesk login” prints, "
                "or set COPYDESK_PUBLIC_URL to the one you use.",
            )

    def _check_origin(self, headers: Headers) -> None:
        """What changes something must come from our own pages; what is no browser names no origin and has no cookie."""
        site, origin = headers.get("sec-fetch-site"), headers.get("origin")
        own = {headers.get("host", "").lower(), self._public} - {""}
        foreign = origin is not None and urlsplit(origin).netloc.lower() not in own
        if foreign or site not in (None, "same-origin"):
            raise Refused(
                403, "foreign_origin", "This came from another site, so nothing was done. Do it on the desk's own page."
            )


def _sane(host: str) -> bool:
    return bool(host) and not set(host) & set("/\\@?# ") and host.count("[") <= 1 and host.count("]") == host.count("[")


def _check_announced(headers: Headers, limit: int) -> None:
    announced = headers.get("content-length", "0")
    if not announced.isdigit() or int(announced) > limit:
        raise _too_large(limit)


def _too_large(limit: int) -> Refused:
    return Refused(
        413,
        "too_large",
        f"This is more than the {limit / 1e6:.0f} MB the desk takes at once. Send less, or a smaller picture or video.",
    )


def _bounded(receive: Receive, limit: int) -> Receive:
    """The same body, refused as soon as it grows past the limit, whatever length it announced."""
    seen = 0

    async def bounded() -> Message:
        nonlocal seen
        message = await receive()
        seen += len(message.get("body", b""))
        if seen > limit:
            raise _too_large(limit)
        return message

    return bounded


def _with_headers(send: Send) -> Send:
    async def armed(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            _set_missing(headers, HEADERS.items())
            headers.setdefault("Cache-Control", "no-store")
        await send(message)

    return armed


def _set_missing(headers: MutableHeaders, wanted: Iterable[tuple[str, str]]) -> None:
    for name, value in wanted:
        headers.setdefault(name, value)
