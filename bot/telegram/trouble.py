"""What Telegram refuses, as errors by reaction. Its words are read only where it has no better sign."""

from datetime import datetime, timedelta
from typing import NoReturn

from telegram.error import BadRequest, ChatMigrated, Forbidden, InvalidToken, NetworkError, TelegramError

from content.errors import ContentError, NotFound, OutcomeUnknown, RateLimited, Rejected, Unavailable

PLATFORM = "telegram"

SAME = "message is not modified"
TOO_OLD = ("query is too old", "query id is invalid", "query_id_invalid")
NO_TOPIC = ("message thread not found", "topic_deleted", "topic_closed")
_GONE = (
    "chat not found",
    "message to edit not found",
    "message to delete not found",
    "message can't be edited",
    "message_id_invalid",
    "user not found",
    "peer_id_invalid",
    "group chat was deactivated",
    "have no rights to send",
    "not enough rights",
    "chat_write_forbidden",
    "need administrator rights",
)


class Unreached(NetworkError):
    """Telegram was not reached, or said that it did nothing."""


class Flooded(TelegramError):
    """Telegram wants rest before it takes the next call of this kind."""

    def __init__(self, rest: timedelta) -> None:
        super().__init__(f"Telegram wants {rest.total_seconds():g} s of rest.")
        self.rest = rest


def says(error: TelegramError, *words: str) -> bool:
    """Whether a refusal is one of these."""
    said = error.message.casefold()
    return any(word in said for word in words)


def as_content(error: TelegramError, what: str, now: datetime) -> ContentError:
    """The error of `content/errors.py` that asks for the right reaction; `what` names the thing: “this message”."""
    match error:
        case Flooded():
            return RateLimited(
                f"Telegram wants a rest before {what} can go there. I try again by myself.",
                platform=PLATFORM,
                until=now + error.rest,
            )
        case Unreached():
            return Unavailable(
                f"I cannot reach Telegram for {what} just now. I try again by myself.", platform=PLATFORM
            )
        case Forbidden():
            return NotFound(
                f"Telegram does not let me bring {what} there: I was put out, or blocked. Let me in again, or press Start."
            )
        case InvalidToken():  # a token that was taken back, or an API address that is none
            return Unavailable(
                f"Telegram does not know my token, so {what} waits. Whoever runs me: “copydesk doctor telegram” says more.",
                platform=PLATFORM,
            )
        case BadRequest():
            return _refused(error, what)
    return OutcomeUnknown(
        f"Telegram did not say what became of {what}. Look there before you do it again.", platform=PLATFORM
    )


def _refused(error: BadRequest, what: str) -> ContentError:
    if gone(error):
        return NotFound(f"Telegram no longer has the place or the message for {what}. Start again with /help.")
    return Rejected(f"Telegram refuses {what}: {error.message[:200]}. Ask for it in other words.", platform=PLATFORM)


def gone(error: TelegramError) -> bool:
    """Whether the place or the message is gone."""
    return says(error, *_GONE)


def raise_as_content(error: TelegramError, what: str, now: datetime) -> NoReturn:
    """Raise `as_content`."""
    raise as_content(error, what, now) from error


def moved_to(error: TelegramError) -> int | None:
    """The supergroup that a group has become, where that is what is wrong."""
    return error.new_chat_id if isinstance(error, ChatMigrated) else None
