"""Our requests, as the published description of Mastodon's API has them."""

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest

from content.platform import Access, Content, Image, Json, PartContent
from integrations.http import Http
from integrations.mastodon import Mastodon
from tests.fakes.clock import FakeClock
from tests.servers.mastodon import MastodonServer, Seen
from tests.servers.running import serving

CALLBACK = "https://desk.example.org/connect/return"
PICTURE = b"not really a picture"
IMAGE = Image("media_1", hashlib.sha256(PICTURE).hexdigest(), "image/png", len(PICTURE), 8, 8, alt="A boat")
SCHEMA = Path(__file__).resolve().parents[3] / "shared" / "data" / "specs" / "mastodon-openapi.json"
TYPES: dict[str, Any] = {"object": dict, "array": list, "string": (str, bytes), "boolean": bool, "integer": int}


class Description:
    """Checks requests by the part of JSON Schema that the description uses."""

    def __init__(self, described: Json) -> None:
        self._paths = described["paths"]
        self._schemas = described["components"]["schemas"]

    def violations(self, seen: Seen) -> list[str]:
        [content] = self._paths[seen.path]["post"]["requestBody"]["content"].values()
        body = dict(seen.body)
        if seen.path == "/api/v1/apps":  # one address may be given as a text, and older servers take nothing else
            body["redirect_uris"] = [body["redirect_uris"]]
        return self._wrong(body, content["schema"])

    def _wrong(self, value: Any, schema: Json) -> list[str]:
        schema = self._whole(schema)
        if "oneOf" in schema:
            return min((self._wrong(value, one) for one in schema["oneOf"]), key=len)
        if "enum" in schema:
            return [] if value in schema["enum"] else [f"{value} is none of {schema['enum']}"]
        if not isinstance(value, TYPES[schema["type"]]):
            return [f"{value!r} is no {schema['type']}"]
        if isinstance(value, list):
            return [wrong for item in value for wrong in self._wrong(item, schema["items"])]
        return self._wrong_members(value, schema) if isinstance(value, dict) else []

    def _wrong_members(self, value: Json, schema: Json) -> list[str]:
        wrong = [f"{name} is missing" for name in schema.get("required", []) if name not in value]
        for name, item in value.items():
            known = schema["properties"].get(name)
            wrong += [f"{name} is unknown"] if known is None else self._wrong(item, known)
        return wrong

    def _whole(self, schema: Json) -> Json:
        """The schema with what it refers to and what it is put together from."""
        if "$ref" in schema:
            return self._whole(self._schemas[schema["$ref"].rpartition("/")[2]])
        parts = [self._whole(part) for part in schema.get("allOf", [])]
        if not parts:
            return schema
        properties = {name: known for part in parts for name, known in part["properties"].items()}
        required = [name for part in parts for name in part.get("required", [])]
        return {"type": "object", "properties": properties, "required": required}


class Pictures:
    async def read(self, media_id: str) -> bytes:
        return PICTURE

    async def read_range(self, media_id: str, start: int, end: int) -> bytes:
        return (await self.read(media_id))[start:end]


async def use_everything(server: MastodonServer, http: Http, clock: FakeClock) -> None:
    """Every request that changes something, once."""
    platform = Mastodon(http, clock)
    asked = await platform.start({"server": server.url}, CALLBACK, "state")
    [connected] = await platform.finish(asked.keep, await server.walk(asked.url), CALLBACK)
    who, secrets = connected.identity, connected.login.secrets
    access = Access("acc_1", platform.spec.name, who.remote_id, who.handle, server.url, connected.facts, secrets)
    content = Content((PartContent("One", (IMAGE,)), PartContent("Two")), {"language": "de"})
    prepared = await platform.prepare(platform.render(content, access), access, Pictures(), {})
    first = await platform.commit(prepared, 0, "a", [])
    await platform.commit(prepared, 1, "b", [first])
    await platform.revoke(access)


@pytest.mark.skipif(not SCHEMA.exists(), reason="the OpenAPI description of Mastodon is not on this machine")
async def test_every_request_is_as_the_api_description_says() -> None:
    description, clock = Description(json.loads(SCHEMA.read_text())), FakeClock()
    server, http = MastodonServer(clock), Http(clock=clock, allowed_private_hosts=["127.0.0.1"])
    async with serving(server.app) as server.url:
        await use_everything(server, http, clock)
    posted = [seen for seen in server.seen if seen.method == "POST"]
    assert {seen.path: description.violations(seen) for seen in posted} == {
        "/api/v1/apps": [],
        "/oauth/token": [],
        "/api/v2/media": [],
        "/api/v1/statuses": [],
        "/oauth/revoke": [],
    }


@pytest.mark.skipif(not SCHEMA.exists(), reason="the OpenAPI description of Mastodon is not on this machine")
def test_a_request_that_differs_would_be_noticed() -> None:
    description = Description(json.loads(SCHEMA.read_text()))
    wrong = {"status": 3, "visibility": "secret", "colour": "red", "media_ids": "1"}
    assert len(description.violations(Seen("POST", "/api/v1/statuses", wrong, {}))) == 4
    assert description.violations(Seen("POST", "/oauth/revoke", {"client_id": "a", "client_secret": "b"}, {})) == [
        "token is missing"
    ]
