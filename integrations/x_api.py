"""X's API: what it is given, its requests, and what its refusals mean.

Source: https://docs.x.com/x-api/fundamentals/response-codes-and-errors and /rate-limits, and the OpenAPI file 2.167 (documents
read 2026-11-26, nothing was run live). The API of 2026 renames fields, such as `tweet.fields` to `post.fields` and
`retweet_count` to `repost_count`: one spelling is sent, the other tried where it is refused by name, and both are read.
"""

import re
from collections.abc import Mapping
from typing import Any

from content.errors import Invalid, NeedsReconnect, PlatformError, RateLimited, Rejected
from content.platform import Access, Json, Setting
from content.times import Clock
from integrations.http import Answer, Http, refused_answer

NAME, LABEL = "x", "X"
CONSOLE = "console.x.com"
SETTINGS = (
    Setting("client_id", "client id of your app in X's developer console, to connect accounts with."),
    Setting("client_secret", "the client secret that belongs to it.", secret=True),
    Setting("api_url", "address of its API.", "https://api.x.com/2"),
    Setting("login_url", "address of its consent page.", "https://x.com/i/oauth2/authorize"),
    Setting("fields", "spelling of its field parameters that is tried first, tweet or post.", "tweet"),
    Setting("cost_post_mills", "what a post costs, in thousandths of a US dollar.", "15"),
    Setting("cost_link_mills", "what a post with a link costs, in thousandths of a US dollar.", "200"),
)
_DEFAULTS = {one.name: one.default for one in SETTINGS}
_LOCKED = re.compile(r"\blocked\b")
"""Says that an account is; “blocked” is something else."""
_OTHER = {"tweet": "post", "post": "tweet"}


class Api:
    """Asks X; `given` are the operator's settings."""

    def __init__(self, http: Http, clock: Clock, given: Mapping[str, str]) -> None:
        self._http = http
        self._clock = clock
        self._given = _DEFAULTS | {name: value for name, value in given.items() if value}
        self._url = self._given["api_url"].rstrip("/")
        self._fields = self._given["fields"] if self._given["fields"] in _OTHER else "tweet"

    async def _ask(self, access: Access, method: str, path: str, **more: Any) -> Answer:
        """One request with the account's login; a refusal becomes a sentence that says what to do."""
        headers = {"Authorization": f"Bearer {access.secrets.get('access_token', '')}"}
        try:
            return await self._http.ask(NAME, method, self._url + path, account=access.handle, headers=headers, **more)
        except Invalid as unusable:  # the operator's address of the API leads where we do not go
            raise Rejected(unusable.message, platform=NAME, account=access.handle) from unusable
        except (Rejected, RateLimited) as refused:  # a month's quota that is used up comes as a rate limit
            raise explained(refused, access) from refused.__cause__

    async def _read(self, access: Access, path: str, params: Mapping[str, str], fields: str) -> Json:
        """Read posts with these fields, in the spelling that X takes."""
        try:
            answer = await self._ask(access, "GET", path, params={**params, f"{self._fields}.fields": fields})
        except Rejected as refused:
            if not _names(refused, f"{self._fields}.fields"):
                raise
            self._fields = _OTHER[self._fields]
            answer = await self._ask(access, "GET", path, params={**params, f"{self._fields}.fields": fields})
        return told(answer)


def told(answer: Answer) -> Json:
    """The object X answered with, or an empty one."""
    body = answer.json() if answer.body else {}
    return body if isinstance(body, dict) else {}


def data_of(answer: Answer) -> Json:
    """What X calls the `data` of its answer, or an empty object."""
    data = told(answer).get("data")
    return data if isinstance(data, dict) else {}


def detail_of(error: BaseException) -> tuple[int, str]:
    """The status and all the words of a refusal, in lower case."""
    answer = refused_answer(error)
    if answer is None:
        return 0, ""
    try:
        body = told(answer)
    except (ValueError, RecursionError):
        return answer.status, ""
    return answer.status, _words(body)


def _words(body: Json) -> str:
    inner = body.get("errors")
    every = [body, *(one for one in (inner if isinstance(inner, list) else ()) if isinstance(one, dict))]
    found = [
        str(one[name]) for one in every for name in ("title", "detail", "type", "message", "reason") if name in one
    ]
    return " ".join(found).lower()


def explained(refused: PlatformError, access: Access) -> PlatformError:
    """The refusal as what it means for a person; the platform's own words stay where they say what to change."""
    status, said = detail_of(refused)
    who = access.handle or "this account"
    for means, sentence in (
        (
            status == 402,
            f"X takes no more posts: the credits of the desk's developer app are used up. Add some at {CONSOLE}.",
        ),
        ("usage-capped" in said, f"The desk's app at X has used up its month's quota. Raise its limit at {CONSOLE}."),
        (
            "client-forbidden" in said,
            f"X does not let the desk's app do this. Check its project and access at {CONSOLE}.",
        ),
        (
            "suspended" in said,
            f"X has suspended {who}. Log in at x.com to see why; nothing can be posted until it is lifted.",
        ),
        (_LOCKED.search(said), f"X has locked {who}. Log in at x.com and unlock it, then press Try again now."),
    ):
        if means:
            return Rejected(sentence, platform=NAME, account=access.handle)
    if status == 403 and ("oauth" in said or "scope" in said or "app permissions" in said):
        return NeedsReconnect(
            f"X gave this login of {who} too few rights. Check that the app may read and write, then connect {who} again.",
            platform=NAME,
            account=access.handle,
        )
    return refused


def _names(refused: Rejected, parameter: str) -> bool:
    """Whether a refusal is about this parameter's name."""
    answer = refused_answer(refused)
    return answer is not None and answer.status == 400 and parameter in answer.text
