"""Pictures in and out of Slack, and videos in."""

import asyncio
import hashlib
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import aiohttp

from bot.chat import chart_of
from bot.pictures import chart_png
from bot.slack.calls import SENDING, Calls, Manner, Tokens
from bot.slack.places import Ref
from bot.slack.trouble import SlackSaid, as_content
from content.errors import Rejected, Unavailable
from content.media import LARGEST_VIDEO

Read = Callable[[str], Awaitable[bytes]]
_PICTURE = "this picture"
_HOSTS = (".slack.com", ".slack-files.com")
"""Where Slack keeps files; besides, the host of the API itself, for a server of one's own."""


class Files:
    """`read` gives the bytes of a picture of ours by its id."""

    def __init__(self, calls: Calls, tokens: Tokens, read: Read, api_url: str) -> None:
        self._calls = calls
        self._tokens = tokens
        self._read = read
        self._api = urlsplit(api_url)

    async def send(self, team: str, channel: str, thread: str, body: Mapping[str, Any], key: str) -> str:
        """Bring a picture or a drawn chart there; returns its reference. By its file's name it can be found again.

        Raises:
            RateLimited, Unavailable, Rejected, NotFound, OutcomeUnknown: it is not there, or nobody knows.
        """
        data = await self._bytes(body)
        given = {"filename": file_name(body, key), "length": len(data), "alt_txt": body["alt"]}
        place = await self._calls.call(team, "files.getUploadURLExternal", _PICTURE, form=True, **given)
        await self._upload(str(place["upload_url"]), data)
        told: dict[str, Any] = {"files": [{"id": place["file_id"], "title": body["title"]}], "channel_id": channel}
        if thread:
            told["thread_ts"] = thread
        done = await self._calls.call(team, "files.completeUploadExternal", _PICTURE, SENDING, **told)
        return str(_ref(team, channel, str(place["file_id"]), done))

    async def _bytes(self, body: Mapping[str, Any]) -> bytes:
        if "chart" in body:
            return await asyncio.to_thread(chart_png, chart_of(body["chart"]))
        return await self._read(body["media_id"])

    async def _upload(self, url: str, data: bytes) -> None:
        try:
            async with self._calls.session.post(url, data=data) as answer:
                if answer.status != 200:
                    raise Unavailable(
                        f"Slack did not take the picture ({answer.status}). I try again.", platform="slack"
                    )
        except (aiohttp.ClientError, TimeoutError, SlackSaid) as lost:  # nothing is shown before it is completed
            raise as_content(SlackSaid("unreached"), _PICTURE, self._calls.clock.now(), repeatable=True) from lost

    async def remove(self, ref: Ref) -> None:
        """Take a file away whose message is not known."""
        await self._calls.call(ref.team, "files.delete", _PICTURE, Manner(), file=ref.file)

    async def fetch(self, handle: str, to: Path) -> None:
        """Write a picture or video that came with a message into a file, a little more of it than is allowed.

        Raises:
            Unavailable, NotFound, Rejected: it could not be had.
        """
        team, _, file_id = handle.partition(":")
        told = await self._calls.call(team, "files.info", _PICTURE, form=True, file=file_id)
        file = told.get("file") or {}
        if int(file.get("size") or 0) > LARGEST_VIDEO:
            raise Rejected(
                f"“{file.get('name') or 'That file'}” has {file['size'] / 1e6:.0f} MB, and I take "
                f"{LARGEST_VIDEO / 1e6:.0f} MB. Send it smaller.",
                platform="slack",
            )
        url = str(file.get("url_private_download") or file.get("url_private") or "")
        if not self._is_slacks(url):
            raise Rejected(
                "That file lies outside Slack, so I did not fetch it. Attach the file itself.", platform="slack"
            )
        await self._download(url, await self._tokens.token(team), to)

    def _is_slacks(self, url: str) -> bool:
        """Our token must not be shown to anybody else."""
        place = urlsplit(url)
        if (place.scheme, place.netloc) == (self._api.scheme, self._api.netloc):
            return True
        return place.scheme == "https" and f".{place.hostname or ''}".endswith(_HOSTS)

    async def _download(self, url: str, token: str, to: Path) -> None:
        headers = {"Authorization": f"Bearer {token}"}
        try:
            async with self._calls.session.get(url, headers=headers, allow_redirects=False) as answer:
                if answer.status != 200 or "text/html" in answer.content_type:
                    raise Rejected(
                        "Slack did not hand out that file. Check that I may read files (“copydesk doctor slack”), and "
                        "send it again.",
                        platform="slack",
                    )
                with to.open("wb") as file:
                    async for piece in answer.content.iter_chunked(1 << 16):
                        file.write(piece)
                        if file.tell() > LARGEST_VIDEO:
                            break
        except (aiohttp.ClientError, TimeoutError, SlackSaid) as lost:
            raise as_content(SlackSaid("unreached"), _PICTURE, self._calls.clock.now(), repeatable=True) from lost


def file_name(body: Mapping[str, Any], key: str) -> str:
    """What a file is called: a message that is a file keeps no metadata, so its key is in its name."""
    title = "chart" if "chart" in body else body["title"][:80].replace("/", "-")
    return f"{title}-{hashlib.sha256(key.encode()).hexdigest()[:10]}.png"


def _ref(team: str, channel: str, file_id: str, done: Mapping[str, Any]) -> Ref:
    """The message that shows a file, where Slack says it already; else the file itself."""
    for file in done.get("files", ()):
        for shares in (file.get("shares") or {}).values():
            for share in shares.get(channel, ()):
                return Ref(team, channel, str(share["ts"]))
    return Ref(team, channel, file=file_id)
