"""What an answer, or its absence, means: the status and transport failures of HTTP as errors of `content/errors.py`."""

import html
import json
import logging
import math
import re
from collections.abc import Collection, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any

from content.errors import (
    NeedsReconnect,
    OutcomeUnknown,
    PlatformError,
    RateLimited,
    Rejected,
    Unavailable,
)
from content.times import Clock

logger = logging.getLogger(__name__)

WORDS = 300
"""Most characters of a platform's own words in a sentence."""
LOGGED = 2000
"""Most characters of a body in the log."""
SHORT_WAIT = timedelta(seconds=60)
LONG_WAIT = timedelta(days=1)
EPOCH_FROM = 1_000_000_000
"""A reset header below this counts seconds from now, above it seconds since 1970: platforms use both."""

_UNFINISHED = frozenset({408, 425})
_CREDENTIAL = r"(?:\w*_)?(?:token|secret|password|passwd|code|code_verifier|api_key|assertion)|(?:access|refresh)Jwt"
_SECRETS = re.compile(
    rf"(?P<json>[\"'](?:{_CREDENTIAL})[\"']\s*:\s*[\"'])[^\"']+"
    rf"|(?P<form>\b(?:{_CREDENTIAL})=)[^&\s\"'<]+"
    r"|(?P<scheme>\b(?:Bearer|Basic|DPoP)\s+)[\w.~+/=-]{8,}"
    r"|\beyJ[\w-]{8,}\.[\w-]+\.[\w-]*",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Answer:
    """What a server answered. Header names are lower-case; `url` is the one that answered, after any redirects."""

    status: int
    headers: Mapping[str, str]
    body: bytes = field(repr=False)
    url: str = field(repr=False)

    @property
    def text(self) -> str:
        """The body as text; bytes that are no UTF-8 become replacement characters."""
        return self.body.decode("utf-8", "replace")

    def json(self) -> Any:
        """The body as JSON.

        Raises:
            ValueError: it is none.
        """
        return json.loads(self.body)

    @property
    def media_type(self) -> str:
        """Such as `text/html`, without its parameters; empty where the server does not say."""
        return self.headers.get("content-type", "").partition(";")[0].strip().lower()


@dataclass(frozen=True)
class Asked:
    """What an outcome is about."""

    platform: str
    account: str
    host: str
    write: bool


class Refusal(Exception):
    """The answer behind an error, as its cause."""

    def __init__(self, answer: Answer) -> None:
        super().__init__(f"status {answer.status}")
        self.answer = answer


def refused_answer(error: BaseException) -> Answer | None:
    """What the platform answered, for code that knows its words; None where no answer came."""
    cause = error.__cause__
    return cause.answer if isinstance(cause, Refusal) else None


class Outcomes:
    """Tells what became of a request. Before it left, nothing happened; after it, a write is unknown until answered."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    def judged(self, asked: Asked, answer: Answer, secret: str = "", *, expect_json: bool = True) -> Answer:
        """The answer where it is a success that keeps its promise.

        Raises:
            PlatformError: the kind that says what to do; `refused_answer` is the answer.
        """
        if 200 <= answer.status < 300:
            if not expect_json or answer.status == 204 or _is_json(answer):
                return answer
            reason = f"{asked.host} answered with something that is not JSON"
            error = self._uncertain(asked, reason)
        else:
            error = self._error(asked, answer, secret)
        _log(asked, answer, secret, error)
        raise error from Refusal(answer)

    def read(self, asked: Asked, answer: Answer, types: Collection[str]) -> Answer:
        """A page or feed where it is one of the media types wanted; empty `types`: any.

        Raises:
            Rejected, RateLimited, Unavailable: there is nothing to read.
        """
        if answer.status == 401:
            error: PlatformError = Rejected(
                f"{asked.host} shows this only after a login. Use an address that anyone may read.",
                platform=asked.platform,
            )
        elif not 200 <= answer.status < 300:
            error = self._error(asked, answer, "")
        elif types and answer.media_type not in types:
            kind = answer.media_type or "something without a type"
            error = Rejected(
                f"{asked.host} sent {kind}, which I can't read here. Use an address that leads to a feed or page.",
                platform=asked.platform,
            )
        else:
            return answer
        _log(asked, answer, "", error)
        raise error from Refusal(answer)

    def lost_way(self, asked: Asked, answer: Answer) -> PlatformError:
        """The error for too many redirects."""
        error = Rejected(
            f"{asked.host} sends me on and on. Use the address that your browser shows at the end.",
            platform=asked.platform,
        )
        error.__cause__ = Refusal(answer)
        return error

    def broken(self, asked: Asked, broken: Exception, *, sent: bool) -> PlatformError:
        """The error for a request that got no whole answer; `sent` says whether it had begun to leave."""
        logger.warning("platform.unreachable", extra=_fields(asked) | {"failure": type(broken).__name__, "sent": sent})
        if sent:
            return self._uncertain(asked, f"{asked.host} did not answer to the end")
        return self._unavailable(asked, f"{asked.host} cannot be reached", "Check the address, or try again later.")

    def oversized(self, asked: Asked, answer: Answer, max_bytes: int) -> PlatformError:
        """The error for an answer that we stopped reading."""
        reason = f"{asked.host} sent more than {max_bytes / 1e6:g} MB"
        logger.warning("platform.oversized", extra=_fields(asked) | {"status": answer.status})
        if asked.write:
            return self._uncertain(asked, reason)
        return Rejected(
            f"{reason}. Use an address with less behind it.", platform=asked.platform, account=asked.account
        )

    def _error(self, asked: Asked, answer: Answer, secret: str) -> PlatformError:
        status, words = answer.status, _words(answer, secret)
        about = {"platform": asked.platform, "account": asked.account}
        if status == 401:
            return NeedsReconnect(
                f"{asked.host} no longer accepts the login{words}. Connect the account again.", **about
            )
        if status == 429:
            until = self._until(answer.headers)
            wait = f"I can ask again at {until:%H:%M} UTC"
            return RateLimited(f"{asked.host} takes no more requests for now{words}. {wait}.", until=until, **about)
        if status >= 500 or status in _UNFINISHED:
            return self._uncertain(asked, f"{asked.host} is out of order{words}")
        if status < 400 and asked.write:
            return self._uncertain(asked, f"{asked.host} sent the request elsewhere")
        if status < 400:
            return Rejected(f"{asked.host} sends me elsewhere. Use the address it has moved to.", **about)
        if status in {404, 410}:
            return Rejected(f"{asked.host} has nothing there{words}. Check the address, or what was removed.", **about)
        return Rejected(f"{asked.host} refused this{words}. Change it and try again.", **about)

    def _uncertain(self, asked: Asked, reason: str) -> PlatformError:
        if not asked.write:
            return self._unavailable(asked, reason)
        return OutcomeUnknown(
            f"{reason}, so this may or may not have happened. Look there before you send it again.",
            platform=asked.platform,
            account=asked.account,
        )

    def _unavailable(self, asked: Asked, reason: str, cure: str = "Try again later.") -> Unavailable:
        return Unavailable(f"{reason}. {cure}", platform=asked.platform, account=asked.account)

    def _until(self, headers: Mapping[str, str]) -> datetime:
        now = self._clock.now()
        for name in ("retry-after", "x-ratelimit-reset", "x-rate-limit-reset", "ratelimit-reset"):
            until = _moment(headers.get(name, ""), now)
            if until is not None:
                return min(max(until, now), now + LONG_WAIT)
        return now + SHORT_WAIT


def _moment(value: str, now: datetime) -> datetime | None:
    """A moment as headers write it: seconds from now, seconds since 1970, an HTTP date or ISO 8601."""
    with suppress(ValueError, OverflowError):
        number = float(value)
        if not math.isfinite(number):
            return None
        return datetime.fromtimestamp(number, UTC) if number >= EPOCH_FROM else now + timedelta(seconds=number)
    for parse in (parsedate_to_datetime, datetime.fromisoformat):
        with suppress(ValueError):
            moment = parse(value)
            return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return None


def _is_json(answer: Answer) -> bool:
    try:
        answer.json()
    except (ValueError, RecursionError):
        return False
    return True


def _words(answer: Answer, secret: str) -> str:
    """What the platform says in its JSON, ready to stand in a sentence; empty where it says nothing readable."""
    try:
        said = answer.json()
    except (ValueError, RecursionError):
        return ""
    found = _said(said)
    plain = html.unescape(re.sub(r"<[^<>]*>", " ", found[: WORDS * 10]))
    seen = " ".join("".join(c for c in plain if c.isprintable() or c.isspace()).split())
    shown = blanked(seen, secret)[:WORDS].rstrip(" .")
    return f": “{shown}”" if shown else ""


def _said(body: Any) -> str:
    """The most telling text among the members that platforms use for it."""
    if not isinstance(body, dict):
        return ""
    for name in ("error_description", "message", "detail", "error"):
        value = body.get(name)
        if isinstance(value, dict):
            value = _said(value)
        if isinstance(value, str) and value.strip():
            return value
    return ""


def blanked(text: str, secret: str = "") -> str:
    """The text with what looks like a login blanked, and `secret` (an authorization header) wherever it stands."""
    for known in secret.split():
        if len(known) >= 8:
            text = text.replace(known, "***")
    return _SECRETS.sub(lambda found: f"{found['json'] or found['form'] or found['scheme'] or ''}***", text)


def _log(asked: Asked, answer: Answer, secret: str, error: PlatformError) -> None:
    body = blanked(answer.text[: LOGGED * 2], secret)[:LOGGED]
    extra = _fields(asked) | {"status": answer.status, "outcome": error.code, "body": body}
    logger.warning("platform.refused", extra=extra)


def _fields(asked: Asked) -> dict[str, Any]:
    return {"platform": asked.platform, "account": asked.account, "host": asked.host, "write": asked.write}
