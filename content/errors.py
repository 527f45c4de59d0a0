"""Every error the product knows, arranged by how one reacts to it.

ContentError                 message: a sentence for a person; code: stable slug
├── NotFound · NotAllowed · Invalid (problems[]: where, what, how to fix)
├── Conflict ── WrongState · StaleRevision (current)
└── PlatformError            platform, account
    ├── Rejected             refused; change the content
    │   └── Duplicate        refused: exactly this is there already (remote_id, url)
    ├── NeedsReconnect       refused; connect the account again
    ├── RateLimited          nothing happened; until
    ├── Unavailable          nothing happened; try again later
    └── OutcomeUnknown       may have happened; never repeat blindly

A message has three parts: what happened, to which thing, what you can do. It carries no HTTP code and no chat markup.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True)
class Problem:
    """One thing wrong with what was given: where it is, what is wrong, how to fix it."""

    where: str
    what: str
    fix: str

    def __str__(self) -> str:
        return f"{self.where}: {self.what} {self.fix}".strip()


class ContentError(Exception):
    """Something a person or the model should hear about, as a sentence with a next step."""

    code = "content_error"

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


class NotFound(ContentError):
    """The thing asked for does not exist in this workspace."""

    code = "not_found"


class NotAllowed(ContentError):
    """This member may not do this."""

    code = "not_allowed"


class Invalid(ContentError):
    """What was given cannot be used; each problem says where, what and how to fix it."""

    code = "invalid"

    def __init__(self, message: str, problems: Sequence[Problem] = ()) -> None:
        super().__init__(" ".join([message, *(str(problem) for problem in problems)]))
        self.problems = tuple(problems)


class Conflict(ContentError):
    """The thing is not as the request assumed."""

    code = "conflict"


class Collision(Conflict):
    """Two did something at the same moment, and this one lost: nothing was changed, and done again it sees the other."""

    code = "collision"


class Busy(Collision):
    """The database had no connection left for it in half a minute: nothing was changed, and done again later it may have."""

    code = "busy"


class WrongState(Conflict):
    """The thing is in a state where this cannot be done."""

    code = "wrong_state"


class StaleRevision(Conflict):
    """The request was made on a revision that is no longer current.

    `current` is the number of the revision that is.
    """

    code = "stale_revision"

    def __init__(self, message: str, current: int) -> None:
        super().__init__(message)
        self.current = current


class PlatformError(ContentError):
    """A platform did not do what was asked."""

    code = "platform_error"

    def __init__(self, message: str, *, platform: str, account: str = "") -> None:
        super().__init__(message)
        self.platform = platform
        self.account = account


class Rejected(PlatformError):
    """The platform refused the content: nothing is public; a person must change something."""

    code = "rejected"


class Duplicate(Rejected):
    """The platform refused the content because it has exactly this already.

    `remote_id` and `url` say where, as far as the platform tells; `posted_at` when it went out, by the platform's clock, if
    it was looked at and is public there.
    """

    code = "duplicate"

    def __init__(
        self,
        message: str,
        *,
        platform: str,
        account: str = "",
        remote_id: str = "",
        url: str = "",
        posted_at: datetime | None = None,
    ) -> None:
        super().__init__(message, platform=platform, account=account)
        self.remote_id = remote_id
        self.url = url
        self.posted_at = posted_at


class NeedsReconnect(PlatformError):
    """The platform refused the login: nothing is public; the account must be connected again."""

    code = "needs_reconnect"


class RateLimited(PlatformError):
    """The platform asks us to wait until `until`; nothing happened."""

    code = "rate_limited"

    def __init__(self, message: str, *, platform: str, until: datetime, account: str = "") -> None:
        super().__init__(message, platform=platform, account=account)
        self.until = until


class Unavailable(PlatformError):
    """The platform could not be reached or is out of order; nothing happened."""

    code = "unavailable"


class OutcomeUnknown(PlatformError):
    """The request may have been carried out and nobody knows: never repeat it blindly."""

    code = "outcome_unknown"
