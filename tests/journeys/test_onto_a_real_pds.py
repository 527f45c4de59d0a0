"""Onto Bluesky's own server: connected in the form with an app password, asked, approved by a button, really there."""

import itertools
from pathlib import Path

import pytest
from starlette.responses import HTMLResponse

import tests.peers.pds
from tests.journeys.desk import running
from tests.peers.pds import Pds
from tests.servers.running import serving

pytestmark = pytest.mark.peers
pds = tests.peers.pds.pds

_numbers = itertools.count(1)
PAGE = HTMLResponse("<title>Our hours</title><h1>From 7</h1>")


async def test_from_the_form_to_a_record_on_the_real_server(data: Path, pds: Pds) -> None:
    owner = pds.account(f"journey{next(_numbers)}.test")
    password = pds.app_password(owner, "desk")
    async with running(data) as desk, serving(PAGE) as site:
        text = f"Größe zählt: we open at 7 👩‍🍳 {site}/hours?x=1 #kaffee"
        given = {"handle": f"@{owner.handle}", "app_password": "wrong-wrong-wrong-wron", "server": pds.url}
        refused = await desk.person.connect("bluesky", given)
        assert "does not belong to this handle" in refused["error"]
        connected = await desk.person.connect("bluesky", {**given, "app_password": password})
        assert connected["status"] == 200, connected

        await desk.ask(f"Draft a post for Bluesky: {text}")
        assert pds.records(owner) == []
        await desk.press("Schedule", when="in 10 minutes")
        await desk.press("Approve")
        assert pds.records(owner) == []
        await desk.press("Post now")

        [record] = pds.records(owner)
        value = record["value"]
        cut = [
            value["text"].encode()[f["index"]["byteStart"] : f["index"]["byteEnd"]].decode() for f in value["facets"]
        ]
        assert value["text"] == text
        assert cut == [f"{site}/hours?x=1", "#kaffee"]
        assert value["embed"]["external"]["title"] == "Our hours"
        rkey = record["uri"].rpartition("/")[2]
        said = next(one for one in await desk.person.messages() if one.text.startswith("Published #1"))
        assert f"{owner.handle}/post/{rkey}" in said.html or f"{owner.did}/post/{rkey}" in said.html
        everything = "".join(one.html for one in await desk.person.messages())
        accounts = await desk.person.browser.get("/connect")
        assert password not in everything + accounts.text
