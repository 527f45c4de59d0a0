"""What a model means that was asked to answer `{"calls": […], "say": …}`: read whole, or while it is still being written."""

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

MOST_CALLS = 8
"""More tool calls than this in one reply is a model that repeats itself."""

UNREADABLE = (
    "The model's answer could not be read: it broke off or is not in the form asked for. "
    "Please say it again, or ask for less at once."
)
EMPTY = "The model gave an empty answer. Please say it again in other words."

_STRUCTURED = re.compile(r"\s*(?:`{1,3}\w*\s*)?(?:\{|\[\s*\{|\[?\s*$)")
_SAY = re.compile(r'"say"\s*:\s*"((?:[^"\\]|\\.)*)', re.DOTALL)
_HALF_ESCAPE = re.compile(r"\\u[0-9a-fA-F]{0,3}$")
_DECODER = json.JSONDecoder(strict=False)


@dataclass(frozen=True)
class Call:
    """One tool the model wants called."""

    tool: str
    arguments: dict[str, Any]


@dataclass(frozen=True)
class Heard:
    """What one reply says to the person, and what it wants called."""

    say: str
    calls: Sequence[Call] = ()


def read_reply(text: str) -> Heard:
    """The meaning of a whole reply, however it is wrapped.

    Understood are `{"calls": […], "say": …}`, a single `{"tool": …, "arguments": …}`, a list of those, each also inside a Markdown
    fence or after some words, and plain prose, which is taken as said. A reply that broke off calls nothing: what it had said
    so far is kept, or a sentence for a person takes its place.
    """
    bare = text.strip()
    if not bare:
        return Heard(EMPTY)
    found = _decoded(bare)
    if found is None:
        return Heard(_begun_say(bare) or UNREADABLE) if _STRUCTURED.match(bare) else Heard(bare)
    calls = tuple(_calls(found))[:MOST_CALLS]
    say = found.get("say") if isinstance(found, dict) else ""
    said = say.strip() if isinstance(say, str) else ""
    return Heard(said or ("" if calls else EMPTY), calls)


def _decoded(text: str) -> Any:
    """The first JSON value that is a reply; None where there is none, or where one before it is broken."""
    for opening in re.finditer(r"[{\[]", text):
        try:
            found, _ = _DECODER.raw_decode(text, opening.start())
        except (ValueError, RecursionError):
            return None
        if _is_reply(found):
            return found
    return None


def _is_reply(found: object) -> bool:
    if isinstance(found, list):
        return bool(found) and all(isinstance(one, dict) and "tool" in one for one in found)
    return isinstance(found, dict) and bool({"say", "calls", "tool"} & found.keys())


def _calls(found: Any) -> Iterator[Call]:
    if isinstance(found, dict):
        listed = found.get("calls")
        found = listed if isinstance(listed, list) else [found]
    for one in found:
        name = one.get("tool") if isinstance(one, dict) else None
        if isinstance(name, str) and name:
            yield Call(name, _arguments(one.get("arguments")))


def _arguments(given: object) -> dict[str, Any]:
    """Arguments as an object; some models write one as a string. Anything else becomes none: the tool says what it misses."""
    if isinstance(given, str):
        try:
            given = json.loads(given)
        except ValueError:
            return {}
    return given if isinstance(given, dict) else {}


def _begun_say(text: str) -> str:
    """The text for the person in a reply that is not whole, as far as it goes."""
    begun = _SAY.search(text)
    if begun is None:
        return ""
    try:
        said: str = json.loads(f'"{_HALF_ESCAPE.sub("", begun[1])}"', strict=False)
    except ValueError:
        return ""
    if said and "\ud800" <= said[-1] <= "\udbff":
        said = said[:-1]  # the first half of a letter that JSON writes as two escapes
    return said.strip()


class Hearing:
    """A reply while it is being written: what may already be shown, and once it is whole, all it means."""

    def __init__(self) -> None:
        self._text = ""
        self._shown = ""

    def more(self, text: str) -> str:
        """The words for the person that this piece of the reply adds; often none."""
        self._text += text
        return self._new(self._so_far())

    def rest(self) -> Heard:
        """What the whole reply means, with only those words in `say` that were not shown yet."""
        heard = read_reply(self._text)
        return Heard(self._new(heard.say), heard.calls)

    def _so_far(self) -> str:
        if _STRUCTURED.match(self._text):
            return _begun_say(self._text)
        return self._text.partition("{")[0].strip()

    def _new(self, so_far: str) -> str:
        if not so_far.startswith(self._shown):
            return ""
        new = so_far[len(self._shown) :]
        self._shown = so_far
        return new
