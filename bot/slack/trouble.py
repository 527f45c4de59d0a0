"""What Slack refuses, as errors by reaction."""

from datetime import datetime, timedelta

from content.errors import ContentError, NotFound, OutcomeUnknown, RateLimited, Rejected, Unavailable

PLATFORM = "slack"

_OUT = frozenset(
    {
        "account_inactive",
        "invalid_auth",
        "not_authed",
        "org_login_required",
        "team_access_not_granted",
        "token_expired",
        "token_revoked",
    }
)
"""The desk's token counts no longer."""
_GONE = frozenset(
    {
        "cannot_dm_bot",
        "cant_delete_message",
        "cant_update_message",
        "channel_is_archived",
        "channel_not_found",
        "edit_window_closed",
        "file_deleted",
        "file_not_found",
        "is_archived",
        "message_not_found",
        "not_in_channel",
        "restricted_action",
        "restricted_action_non_threadable_channel",
        "restricted_action_read_only_channel",
        "restricted_action_thread_locked",
        "restricted_action_thread_only_channel",
        "thread_not_found",
        "user_disabled",
        "user_not_found",
        "user_not_in_channel",
    }
)
"""The place, the person or the message is not there, or not for us."""
_PERHAPS = frozenset({"fatal_error", "internal_error", "request_timeout", "service_unavailable", "no_answer"})
"""Slack's own trouble, in which the call may have been carried out."""
_FLOODED = frozenset({"ratelimited", "rate_limited", "message_limit_exceeded"})


class SlackSaid(Exception):
    """Slack's answer was no; `code` is its own word for why."""

    def __init__(self, code: str, rest: timedelta | None = None) -> None:
        super().__init__(code)
        self.code = code
        self.rest = rest
        """How long it wants to be left alone; only with `ratelimited`."""

    @property
    def flooded(self) -> bool:
        """Whether it was asked too often."""
        return self.code in _FLOODED


def as_content(said: SlackSaid, what: str, now: datetime, *, repeatable: bool) -> ContentError:
    """The error that asks for the right reaction. `repeatable`: doing it twice is the same as once."""
    if said.flooded:
        until = now + (said.rest or timedelta(seconds=1))
        return RateLimited(
            f"Slack wants a rest before {what} can go there. I try again by myself.", platform=PLATFORM, until=until
        )
    if said.code == "unreached" or (said.code in _PERHAPS and repeatable):
        return Unavailable(f"I cannot reach Slack for {what} just now. I try again by myself.", platform=PLATFORM)
    if said.code in _PERHAPS:
        return OutcomeUnknown(f"Slack did not say what became of {what}. I look before I repeat it.", platform=PLATFORM)
    return _refused(said.code, what)


def _refused(code: str, what: str) -> ContentError:
    if code in _OUT:
        return NotFound(
            f"Slack does not know my token any more, so {what} could not be done. Install me again: docs/slack.md says how."
        )
    if code == "messages_tab_disabled":
        return NotFound(
            f"My Messages tab is switched off in Slack, so {what} could not be done. In the app's settings, App Home, "
            "allow messages from the Messages tab."
        )
    if code in _GONE:
        return NotFound(
            f"Slack no longer has the place or the message for {what} ({code}). Invite me again there, or let me write."
        )
    if code == "missing_scope":
        return Rejected(
            f"Slack's app lacks a right for {what}. “copydesk doctor slack” names it; install the app again.",
            platform=PLATFORM,
        )
    return Rejected(f"Slack refuses {what}: {code}. Ask for it in other words.", platform=PLATFORM)


def code_of(error: BaseException) -> str:
    """Slack's own word for why, behind an error of ours; empty: it said nothing."""
    return error.__cause__.code if isinstance(error.__cause__, SlackSaid) else ""
