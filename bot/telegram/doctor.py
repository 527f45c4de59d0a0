"""Looks at the bot's set-up: token, webhook or polling, privacy mode, clock."""

from datetime import timedelta

from telegram import User, WebhookInfo
from telegram.error import InvalidToken, TelegramError

from bot.telegram.client import ASKED, Client
from content.checkup import Finding

MOST_APART = timedelta(minutes=2)


class Doctor:
    """`webhook_url` as it should be announced; empty: the desk polls."""

    def __init__(self, client: Client, webhook_url: str) -> None:
        self._client = client
        self._webhook_url = webhook_url

    async def examine(self) -> list[Finding]:
        """What is right, what is wrong, how to mend it. Never raises."""
        try:
            me = await self._client.meet()
            found = [Finding(True, f"The token works: I am @{me.username}."), *_groups(me)]
            return [
                *found,
                *self._webhook(await self._client.bot.get_webhook_info(rate_limit_args=ASKED)),
                self._clock(),
            ]
        except InvalidToken:
            words = "Telegram does not know the token. Ask @BotFather for it (/mybots, API Token)"
            return [Finding(False, f"{words} and set COPYDESK_TELEGRAM_BOT_TOKEN to it.")]
        except TelegramError as trouble:
            words = f"Telegram cannot be reached from here ({trouble.message[:100]})"
            return [Finding(False, f"{words}. Check the network, and COPYDESK_TELEGRAM_API_URL.")]

    def _webhook(self, info: WebhookInfo) -> list[Finding]:
        waiting = (
            [Finding(None, f"{info.pending_update_count} updates wait at Telegram.")]
            if info.pending_update_count
            else []
        )
        if not self._webhook_url:
            if info.url:
                words = "A webhook is set, though the desk polls. It is taken away when the desk starts"
                return [Finding(None, f"{words}; if another program set it, only one of the two can run."), *waiting]
            return [Finding(True, "The desk polls; nothing else has to be set."), *waiting]
        if info.url != self._webhook_url:
            words = f"The webhook is {info.url or 'not set'}, it should be {self._webhook_url}"
            return [
                Finding(
                    False, f"{words}. Start the desk: it sets it. If it changes back, another program has this token."
                ),
                *waiting,
            ]
        if info.last_error_message:
            words = f"Telegram could not deliver to the webhook: {info.last_error_message}"
            mend = "Check that COPYDESK_PUBLIC_URL is reachable from outside with a valid certificate, on port 443, 80, 88 or 8443."
            return [Finding(False, f"{words}. {mend}"), *waiting]
        return [Finding(True, f"The webhook is {info.url}."), *waiting]

    def _clock(self) -> Finding:
        apart = self._client.clock_apart
        if apart is None:
            return Finding(None, "Telegram did not say what time it is there.")
        if abs(apart) > MOST_APART:
            words = f"This machine's clock is {abs(apart).total_seconds():.0f} s away from Telegram's"
            return Finding(False, f"{words}; posts would leave at the wrong time. Switch time synchronisation on.")
        return Finding(True, "The clock agrees with Telegram's.")


def _groups(me: User) -> list[Finding]:
    found = []
    if me.can_join_groups is False:
        found.append(Finding(None, "I cannot be added to groups. If I shall be: @BotFather, /setjoingroups, Enable."))
    if me.can_read_all_group_messages:
        return [
            *found,
            Finding(True, "Privacy mode is off: in groups I hear everything, and answer where I take part."),
        ]
    words = "Privacy mode is on: in groups I hear commands, mentions and replies to me only, which is enough"
    return [
        *found,
        Finding(None, f"{words}. To change it: @BotFather, /setprivacy, Disable; then add me to the group anew."),
    ]
