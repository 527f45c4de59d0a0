"""What Slack delivers: what of it is kept, and what it means. Pure; the request's signature was checked before."""

import hashlib
import html
import json
import re
from collections.abc import Callable, Mapping
from typing import Any

from bot.commands import COMMANDS, command_of
from bot.native import (
    Arrived,
    Arriving,
    Gone,
    Happening,
    Heard,
    Opened,
    Picture,
    Pressed,
    Sender,
    StopWanted,
)
from bot.slack.blocks import FORM as FORM_BUTTON
from bot.slack.commanding import COMMAND
from bot.slack.places import At, Ref, microseconds, person
from bot.slack.views import FORM, IDEA, values

Body = Mapping[str, Any]

EVENTS = (
    "agent_session_stopped",
    "app_home_opened",
    "app_mention",
    "app_uninstalled",
    "member_joined_channel",
    "message.channels",
    "message.groups",
    "message.im",
    "tokens_revoked",
)
"""What the app subscribes to."""
NEW_IDEA, IDEA_FROM_MESSAGE = "idea.new", "idea.from_message"
SHORTCUTS = (NEW_IDEA, IDEA_FROM_MESSAGE)
_SPOKEN = (None, "", "file_share", "thread_broadcast")
"""Subtypes of messages that somebody said."""
_LONGEST_ID = 190

# what is kept


def arriving(body: Body) -> Arriving | None:
    """What of a request goes into the inbox; None: nothing in it is for us."""
    if body.get("type") == "event_callback":
        return _event(body)
    if body.get("type") == "block_actions":
        return _action(body)
    if body.get("type") == "view_submission":
        return _submission(body)
    return _command(body) if body.get("command") == COMMAND else None


def _event(body: Body) -> Arriving | None:
    event = body["event"]
    kind, team = event.get("type", ""), team_of(body)
    bot = next((one["user_id"] for one in body.get("authorizations") or () if one.get("is_bot")), "")
    if kind not in _EVENT_MEANINGS or (kind in ("message", "app_mention") and not _for_us(event, bot)):
        return None
    theirs = _user_team(body, team)
    payload = {"kind": "event", "team": team, "user_team": theirs, "bot": bot, "event": _without_blocks(event)}
    channel, ts = str(event.get("channel", "")), str(event.get("ts") or event.get("event_ts") or "0")
    spoken = kind in ("message", "app_mention")
    # a mention comes as two events; where the bot's own id is told, both mean the same, and one is enough
    twin = f"{team}:{channel}:{ts}" if spoken and bot else ""
    lane = (
        str(At(team, channel, event.get("thread_ts") or ts)) if spoken else f"{team}/{channel or event.get('user', '')}"
    )
    return Arriving(_id(str(body["event_id"])), _id(f"slack:{lane}"), microseconds(ts), payload, twin)


def _for_us(event: Body, bot: str) -> bool:
    """Whether a person may have said it to us: in private, by mention, or in a thread that we may take part in."""
    if event.get("subtype") not in _SPOKEN or event.get("bot_id") or not event.get("user") or event["user"] == bot:
        return False
    mentioned = event["type"] == "app_mention" or (bool(bot) and f"<@{bot}>" in event.get("text", ""))
    return mentioned or event.get("channel_type") == "im" or bool(event.get("thread_ts"))


def _without_blocks(event: Body) -> dict[str, Any]:
    """A message without its second telling as blocks, which nothing reads."""
    return {name: value for name, value in event.items() if name not in ("blocks", "attachments", "view")}


def _action(body: Body) -> Arriving | None:
    [action, *_] = body["actions"]
    if not action.get("value"):
        return None  # a link button: the browser has gone there already
    container = body.get("container", {})
    payload = {
        "kind": "action",
        "team": team_of(body),
        "user_team": _user_team(body, team_of(body)),
        "user": body["user"],
        "channel": (body.get("channel") or {}).get("id") or container.get("channel_id", ""),
        "ts": container.get("message_ts", ""),
        "thread": container.get("thread_ts", ""),
        "key": action["value"],
        "form": str(action.get("action_id", "")).startswith(FORM_BUTTON),
        "event_id": event_id_of(body),
    }
    lane = f"slack:{payload['team']}/{payload['channel']}/{payload['ts']}/{body['user']['id']}"
    return Arriving(event_id_of(body), _id(lane), microseconds(str(action.get("action_ts", "0"))), payload)


def _submission(body: Body) -> Arriving | None:
    view = body["view"]
    if view.get("callback_id") not in (FORM, IDEA):
        return None
    payload = {
        "kind": "view",
        "team": team_of(body),
        "user_team": _user_team(body, team_of(body)),
        "user": body["user"],
        "view": view["id"],
        "callback_id": view["callback_id"],
        "metadata": view.get("private_metadata", ""),
        "values": values(view.get("state") or {}),
        "event_id": event_id_of(body),
    }
    return Arriving(event_id_of(body), _id(f"slack:{payload['team']}/{body['user']['id']}/view"), 0, payload)


def _command(body: Body) -> Arriving:
    payload = {
        "kind": "command",
        "team": team_of(body),
        "user": {"id": body["user_id"], "name": body.get("user_name", "")},
        "text": body.get("text", ""),
    }
    return Arriving(event_id_of(body), _id(f"slack:{payload['team']}/{body['user_id']}"), 0, payload)


def event_id_of(body: Body) -> str:
    """What makes a press, a form or a command the same when it is delivered again."""
    said = body.get("trigger_id") or body.get("view", {}).get("hash") or json.dumps(body, sort_keys=True, default=str)
    return _id(f"{body.get('type') or 'command'}:{said}")


def external_id_of(event_id: str) -> str:
    """The dialog that a press opens, by the press."""
    return f"form-{hashlib.sha256(event_id.encode()).hexdigest()[:32]}"


def _id(words: str) -> str:
    return words if len(words) <= _LONGEST_ID else f"sha256:{hashlib.sha256(words.encode()).hexdigest()}"[:_LONGEST_ID]


def team_of(body: Body) -> str:
    """The team in which the desk was installed and it happened; its token counts there."""
    team = body.get("team") or {}
    return str(body.get("team_id") or team.get("id") or _user_team(body, ""))


def _user_team(body: Body, otherwise: str) -> str:
    """A person's own team, which is another one in shared channels and in a grid."""
    event, user = body.get("event", {}), body.get("user")
    own = user.get("team_id") if isinstance(user, Mapping) else event.get("user_team") or event.get("team")
    return str(own or otherwise)


# what it means


def meaning(payload: Body) -> Happening | None:
    """What something that was kept means; None: nothing to us."""
    match payload["kind"]:
        case "event":
            return _EVENT_MEANINGS[payload["event"]["type"]](payload)
        case "action":
            return _pressed(payload)
        case "view":
            return _filled_in(payload)
        case "command":
            return _commanded(payload)
    return None


def _sender(payload: Body, user: Any) -> Sender:
    one = user if isinstance(user, Mapping) else {"id": user}
    name = one.get("name") or one.get("username") or one["id"]
    own = payload.get("user_team") or payload["team"]
    return Sender(person(own, one["id"]), str(name), payload["team"])


def _heard(payload: Body) -> Heard:
    event, team, bot = payload["event"], payload["team"], payload["bot"]
    channel, ts = event["channel"], event["ts"]
    thread = event.get("thread_ts") or ""
    place = At(team, channel, thread or ts)
    text = event.get("text", "")
    mentioned = event["type"] == "app_mention" or (bool(bot) and f"<@{bot}>" in text)
    return Heard(
        sender=_sender(payload, event["user"]),
        address=str(place),
        private=place.private,
        addressed=place.private or mentioned,
        text=words_of(text, bot),
        pictures=tuple(_picture(team, one) for one in event.get("files", ()) if _is_picture(one)),
        reply_ref=str(Ref(team, channel, thread)) if thread and thread != ts else "",
        ref=str(Ref(team, channel, ts)),
        mentions=tuple(_sender(payload, one) for one in re.findall(r"<@(\w+)(?:\|[^>]*)?>", text) if one != bot),
    )


def _is_picture(file: Body) -> bool:
    return str(file.get("mimetype", "")).startswith(("image/", "video/"))


def _picture(team: str, file: Body) -> Picture:
    return Picture(str(file.get("name") or "picture"), f"{team}:{file['id']}")


def words_of(text: str, bot: str = "") -> str:
    """Slack's markup as plain words, without the mention of the desk."""
    text = re.sub(rf"<@{re.escape(bot)}(?:\|[^>]*)?>[ ,:]*", "", text) if bot else text
    text = re.sub(r"<([@#!])([^>|]+)(?:\|([^>]*))?>", _named, text)
    text = re.sub(r"<([^>|]+)(?:\|([^>]*))?>", _linked, text)
    return html.unescape(text).strip()


def _named(found: re.Match[str]) -> str:
    mark = "@" if found[1] == "!" else found[1]
    return f"{mark}{found[3] or found[2].removeprefix('subteam^')}".replace("##", "#").replace("@@", "@")


def _linked(found: re.Match[str]) -> str:
    address, label = found[1].removeprefix("mailto:"), found[2]
    return address if not label or label in address else f"{label} ({address})"


def _opened(payload: Body) -> Opened:
    event = payload["event"]
    page = "messages" if event.get("tab") == "messages" else "home"
    address = str(At(payload["team"], event["channel"])) if event.get("channel") else ""
    return Opened(_sender(payload, event["user"]), page, address)


def _stopped(payload: Body) -> StopWanted:
    event = payload["event"]
    return StopWanted(
        _sender(payload, event["user"]), str(At(payload["team"], event["channel"], event.get("thread_ts", "")))
    )


def _joined(payload: Body) -> Arrived | None:
    event = payload["event"]
    if event.get("user") != payload["bot"] or not event.get("inviter"):
        return None  # somebody else came in, or nobody is told who let us in
    return Arrived(_sender(payload, event["inviter"]), str(At(payload["team"], event["channel"])), "")


def _uninstalled(payload: Body) -> Gone:
    return Gone(home=payload["team"])


def _revoked(payload: Body) -> Gone | None:
    """Only the bot's own token ends it; a member's was never asked for."""
    return Gone(home=payload["team"]) if payload["event"].get("tokens", {}).get("bot") else None


_EVENT_MEANINGS: Mapping[str, Callable[[Body], Happening | None]] = {
    "message": _heard,
    "app_mention": _heard,
    "app_home_opened": _opened,
    "agent_session_stopped": _stopped,
    "member_joined_channel": _joined,
    "app_uninstalled": _uninstalled,
    "tokens_revoked": _revoked,
}


def _pressed(payload: Body) -> Pressed:
    team, user, channel = payload["team"], payload["user"]["id"], payload["channel"]
    if not channel or (channel.startswith("D") and not payload["thread"]):
        place = At(team, f"@{user}")
    else:
        place = At(team, channel, payload["thread"])
    handle = {"event_id": payload["event_id"], "channel": channel, "thread": payload["thread"]}
    if payload["form"]:
        handle["external_id"] = external_id_of(payload["event_id"])
    return Pressed(
        sender=_sender(payload, payload["user"]),
        address=str(place),
        private=place.private,
        key=payload["key"],
        ref=str(Ref(team, channel, payload["ts"])) if channel and payload["ts"] else "",
        handle=handle,
    )


def _filled_in(payload: Body) -> Happening:
    sender = _sender(payload, payload["user"])
    home = str(At(payload["team"], f"@{payload['user']['id']}"))
    if payload["callback_id"] == IDEA:
        return Heard(sender, home, True, True, f"Draft a post: {payload['values'].get(IDEA, '')}")
    known = json.loads(payload["metadata"])
    return Pressed(
        sender=sender,
        address=known["address"],
        private=known["private"],
        key=known["key"],
        ref=known["ref"],
        form=payload["values"],
        handle={"event_id": payload["event_id"], "view_id": payload["view"]},
    )


def _commanded(payload: Body) -> Heard:
    sender = _sender(payload, payload["user"])
    text = words_of(payload["text"]) or "/help"
    ours = text.partition(" ")[0].casefold() in COMMANDS
    said = f"/{text}" if ours and command_of(f"/{text}") else text
    return Heard(sender, str(At(payload["team"], f"@{payload['user']['id']}")), True, True, said)
