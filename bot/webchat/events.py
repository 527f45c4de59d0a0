"""What an open page is told, one server-sent event each."""

import json
from dataclasses import dataclass

from bot.chat import Progress
from bot.webchat.html import Drawn, message_html, progress_html


@dataclass(frozen=True)
class ServerEvent:
    """One event; without a name it is a heartbeat, which only keeps the connection awake."""

    event: str = ""
    id: str = ""
    """Where to go on after a lost connection: the conversation's count of changes; empty for what is not kept."""
    data: str = ""
    """JSON on one line."""


def message_event(drawn: Drawn) -> ServerEvent:
    """A message that is new or changed: its `ref`, `position` and `html`."""
    message = drawn.message
    told = {"ref": message.id, "position": message.position, "html": message_html(drawn)}
    return ServerEvent("message", str(message.changed), json.dumps(told))


def progress_event(progress: Progress | None) -> ServerEvent:
    """How far the turn is: `html` and, for those who listen, `now`; both empty when it is over."""
    doing = next((step.words for step in (progress.steps if progress else ()) if not step.done), "")
    html = progress_html(progress) if progress else ""
    return ServerEvent("progress", "", json.dumps({"html": html, "now": doing}))


def heartbeat() -> ServerEvent:
    """Still here."""
    return ServerEvent()
