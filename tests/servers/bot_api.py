"""The machine-readable Bot API, where it lies beside the project: holds requests and answers against it.

The file is that of github PaulSonOfLars/telegram-bot-api-spec (`api.json`); it is read by path and no part of the project.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

WHERE = Path(__file__).parents[3] / "shared" / "data" / "specs" / "telegram-bot-api.json"
MISSING = f"the machine-readable Bot API is not at {WHERE}: github PaulSonOfLars/telegram-bot-api-spec, api.json"
_PLAIN: Mapping[str, tuple[type, ...]] = {
    "Integer": (int,),
    "String": (str,),
    "Boolean": (bool,),
    "Float": (int, float),
    "True": (bool,),
}


class BotApi:
    """The published Bot API."""

    def __init__(self, path: Path = WHERE) -> None:
        spec = json.loads(path.read_text())
        self._methods: Mapping[str, Any] = spec["methods"]
        self._types: Mapping[str, Any] = spec["types"]

    def request_problems(self, method: str, given: Mapping[str, Any]) -> list[str]:
        """What the Bot API would not understand of a request."""
        if method not in self._methods:
            return [f"there is no method {method}"]
        return list(self._of_fields(method, self._methods[method].get("fields", ()), given))

    def answer_problems(self, method: str, answer: Any) -> list[str]:
        """What a client would not understand of an answer."""
        return list(self._of_value(f"{method}'s answer", self._methods[method]["returns"], answer))

    def update_problems(self, update: Mapping[str, Any]) -> list[str]:
        """What a client would not understand of an update."""
        return list(self._of_value("update", ["Update"], update))

    def _of_fields(self, where: str, fields: Sequence[Any], given: Mapping[str, Any]) -> Iterator[str]:
        known = {one["name"]: one for one in fields}
        yield from (f"{where} has no {name}" for name in given if name not in known)
        for name, one in known.items():
            if name in given:
                yield from self._of_value(f"{where}.{name}", one["types"], given[name])
            elif one["required"]:
                yield f"{where} lacks {name}"

    def _of_value(self, where: str, types: Sequence[str], value: Any) -> Iterator[str]:
        tried = [list(self._as(where, one, value)) for one in types]
        if all(tried):
            yield min(tried, key=len)[0]

    def _as(self, where: str, kind: str, value: Any) -> Iterator[str]:
        if kind in _PLAIN:
            fits = isinstance(value, _PLAIN[kind]) and (kind in ("Boolean", "True") or not isinstance(value, bool))
            if not fits:
                yield f"{where} is no {kind}: {value!r}"
        elif kind == "InputFile":
            if not isinstance(value, bytes):
                yield f"{where} is no file"
        elif kind.startswith("Array of "):
            yield from self._as_array(where, kind.removeprefix("Array of "), value)
        else:
            yield from self._as_object(where, kind, value)

    def _as_array(self, where: str, kind: str, value: Any) -> Iterator[str]:
        if not isinstance(value, list):
            yield f"{where} is no list"
            return
        for number, one in enumerate(value):
            yield from self._of_value(f"{where}[{number}]", kind.replace(" and ", ", ").split(", "), one)

    def _as_object(self, where: str, kind: str, value: Any) -> Iterator[str]:
        told = self._types[kind]
        if told.get("subtypes"):
            yield from self._of_value(where, told["subtypes"], value)
        elif not isinstance(value, Mapping):
            yield f"{where} is no {kind}"
        else:
            yield from self._of_fields(f"{where} ({kind})", told.get("fields", ()), value)
