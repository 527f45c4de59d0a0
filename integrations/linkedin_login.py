"""Connecting LinkedIn: one login reaches a member and the pages they run; it lasts 60 days, and few apps may renew it.

Source: https://learn.microsoft.com/linkedin/shared/authentication/authorization-code-flow and /programmatic-refresh-tokens,
/community-management/organizations/organization-access-control (read 2026-11-26 in excerpts). Asking for a scope that the app lacks
fails the whole consent, so the scopes are a setting. Consenting anew ends older logins of the same member and app.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from content.connecting import Connected, Elsewhere, Field, Identity, Login
from content.errors import NeedsReconnect, PlatformError, Unavailable
from content.platform import Access
from integrations.linkedin_api import CONSOLE, LABEL, NAME, Api, elements, inner, is_page, listed, scopes_of, told
from integrations.oauth import Client, Endpoints, OAuth, Token

ORGANIZATION = "urn:li:organization:"
POSTS_FOR_PAGES = "w_organization_social"
_ROLES = frozenset({"ADMINISTRATOR", "CONTENT_ADMINISTRATOR", "CONTENT_ADMIN"})
_NAMED = ("organization", "organizationTarget", "organizationalTarget")
"""What the addresses for roles, newest first, call the page that a role is for."""
_ASKS = {
    "openid": "see who you are",
    "w_member_social": "post, comment and upload for you",
    "w_organization_social": "post, comment and upload for pages you run",
    "r_organization_social": "read those pages' posts and numbers",
    "rw_organization_admin": "see which pages you run",
    "r_member_postAnalytics": "read the numbers of your own posts",
    "r_member_social": "read your own posts",
}


class LinkedInLogin(Api):
    """The `Connects` part."""

    def setup(self, callback_url: str) -> Sequence[str]:
        """The five steps to a client id and secret; none once both are there."""
        if self._given["client_id"] and self._given["client_secret"]:
            return ()
        return (
            f"Create an app at {CONSOLE} for the company page that shall own it, and have a page admin verify it.",
            "On its tab “Products” add “Share on LinkedIn” and “Sign In with LinkedIn using OpenID Connect”.",
            (
                "To post for company pages too, ask there for the “Community Management API”, and once it is granted add "
                "w_organization_social r_organization_social rw_organization_admin to COPYDESK_LINKEDIN_SCOPES."
            ),
            f"On its tab “Auth” add {callback_url} as an authorized redirect address, exactly so.",
            "Set COPYDESK_LINKEDIN_CLIENT_ID and COPYDESK_LINKEDIN_CLIENT_SECRET to what that tab shows, and start the desk again.",
        )

    def form(self) -> tuple[Field, ...]:
        """Nothing: LinkedIn asks on its own page."""
        return ()

    async def start(self, given: Mapping[str, str], callback_url: str, state: str) -> Elsewhere:
        """The way to LinkedIn's consent page."""
        scopes = self._given["scopes"]
        asked = self._oauth().ask(callback_url, scopes, state)
        asks = tuple(_ASKS[scope] for scope in scopes.split() if scope in _ASKS)
        return Elsewhere(asked.url, {"verifier": asked.verifier}, asks)

    async def finish(
        self, keep: Mapping[str, str], answer: Mapping[str, str], callback_url: str
    ) -> Sequence[Connected]:
        """Exchange the code for a login: the member's account, then each page they may post for."""
        token = await self._oauth().trade(answer, callback_url, keep["verifier"])
        scopes = token.scopes or tuple(self._given["scopes"].split())
        access = Access("", NAME, "", "", "", {"scopes": list(scopes)}, _secrets(token))
        member = Connected(await self._member(access), _login(token), access.facts, scopes)
        pages = await self._pages(access) if POSTS_FOR_PAGES in scopes else []
        return [member, *(replace(member, identity=page) for page in pages)]

    def profile(self, access: Access) -> str:
        """A page's page. Where a person's is LinkedIn tells no app, but this leads whoever is signed in there to their own posts."""
        if is_page(access):
            return f"https://www.linkedin.com/company/{access.remote_id.removeprefix(ORGANIZATION)}"
        return "https://www.linkedin.com/in/me/recent-activity/all/"

    async def check(self, access: Access) -> Connected:
        """Who it is there, with the same login."""
        login, scopes = Login(access.secrets, access.expires_at), tuple(sorted(scopes_of(access)))
        if not is_page(access):
            return Connected(await self._member(access), login, access.facts, scopes)
        number = access.remote_id.removeprefix(ORGANIZATION)
        names = await self._names(access, [number])
        return Connected(_page(number, names.get(number, access.handle)), login, access.facts, scopes)

    async def refresh(self, access: Access) -> Login:
        """The next login, where LinkedIn gave the right to renew; its own end stays where it was."""
        refresh = access.secrets.get("refresh_token")
        if not refresh:
            raise NeedsReconnect(
                f"LinkedIn lets nobody but its person renew the login of {access.handle}. Connect it again.",
                platform=NAME,
                account=access.handle,
            )
        return _login(await self._oauth().renew(refresh, access.handle))

    async def revoke(self, access: Access) -> None:
        """End the login; one that is gone already is fine."""
        if token := access.secrets.get("access_token"):
            await self._oauth().revoke(token)

    def _oauth(self) -> OAuth:
        base = self._given["login_url"].rstrip("/")
        endpoints = Endpoints(f"{base}/authorization", f"{base}/accessToken", f"{base}/revoke")
        client = Client(self._given["client_id"], self._given["client_secret"])
        return OAuth(self._http, self._clock, NAME, LABEL, client, endpoints)

    async def _member(self, access: Access) -> Identity:
        me = told(await self._ask(access, "GET", "/v2/userinfo"))
        if not isinstance(me.get("sub"), str) or not me["sub"]:
            raise Unavailable("LinkedIn did not say whose login this is. Try again in a few minutes.", platform=NAME)
        name = str(me.get("name") or f"{me.get('given_name', '')} {me.get('family_name', '')}".strip() or me["sub"])
        return Identity(f"urn:li:person:{me['sub']}", name, name)

    async def _pages(self, access: Access) -> list[Identity]:
        """The pages the member may post for; a list that cannot be read leaves the member alone to choose."""
        numbers = await self._run_by_new(access) or await self._run_by_old(access)
        names = await self._names(access, numbers) if numbers else {}
        return [_page(number, names.get(number, f"Page {number}")) for number in numbers]

    async def _run_by_new(self, access: Access) -> list[str]:
        return await self._run(access, "/rest/organizationAcls?q=roleAssignee&state=APPROVED&count=100")

    async def _run_by_old(self, access: Access) -> list[str]:
        return await self._run(access, "/v2/organizationalEntityAcls?q=roleAssignee&state=APPROVED&count=100")

    async def _run(self, access: Access, path: str) -> list[str]:
        try:
            found = elements(await self._ask(access, "GET", path))
        except PlatformError:
            return []
        posting = [one for one in found if one.get("role") in _ROLES and one.get("state", "APPROVED") == "APPROVED"]
        urns = [str(one.get(named, "")) for one in posting for named in _NAMED]
        numbers = [urn.removeprefix(ORGANIZATION) for urn in urns if urn.startswith(ORGANIZATION)]
        return list(dict.fromkeys(number for number in numbers if number.isdigit()))

    async def _names(self, access: Access, numbers: list[str]) -> dict[str, str]:
        try:
            answer = await self._ask(access, "GET", f"/rest/organizations?ids={listed(numbers)}")
        except PlatformError:
            return {}
        results = inner(told(answer), "results")
        named = {number: inner(results, number).get("localizedName") for number in numbers}
        return {number: name for number, name in named.items() if isinstance(name, str) and name}

    async def _organization(self, access: Access, vanity: str) -> dict[str, str] | None:
        """An organisation by the name in its page's address, where the login may look it up."""
        if not {"rw_organization_admin", "r_organization_social"} & scopes_of(access):
            return None
        try:
            answer = await self._ask(access, "GET", f"/rest/organizations?q=vanityName&vanityName={vanity}")
        except PlatformError:
            return None
        for one in elements(answer):
            if isinstance(one.get("id"), int | str) and isinstance(one.get("localizedName"), str):
                return {"urn": f"{ORGANIZATION}{one['id']}", "name": one["localizedName"]}
        return None


def _page(number: str, name: str) -> Identity:
    return Identity(f"{ORGANIZATION}{number}", name, name, kind="page")


def _secrets(token: Token) -> dict[str, str]:
    return {"access_token": token.access} | ({"refresh_token": token.refresh} if token.refresh else {})


def _login(token: Token) -> Login:
    """Without the right to renew it, its end is the person's to look after, who is told in time."""
    if token.refresh:
        return Login(_secrets(token), token.expires_at, token.refresh_expires_at)
    return Login(_secrets(token), None, token.expires_at)
