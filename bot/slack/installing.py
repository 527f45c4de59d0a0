"""The desk in Slack's teams: one by a token that was set, or many, each installed by a member of the desk; tokens lie sealed."""

import html
import logging
from collections.abc import Awaitable, Callable
from copy import copy
from typing import TypeVar

import aiohttp
from slack_bolt.oauth.async_callback_options import AsyncCallbackOptions, AsyncFailureArgs, AsyncSuccessArgs
from slack_bolt.oauth.async_oauth_flow import AsyncOAuthFlow
from slack_bolt.oauth.async_oauth_settings import AsyncOAuthSettings
from slack_bolt.request.async_request import AsyncBoltRequest
from slack_bolt.response import BoltResponse
from slack_sdk.oauth.installation_store.models.bot import Bot
from slack_sdk.oauth.installation_store.models.installation import Installation
from slack_sdk.oauth.installation_store.sqlalchemy import AsyncSQLAlchemyInstallationStore
from slack_sdk.oauth.state_store.sqlalchemy import AsyncSQLAlchemyOAuthStateStore
from slack_sdk.web.async_client import AsyncWebClient
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.slack.places import person
from content.errors import ContentError, NotFound
from content.people import Actor
from content.receiving import RawAnswer, RawRequest
from content.sealing import Sealer

log = logging.getLogger(__name__)

SCOPES = (
    "app_mentions:read",
    "assistant:write",
    "channels:history",
    "channels:read",
    "chat:write",
    "commands",
    "files:read",
    "files:write",
    "groups:history",
    "groups:read",
    "im:history",
    "im:read",
    "im:write",
    "users:read",
)
"""What the desk asks a team for; docs/slack.md says why each."""
STATE_LASTS = 600
"""Seconds."""
_SEALED = "sealed:"
_TOKENS = ("bot_token", "bot_refresh_token", "user_token", "user_refresh_token", "incoming_webhook_url")

Kept = TypeVar("Kept", Bot, Installation)
Installed = Callable[[Actor, str, str, str], Awaitable[None]]
"""A member installed the desk: who, the team's id and name, and who they are there."""


class SealedInstallations(AsyncSQLAlchemyInstallationStore):
    """Slack's own store, with every token sealed."""

    def __init__(self, client_id: str, engine: AsyncEngine, sealer: Sealer) -> None:
        super().__init__(client_id, engine)
        self._sealer = sealer

    async def async_save(self, installation: Installation) -> None:
        """Keep a new installation."""
        await super().async_save(self._sealed(installation))

    async def async_save_bot(self, bot: Bot) -> None:
        """Keep its bot; called by `async_save` too, with what is sealed already."""
        await super().async_save_bot(self._sealed(bot))

    async def async_find_bot(
        self, *, enterprise_id: str | None, team_id: str | None, is_enterprise_install: bool | None = False
    ) -> Bot | None:
        """The newest bot of a team."""
        found = await super().async_find_bot(
            enterprise_id=enterprise_id, team_id=team_id, is_enterprise_install=is_enterprise_install
        )
        if found is None:
            return None
        opened = copy(found)
        opened.bot_token = self._sealer.open(found.bot_token.removeprefix(_SEALED).encode())["token"]
        return opened

    def _sealed(self, kept: Kept) -> Kept:
        sealed = copy(kept)
        for name in _TOKENS:
            value = getattr(sealed, name, None)
            if value and not value.startswith(_SEALED):
                setattr(sealed, name, _SEALED + self._sealer.seal({"token": value}).decode())
        return sealed


class Installations:
    """The token of each team. `own` is that of the one team the operator set; `store` has the others."""

    def __init__(self, own: str, store: SealedInstallations | None) -> None:
        self._own = own
        self._store = store
        self._tokens: dict[str, str] = {}

    async def token(self, team: str) -> str:
        """The desk's token in a team.

        Raises:
            NotFound: the desk is not in it.
        """
        if self._own:
            return self._own
        if team not in self._tokens:
            bot = await self._store.async_find_bot(enterprise_id=None, team_id=team) if self._store else None
            if bot is None:
                raise NotFound("I am not installed in that Slack team any more. Install me again from the desk's page.")
            self._tokens[team] = bot.bot_token
        return self._tokens[team]

    async def forget(self, team: str) -> None:
        """The desk was put out of a team."""
        self._tokens.pop(team, None)
        if self._store is not None:
            await self._store.async_delete_installation(enterprise_id=None, team_id=team)
            await self._store.async_delete_bot(enterprise_id=None, team_id=team)


class Installing:
    """The way of a member from the desk's page through Slack's consent page and back."""

    def __init__(
        self,
        client_id: str,
        client_secret: str,
        api_url: str,
        public_url: str,
        store: SealedInstallations,
        installed: Installed,
    ) -> None:
        self._store = store
        self._installed = installed
        self._states = AsyncSQLAlchemyOAuthStateStore(STATE_LASTS, store.engine)
        own_slack = api_url.removesuffix("api/") + "oauth/v2/authorize"
        self._flow = AsyncOAuthFlow(
            client=AsyncWebClient(base_url=api_url, retry_handlers=[]),
            settings=AsyncOAuthSettings(
                client_id=client_id,
                client_secret=client_secret,
                scopes=SCOPES,
                redirect_uri=f"{public_url}/hooks/slack/oauth_redirect",
                install_page_rendering_enabled=False,
                authorization_url=own_slack,
                installation_store=store,
                state_store=self._states,
                state_expiration_seconds=STATE_LASTS,
                callback_options=AsyncCallbackOptions(success=_came_back, failure=_came_back_without),
            ),
        )

    async def start(self) -> None:
        """Make the tables."""
        await self._store.create_tables()  # type: ignore[no-untyped-call]
        await self._states.create_tables()  # type: ignore[no-untyped-call]

    async def receive(self, request: RawRequest) -> RawAnswer:
        """The two pages `install` and `oauth_redirect`."""
        actor = request.actor
        if actor is None or not actor.may("connect"):
            return _page(
                403,
                "Sign in first",
                "Installing the desk in Slack is for members who may connect accounts. Sign in on the desk's page in this "
                "browser, and open this address again.",
            )
        bolt = AsyncBoltRequest(body="", query=request.query, headers=dict(request.headers))
        if request.path == "install":
            return _as_raw(await self._flow.handle_installation(bolt))
        try:
            answer = await self._flow.handle_callback(bolt)
        except (aiohttp.ClientError, TimeoutError) as lost:
            log.warning("slack.not_installed", extra={"why": type(lost).__name__})
            return _page(503, "Not installed", "Slack did not answer; nothing was changed. Begin again.", again=True)
        installation = bolt.context.get("installation")
        if isinstance(installation, Installation) and installation.team_id:
            team, user = installation.team_id, installation.user_id or ""
            try:
                await self._installed(actor, team, installation.team_name or team, person(team, user))
            except ContentError as refused:
                return _page(409, "Not installed", refused.message)
            log.info("slack.installed", extra={"team": team, "member": actor.member_id})
        return _as_raw(answer)


async def _came_back(args: AsyncSuccessArgs) -> BoltResponse:
    args.request.context["installation"] = args.installation
    team = args.installation.team_name or "your team"
    return _bolt_page(
        200, f"Copydesk is in {team}", "Write to it in Slack, in its Messages. It knows you there already."
    )


async def _came_back_without(args: AsyncFailureArgs) -> BoltResponse:
    known = {
        "access_denied": "You did not agree on Slack's page, so nothing was changed.",
        "invalid_browser": "You came back in another browser than you left in, so nothing was changed.",
        "invalid_state": "This way back was used already, or is older than ten minutes; nothing was changed.",
        "invalid_code": "Slack did not accept its own code any more; nothing was changed.",
    }
    log.info("slack.not_installed", extra={"why": args.reason})
    sentence = known.get(args.reason, "Slack did not finish the installation; nothing was changed.")
    return _bolt_page(args.suggested_status_code, "Not installed", f"{sentence} Begin again.", again=True)


def _bolt_page(status: int, title: str, sentence: str, *, again: bool = False) -> BoltResponse:
    page = _page(status, title, sentence, again=again)
    return BoltResponse(status=status, body=page.body.decode(), headers=dict(page.headers))


def _page(status: int, title: str, sentence: str, *, again: bool = False) -> RawAnswer:
    way = ("/hooks/slack/install", "Begin again") if again else ("/", "To the desk's page")
    body = (
        f'<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">'
        f'<title>{html.escape(title)}</title><link rel="stylesheet" href="/static/desk.css">'
        f'<main class="column trouble"><h1>{html.escape(title)}</h1><p>{html.escape(sentence)}</p>'
        f'<p><a class="button primary" href="{way[0]}">{way[1]}</a></p></main></html>'
    )
    return RawAnswer(status, body.encode(), {"content-type": "text/html; charset=utf-8"})


def _as_raw(answer: BoltResponse) -> RawAnswer:
    headers = {name: values[0] for name, values in answer.headers.items()}
    return RawAnswer(answer.status, (answer.body or "").encode(), headers)
