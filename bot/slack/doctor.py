"""Looks at the Slack app's set-up: token, rights, how events come in, clock."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from bot.slack.calls import Calls
from bot.slack.installing import SCOPES
from bot.slack.trouble import SlackSaid
from content.checkup import Finding

MOST_APART = timedelta(minutes=2)
"""Slack's signatures count for five minutes; half of that is too close already."""


class Doctor:
    """`bot_token` and `app_token` as they were set; `signing_secret`: whether requests can be verified."""

    def __init__(self, calls: Calls, bot_token: str, app_token: str, *, signing_secret: bool) -> None:
        self._calls = calls
        self._bot_token = bot_token
        self._app_token = app_token
        self._signing_secret = signing_secret

    async def examine(self) -> list[Finding]:
        """What is right, what is wrong, how to mend it. Never raises."""
        findings = [*(await self._token()), *(await self._events())]
        return [*findings, self._clock()]

    async def _token(self) -> list[Finding]:
        if not self._bot_token:
            return [Finding(None, "Slack is installed team by team, from /hooks/slack/install on the desk's page.")]
        try:
            told = await self._calls.ask(self._bot_token, "auth.test")
        except SlackSaid as said:
            return [_no_token(said)]
        who = f"{told.get('user', 'the bot')} in {told.get('team', 'your team')}"
        return [
            Finding(True, f"The token works: I am {who}."),
            *(self._rights(told)),
            *(await self._messages_tab(told)),
        ]

    def _rights(self, told: Mapping[str, Any]) -> list[Finding]:
        if not told["scopes"]:
            return [Finding(None, "Slack did not say which rights the token has.")]
        missing = sorted(set(SCOPES) - set(told["scopes"].replace(" ", "").split(",")))
        if not missing:
            return [Finding(True, "The token has every right it needs.")]
        return [
            Finding(
                False,
                f"The token lacks {', '.join(missing)}. Under OAuth & Permissions add them to the bot's scopes, install the "
                "app again, and set COPYDESK_SLACK_BOT_TOKEN anew.",
            )
        ]

    async def _messages_tab(self, told: Mapping[str, Any]) -> list[Finding]:
        """There is no method that says it; a private conversation with ourselves fails in the telling way."""
        try:
            await self._calls.ask(self._bot_token, "conversations.open", users=str(told.get("user_id", "")))
        except SlackSaid as said:
            if said.code == "messages_tab_disabled":
                words = "The Messages tab is off, so nobody can write to me. Under App Home allow messages from the Messages tab."
                return [Finding(False, words)]
        return [
            Finding(
                None,
                "If private messages to me are greyed out: under App Home, Messages Tab, tick “Allow users to send Slash "
                "commands and messages from the messages tab”.",
            )
        ]

    async def _events(self) -> list[Finding]:
        if self._app_token:
            try:
                await self._calls.ask(self._app_token, "apps.connections.open")
            except SlackSaid as said:
                words = f"Socket Mode cannot connect ({said.code}). Make an app-level token with the scope connections:write"
                return [Finding(False, f"{words}, set COPYDESK_SLACK_APP_TOKEN to it, and switch Socket Mode on.")]
            return [Finding(True, "Socket Mode connects; events come in over it.")]
        if self._signing_secret:
            words = "Events come in by HTTP. Under Event Subscriptions the request URL must end in /hooks/slack/events and be verified"
            return [Finding(None, f"{words}; the same address stands under Interactivity and Slash Commands.")]
        return [
            Finding(
                False, "Nothing brings Slack's events. Set COPYDESK_SLACK_APP_TOKEN or COPYDESK_SLACK_SIGNING_SECRET."
            )
        ]

    def _clock(self) -> Finding:
        if self._calls.there is None:
            return Finding(None, "Slack did not say what time it is there.")
        apart = abs(self._calls.clock.now() - self._calls.there)
        if apart > MOST_APART:
            words = f"This machine's clock is {apart.total_seconds():.0f} s away from Slack's"
            return Finding(
                False, f"{words}; Slack's signatures count for five minutes. Switch time synchronisation on."
            )
        return Finding(True, "The clock agrees with Slack's.")


def _no_token(said: SlackSaid) -> Finding:
    if said.code in ("unreached", "no_answer"):
        return Finding(False, "Slack cannot be reached from here. Check the network, and COPYDESK_SLACK_API_URL.")
    words = (
        f"Slack does not take the token ({said.code}). Under OAuth & Permissions copy the Bot User OAuth Token (xoxb-…)"
    )
    return Finding(False, f"{words} and set COPYDESK_SLACK_BOT_TOKEN to it.")
