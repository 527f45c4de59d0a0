"""Our requests, as X's published description of its API has them, in the spelling of 2026."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from content.platform import Json, PartContent
from integrations.http import Http
from tests.fakes.clock import FakeClock
from tests.integrations.test_x import Desk, film, image
from tests.servers.running import serving
from tests.servers.x import Seen, XServer

SCHEMA = Path(__file__).resolve().parents[3] / "shared" / "data" / "specs" / "x-openapi.json"
TYPES: dict[str, Any] = {"object": dict, "array": list, "string": (str, bytes), "boolean": bool, "integer": int}
here = pytest.mark.skipif(not SCHEMA.exists(), reason="the OpenAPI description of X is not on this machine")


class Description:
    """Checks requests by the part of JSON Schema that the description uses."""

    def __init__(self, described: Json) -> None:
        self._paths = described["paths"]
        self._components = described["components"]

    def violations(self, seen: Seen) -> list[str]:
        operation = self._operation(seen)
        if operation is None:
            return [f"{seen.method} {seen.path} is unknown"]
        wrong = self._wrong_query(seen.query, operation)
        if body := operation.get("requestBody"):
            kind = seen.headers["content-type"].partition(";")[0]
            if kind not in body["content"]:
                return [*wrong, f"{kind} is not taken"]
            wrong += self._wrong(self._typed(seen.body, kind), body["content"][kind]["schema"])
        return wrong

    def _typed(self, body: Json, kind: str) -> Json:
        """A form's fields as what they mean: numbers travel as digits there."""
        if kind == "application/json":
            return body
        return {name: int(one) if name == "segment_index" else one for name, one in body.items()}

    def _operation(self, seen: Seen) -> Json | None:
        for path, item in sorted(self._paths.items(), key=lambda one: "{" in one[0]):
            if re.fullmatch(re.sub(r"\{[^}]+\}", "[^/]+", path), seen.path) and seen.method.lower() in item:
                found: Json = item[seen.method.lower()]
                return found
        return None

    def _wrong_query(self, query: Json, operation: Json) -> list[str]:
        given = [self._whole(one) for one in operation.get("parameters", [])]
        known = {one["name"]: self._whole(one["schema"]) for one in given if one["in"] == "query"}
        wrong = [f"{name} is an unknown parameter" for name in query if name not in known]
        for name, value in query.items():
            schema = known.get(name, {})
            items = self._whole(schema.get("items", {})).get("enum")
            if items:
                wrong += [f"{one} is none of {name}" for one in value.split(",") if one not in items]
            if schema.get("type") == "integer" and not schema["minimum"] <= int(value) <= schema["maximum"]:
                wrong.append(f"{name} is out of range")
        return wrong

    def _wrong(self, value: Any, schema: Json) -> list[str]:
        schema = self._whole(schema)
        for several in ("oneOf", "anyOf"):
            if several in schema:
                return min((self._wrong(value, one) for one in schema[several]), key=len)
        if "enum" in schema and value not in schema["enum"]:
            return [f"{value} is none of {schema['enum']}"]
        if "type" in schema and not isinstance(value, TYPES[schema["type"]]):
            return [f"{value!r} is no {schema['type']}"]
        if isinstance(value, list):
            return [wrong for item in value for wrong in self._wrong(item, schema["items"])]
        return self._wrong_members(value, schema) if isinstance(value, dict) else self._wrong_text(value, schema)

    def _wrong_text(self, value: Any, schema: Json) -> list[str]:
        pattern = schema.get("pattern")
        return [f"{value!r} is not like {pattern}"] if pattern and not re.search(pattern, str(value)) else []

    def _wrong_members(self, value: Json, schema: Json) -> list[str]:
        wrong = [f"{name} is missing" for name in schema.get("required", []) if name not in value]
        for name, item in value.items():
            known = schema.get("properties", {}).get(name)
            wrong += [f"{name} is unknown"] if known is None else self._wrong(item, known)
        return wrong

    def _whole(self, schema: Json) -> Json:
        """The schema that is referred to."""
        if "$ref" not in schema:
            return schema
        _, _, kind, name = schema["$ref"].split("/")
        return self._whole(self._components[kind][name])


async def use_everything(desk: Desk) -> None:
    """Every request there is, once."""
    since = desk.clock.now()
    prepared, done = await desk.posted(
        PartContent("One", (image(), image(alt="Two boats"))), PartContent("Two", video=film()), PartContent("Three")
    )
    await desk.platform.find(prepared, 2, "key", since, done[:2])
    await desk.platform.numbers(done, prepared.access)
    await desk.platform.followers(prepared.access)
    await desk.platform.remove(done[2], prepared.access)


@here
async def test_every_request_is_as_the_api_description_says() -> None:
    description, clock = Description(json.loads(SCHEMA.read_text())), FakeClock()
    server = XServer(clock)
    server.processing = 1
    http = Http(clock=clock, allowed_private_hosts=["127.0.0.1"])
    async with serving(server.app) as server.url:
        await use_everything(Desk(server, http, clock, given={"fields": "post"}))
    found = {
        f"{seen.method} {re.sub('[0-9]{3,}', 'ID', seen.path)}": description.violations(seen) for seen in server.seen
    }
    assert set(found) == {
        "GET /2/users/me",
        "POST /2/media/upload",
        "GET /2/media/upload",
        "POST /2/media/upload/initialize",
        "POST /2/media/upload/ID/append",
        "POST /2/media/upload/ID/finalize",
        "POST /2/media/metadata",
        "POST /2/tweets",
        "GET /2/users/ID/tweets",
        "GET /2/tweets",
        "DELETE /2/tweets/ID",
    }
    assert [wrong for wrongs in found.values() for wrong in wrongs] == []
    assert [wrong for seen in server.seen for wrong in description.violations(seen)] == []


@here
def test_a_request_that_differs_would_be_noticed() -> None:
    description = Description(json.loads(SCHEMA.read_text()))
    json_headers = {"content-type": "application/json"}

    def wrong(method: str, path: str, query: dict[str, str], body: Any) -> list[str]:
        return description.violations(Seen(method, path, query, body, json_headers))

    assert wrong("POST", "/2/tweets", {}, {"text": "a", "status": "b"}) == ["status is unknown"]
    assert wrong("POST", "/2/tweets", {}, {"text": 5}) == ["5 is no string"]
    assert wrong("POST", "/2/tweets", {}, {"text": "a", "media": {"media_ids": ["x"]}}) != []
    assert wrong("GET", "/2/tweets", {"tweet.fields": "text"}, {}) == ["tweet.fields is an unknown parameter"]
    assert wrong("GET", "/2/tweets", {"post.fields": "likes"}, {}) == ["likes is none of post.fields"]
    assert wrong("GET", "/2/users/5/tweets", {"max_results": "500"}, {}) == ["max_results is out of range"]
    assert wrong("POST", "/2/nothing", {}, {}) == ["POST /2/nothing is unknown"]
