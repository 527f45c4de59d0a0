"""The certified OpenID provider from npm, as a platform that people log in at, for tests marked `peers`."""

import html
import os
import re
import select
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from urllib.parse import parse_qsl, urljoin, urlsplit

import httpx
import pytest

from tests.peers.pds import ADD, HERE, NODE, START_SECONDS, STOP_SECONDS
from tests.peers.slack import port

INSTALLED = HERE / "node_modules" / "oidc-provider"
SECRET = "the client secret"


@dataclass(frozen=True)
class Provider:
    """A running provider; whoever logs in there is called what they type, with any password."""

    url: str
    callback_url: str

    async def walk(self, url: str, *, login: str = "alice", allow: bool = True) -> Mapping[str, str]:
        """Log in and decide, with plain HTTP; returns the query that the browser comes back with."""
        async with httpx.AsyncClient(timeout=20) as browser:
            answer = await browser.get(url)
            for _ in range(12):
                if answer.is_redirect:
                    target = urljoin(str(answer.request.url), answer.headers["location"])
                    if target.startswith(self.callback_url):
                        return dict(parse_qsl(urlsplit(target).query))
                    answer = await browser.get(target)
                    continue
                answer = await self._decide(browser, answer, login, allow=allow)
        raise AssertionError("the provider sends us round and round")

    async def _decide(
        self, browser: httpx.AsyncClient, page: httpx.Response, login: str, *, allow: bool
    ) -> httpx.Response:
        if not allow:
            found = re.search(r'href="([^"]+/abort)"', page.text)
            assert found, page.text
            return await browser.get(urljoin(str(page.request.url), html.unescape(found[1])))
        action = re.search(r'action="([^"]+)"', page.text)
        prompt = re.search(r'name="prompt" value="(\w+)"', page.text)
        assert action, page.text
        assert prompt, page.text
        given = {"prompt": prompt[1], "login": login, "password": "any"}
        return await browser.post(urljoin(str(page.request.url), html.unescape(action[1])), data=given)


@contextmanager
def provider(callback_url: str) -> Iterator[Provider]:
    """The provider while the block runs; it sends people back to `callback_url`."""
    if not (NODE.exists() and INSTALLED.exists()):
        pytest.skip(f"The OpenID provider is not installed; to add it: {ADD}")
    number = port()
    environment = {"PORT": str(number), "REDIRECT": callback_url, "PATH": os.defpath, "NODE_NO_WARNINGS": "1"}
    with subprocess.Popen(
        [str(NODE), "oidc.mjs"], cwd=HERE, env=environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    ) as server:
        try:
            assert server.stdout is not None
            ready, _, _ = select.select([server.stdout], [], [], START_SECONDS)
            assert ready, "the OpenID provider did not start"
            assert b"ready" in server.stdout.readline()
            yield Provider(f"http://127.0.0.1:{number}", callback_url)
        finally:
            server.terminate()
            try:
                server.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                server.kill()
