"""Bluesky against the server that Bluesky wrote: what our small server claims is what the real one does."""

import base64
import hashlib
import hmac
import itertools
import json
import struct
import zlib
from dataclasses import dataclass, replace
from datetime import timedelta

import pytest

import tests.peers.pds
from content.errors import Invalid, NeedsReconnect, OutcomeUnknown, Rejected
from content.platform import Absent, Access, Content, Image, PartContent, Prepared, Published
from integrations.bluesky import Bluesky
from integrations.http import Http
from tests.fakes.clock import FakeClock
from tests.integrations.bluesky_desk import access_of
from tests.peers.pds import TOKEN_SECRET, Owner, Pds
from tests.servers.faults import Faults, faulty
from tests.servers.front import front
from tests.servers.running import serving

pytestmark = pytest.mark.peers
pds = tests.peers.pds.pds

CREATE = "POST /xrpc/com.atproto.repo.createRecord"
_numbers = itertools.count(1)


def picture() -> bytes:
    """A small PNG."""
    rows = b"".join(b"\0" + bytes([60, 100, 200]) * 64 for _ in range(48))
    parts = ((b"IHDR", struct.pack(">IIBBBBB", 64, 48, 8, 2, 0, 0, 0)), (b"IDAT", zlib.compress(rows)), (b"IEND", b""))
    chunks = (
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data)) for kind, data in parts
    )
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunks)


class Pictures:
    async def read(self, media_id: str) -> bytes:
        return picture()

    async def read_range(self, media_id: str, start: int, end: int) -> bytes:
        return (await self.read(media_id))[start:end]


@dataclass
class Desk:
    """An account on the real server, connected with an app password."""

    pds: Pds
    owner: Owner
    platform: Bluesky
    access: Access
    app_password: str

    async def prepared(self, *parts: PartContent) -> Prepared:
        content = Content(parts, {"languages": ["en", "pt-BR"]})
        resolved = await self.platform.resolve(content, self.access)
        rendering = self.platform.render(replace(content, resolved=resolved), self.access)
        return await self.platform.prepare(rendering, self.access, Pictures(), {})

    async def find(self, prepared: Prepared) -> Published | Absent | None:
        return await self.platform.find(prepared, 0, "key", FakeClock().now(), ())


@pytest.fixture
async def desk(pds: Pds) -> Desk:
    clock = FakeClock()
    http = Http(clock=clock, allowed_private_hosts=["localhost", "127.0.0.1"])
    owner = pds.account(f"desk{next(_numbers)}.test")
    app_password = pds.app_password(owner, "desk")
    platform = Bluesky(http, clock, directory=pds.directory, entryway=pds.url)
    connected = await platform.start({"handle": f"@{owner.handle}", "app_password": app_password}, "", "")
    return Desk(pds, owner, platform, access_of(connected), app_password)


async def test_a_handle_leads_through_the_directory_to_its_server(desk: Desk) -> None:
    assert (desk.access.remote_id, desk.access.server) == (desk.owner.did, desk.pds.url)
    assert desk.access.handle == desk.owner.handle
    assert desk.access.expires_at is not None
    connected = await desk.platform.check(desk.access)
    assert connected.login.secrets == desk.access.secrets


async def test_a_thread_is_stored_as_it_was_rendered(desk: Desk) -> None:
    bob = desk.pds.account(f"bob{next(_numbers)}.test")
    text = f"👨‍👩‍👧‍👦 e\u0301日本 https://example.com/ü?x=1#y @{bob.handle} @nobody.test #größe 🏳️‍🌈"
    content = picture()
    image = Image("media_1", hashlib.sha256(content).hexdigest(), "image/png", len(content), 64, 48, alt="blue 🟦")
    prepared = await desk.prepared(PartContent(text, (image,)), PartContent("two"))
    first = await desk.platform.commit(prepared, 0, "key", ())
    second = await desk.platform.commit(prepared, 1, "key", (first,))
    record = desk.pds.record(first.remote_id)["value"]
    cut = [text.encode()[f["index"]["byteStart"] : f["index"]["byteEnd"]].decode() for f in record["facets"]]
    assert (record["text"], record["langs"]) == (text, ["en", "pt-BR"])
    assert cut == ["https://example.com/ü?x=1#y", f"@{bob.handle}", "#größe"]
    assert [f["features"][0].get("did") for f in record["facets"]] == [None, bob.did, None]
    shown = record["embed"]["images"][0]
    assert (shown["alt"], shown["image"]["size"]) == ("blue 🟦", len(content))
    root = {"uri": first.remote_id, "cid": first.facts["cid"]}
    assert desk.pds.record(second.remote_id)["value"]["reply"] == {"root": root, "parent": root}
    assert len(desk.pds.records(desk.owner)) == 2


async def test_a_post_is_found_and_its_absence_is_proved(desk: Desk) -> None:
    prepared = await desk.prepared(PartContent("x"))
    assert await desk.find(prepared) == Absent()
    published = await desk.platform.commit(prepared, 0, "key", ())
    assert await desk.find(prepared) == published


@pytest.mark.parametrize(("fault", "posts"), [("drop_after", 1), ("status_after:502", 1), ("drop_before", 0)])
async def test_a_lost_answer_leaves_at_most_one_post(desk: Desk, fault: str, posts: int) -> None:
    faults = Faults()
    faults.add(CREATE, fault)
    async with serving(faulty(front(desk.pds.url), faults)) as url:
        prepared = await desk.prepared(PartContent("x"))
        there = replace(prepared, access=replace(desk.access, server=url))
        with pytest.raises(OutcomeUnknown):
            await desk.platform.commit(there, 0, "key", ())
        assert isinstance(await desk.find(there), Published if posts else Absent)
    assert len(desk.pds.records(desk.owner)) == posts


async def test_a_repeated_commit_makes_no_second_post_and_says_nothing(desk: Desk) -> None:
    prepared = await desk.prepared(PartContent("x"))
    await desk.platform.commit(prepared, 0, "key", ())
    with pytest.raises(OutcomeUnknown):
        await desk.platform.commit(prepared, 0, "key", ())
    assert len(desk.pds.records(desk.owner)) == 1


async def test_removing_twice_is_no_error(desk: Desk) -> None:
    prepared = await desk.prepared(PartContent("x"))
    published = await desk.platform.commit(prepared, 0, "key", ())
    await desk.platform.remove(published, desk.access)
    await desk.platform.remove(published, desk.access)
    assert await desk.find(prepared) == Absent()


async def test_both_count_graphemes_alike(desk: Desk) -> None:
    family, flag, accented, thumb = "👨‍👩‍👧‍👦", "🇩🇪", "e\u0301", "👍🏽"
    fits = (family + flag + accented + thumb + "한") * 50 + "नि" * 50
    for text, length in ((fits, 300), (fits + "x", 301)):
        prepared = await desk.prepared(PartContent(text))
        assert prepared.rendering.parts[0].length == length
        if length <= 300:
            await desk.platform.commit(prepared, 0, "key", ())
        else:
            with pytest.raises(Rejected, match="grapheme"):
                await desk.platform.commit(prepared, 0, "key", ())


async def test_an_expired_token_is_renewed(desk: Desk) -> None:
    expired = _expired(desk.access.secrets["access_jwt"])
    access = replace(desk.access, secrets={**desk.access.secrets, "access_jwt": expired})
    prepared = await desk.prepared(PartContent("x"))
    with pytest.raises(NeedsReconnect):
        await desk.platform.commit(replace(prepared, access=access), 0, "key", ())
    renewed = access_of(await desk.platform.check(access))
    assert renewed.secrets["access_jwt"] != expired
    await desk.platform.commit(replace(prepared, access=renewed), 0, "key", ())
    assert len(desk.pds.records(desk.owner)) == 1


async def test_an_ended_session_is_begun_anew_with_the_app_password(desk: Desk) -> None:
    await desk.platform.revoke(desk.access)
    await desk.platform.revoke(desk.access)
    login = await desk.platform.refresh(desk.access)
    assert login.secrets["refresh_jwt"] != desk.access.secrets["refresh_jwt"]


async def test_a_deleted_app_password_needs_a_person(desk: Desk) -> None:
    desk.pds.revoke_app_password(desk.owner, "desk")
    with pytest.raises(NeedsReconnect, match=r"no longer accepts the login of desk\d+\.test"):
        await desk.platform.refresh(desk.access)


async def test_a_wrong_password_and_an_unknown_handle_are_told_apart(desk: Desk) -> None:
    with pytest.raises(Invalid, match="it does not belong to this handle"):
        await desk.platform.start({"handle": desk.owner.handle, "app_password": "xxxx-xxxx-xxxx-xxxx"}, "", "")
    with pytest.raises(Invalid, match="nobody has it"):
        await desk.platform.start({"handle": "nobody.test", "app_password": "x"}, "", "")


async def test_a_deactivated_account_says_so(desk: Desk) -> None:
    prepared = await desk.prepared(PartContent("x"))
    desk.pds.deactivate(desk.owner)
    given = {"handle": desk.owner.handle, "app_password": desk.app_password}
    with pytest.raises(Invalid, match="nobody has it, or it is deactivated"):
        await desk.platform.start(given, "", "")
    with pytest.raises(NeedsReconnect, match=r"is deactivated\. Reactivate it"):
        await desk.platform.start({**given, "server": desk.pds.url}, "", "")
    with pytest.raises(NeedsReconnect, match="is deactivated"):
        await desk.platform.commit(prepared, 0, "key", ())


def _expired(token: str) -> str:
    """The same token, of an hour ago, signed with the server's own secret."""
    head, claims, _ = token.split(".")
    told = json.loads(base64.urlsafe_b64decode(claims + "=" * (-len(claims) % 4)))
    past = {**told, "exp": told["iat"] - int(timedelta(hours=1).total_seconds())}
    signed = f"{head}.{_packed(json.dumps(past).encode())}"
    return f"{signed}.{_packed(hmac.digest(TOKEN_SECRET.encode(), signed.encode(), 'sha256'))}"


def _packed(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).decode().rstrip("=")
