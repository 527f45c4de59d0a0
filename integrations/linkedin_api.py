"""LinkedIn's versioned API: what it is given, its requests, and what its refusals mean.

Source: https://learn.microsoft.com/linkedin/marketing/versioning, /integrations/migrations and
/community-management/shares/posts-api (read 2026-11-26 in excerpts, nothing was run live). A version lives for at least twelve
months; after that the API answers 426. Addresses of Rest.li keep brackets and commas raw, and percent-encode what is inside.
"""

from collections.abc import Mapping
from datetime import UTC, date, datetime
from typing import Any
from urllib.parse import quote

from content.checkup import Finding
from content.errors import Invalid, NeedsReconnect, PlatformError, Rejected, Unavailable
from content.platform import Access, Json, Setting
from content.times import Clock
from integrations.http import Answer, Http, refused_answer

NAME, LABEL = "linkedin", "LinkedIn"
CONSOLE = "linkedin.com/developers"
SETTINGS = (
    Setting("client_id", "client id of your app at linkedin.com/developers, to connect accounts with."),
    Setting("client_secret", "the client secret that belongs to it.", secret=True),
    Setting("scopes", "permissions that your app has, as LinkedIn names them.", "openid profile email w_member_social"),
    Setting("version", "version of its API, as YYYYMM; each lives about a year.", "202608"),
    Setting("api_url", "address of its API.", "https://api.linkedin.com"),
    Setting("login_url", "address of its consent page and token endpoint.", "https://www.linkedin.com/oauth/v2"),
    Setting("comment_escaping", "whether reserved characters are escaped in comments, on or off.", "off"),
)
_DEFAULTS = {one.name: one.default for one in SETTINGS}
KNOWN_SUNSETS = {
    "202511": date(2026, 11, 16),
    "202601": date(2027, 1, 15),
    "202602": date(2027, 2, 15),
    "202603": date(2027, 3, 16),
}
"""As LinkedIn announced them; the others follow the same habit."""
SOON_DAYS = 60


class Api:
    """Asks LinkedIn; `given` are the operator's settings."""

    def __init__(self, http: Http, clock: Clock, given: Mapping[str, str]) -> None:
        self._http = http
        self._clock = clock
        self._given = _DEFAULTS | {name: value for name, value in given.items() if value}
        self._url = self._given["api_url"].rstrip("/")

    def examine(self) -> list[Finding]:
        """How long the API's version will be answered."""
        if not (self._given["client_id"] and self._given["client_secret"]):
            return []
        version = self._given["version"]
        ends = sunset_of(version)
        if ends is None:
            words = f"LinkedIn's API has no version “{version}”. Set COPYDESK_LINKEDIN_VERSION to one such as 202608."
            return [Finding(False, words)]
        left = (ends - self._clock.now().date()).days
        about = "" if version in KNOWN_SUNSETS else "about "
        words = f"LinkedIn answers version {version} of its API until {about}{ends:%-d %B %Y}."
        if left > SOON_DAYS:
            return [Finding(True, words)]
        cure = " Set COPYDESK_LINKEDIN_VERSION to a newer one, such as this month's."
        return [Finding(False if left <= 0 else None, words + cure)]

    async def _ask(
        self, access: Access, method: str, path: str, *, headers: Mapping[str, str] | None = None, **more: Any
    ) -> Answer:
        """One request with the account's login; a refusal becomes a sentence that says what to do."""
        signed = {
            "Authorization": f"Bearer {access.secrets.get('access_token', '')}",
            "X-Restli-Protocol-Version": "2.0.0",
            **({"LinkedIn-Version": self._given["version"]} if path.startswith("/rest/") else {}),
            **(headers or {}),
        }
        url = path if path.startswith("http") else self._url + path
        try:
            return await self._http.ask(NAME, method, url, account=access.handle, headers=signed, **more)
        except Invalid as unusable:  # an address we do not go to
            raise Rejected(unusable.message, platform=NAME, account=access.handle) from unusable
        except Rejected as refused:
            raise explained(refused, access) from refused.__cause__


def moment_of(milliseconds: object) -> datetime | None:
    """A time of LinkedIn's, or None where it tells none."""
    return datetime.fromtimestamp(milliseconds / 1000, UTC) if isinstance(milliseconds, int) else None


def sunset_of(version: str) -> date | None:
    """The day after which a version is no longer answered; None: it is none."""
    if version in KNOWN_SUNSETS:
        return KNOWN_SUNSETS[version]
    try:
        month = datetime.strptime(version, "%Y%m").replace(tzinfo=UTC).date()
    except ValueError:
        return None
    return month.replace(year=month.year + 1, day=15) if len(version) == 6 else None


def encoded(urn: str) -> str:
    """A URN inside an address."""
    return quote(urn, safe="")


def listed(urns: list[str]) -> str:
    """Rest.li's `List(…)` of URNs or ids."""
    return f"List({','.join(map(encoded, urns))})"


def told(answer: Answer) -> Json:
    """The object LinkedIn answered with, or an empty one."""
    try:
        body = answer.json() if answer.body else {}
    except (ValueError, RecursionError):
        return {}
    return body if isinstance(body, dict) else {}


def elements(answer: Answer) -> list[Json]:
    """The objects of a list LinkedIn answered with."""
    found = told(answer).get("elements")
    return [one for one in found if isinstance(one, dict)] if isinstance(found, list) else []


def inner(body: Json, name: str) -> Json:
    """An object inside an object, or an empty one."""
    value = body.get(name)
    return value if isinstance(value, dict) else {}


def scopes_of(access: Access) -> frozenset[str]:
    """What the account's login was allowed."""
    kept = access.facts.get("scopes")
    return frozenset(map(str, kept)) if isinstance(kept, list | tuple) else frozenset()


def is_page(access: Access) -> bool:
    """Whether the account is an organisation's page."""
    return access.remote_id.startswith("urn:li:organization:")


def words_of(error: BaseException) -> tuple[int, str]:
    """The status of a refusal and all it says."""
    answer = refused_answer(error)
    return (answer.status, answer.text) if answer is not None else (0, "")


def explained(refused: Rejected, access: Access) -> PlatformError:
    """The refusal as what it means for a person; LinkedIn's own words stay where they say what to change."""
    status, said = words_of(refused)
    about = {"platform": NAME, "account": access.handle}
    if status == 426 or "NONEXISTENT_VERSION" in said:
        return Rejected(
            "LinkedIn no longer answers this version of its API. Whoever runs the desk sets COPYDESK_LINKEDIN_VERSION to a newer "
            "one and starts it again; then press Try again now.",
            **about,
        )
    if status == 403:
        return NeedsReconnect(
            f"LinkedIn does not let this login of {access.handle} do that. See that the app has the permission for it "
            f"({_permission(access)}; docs/linkedin.md) and that you still run the page, then connect it again.",
            **about,
        )
    if "MEDIA_ASSET_PROCESSING_FAILED" in said:
        return Rejected(
            f"LinkedIn cannot use a picture or video of {access.handle}. Save it anew in another form, or leave it out.",
            **about,
        )
    if "Unable to obtain activity" in said or "MEDIA_ASSET_WAITING_UPLOAD" in said or "MEDIA_ASSET_PROCESSING" in said:
        return Unavailable(
            f"LinkedIn is not done with what {access.handle} uploaded. I try again in a minute.", **about
        )
    return refused


def _permission(access: Access) -> str:
    """What the login lacks of what posting and reading for this account takes; else what it takes."""
    kind = "organization" if is_page(access) else "member"
    needed = [f"w_{kind}_social"] + ([f"r_{kind}_social"] if is_page(access) else [])
    return " and ".join([one for one in needed if one not in scopes_of(access)] or needed)
