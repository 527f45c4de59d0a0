"""Both manifests are within Slack's published limits, agree with each other, and hold what the desk needs of Slack.

Not run live: no manifest was given to Slack. Limits: docs.slack.dev app manifest reference, node-slack-sdk `manifest.ts`.
"""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from app.settings import Settings
from bot.commands import COMMANDS
from bot.slack.commanding import COMMAND
from bot.slack.limits import MANIFEST
from bot.slack.reading import EVENTS, SHORTCUTS
from tests.servers import slack as server

DOCS = Path(__file__).parents[3] / "docs"
HTTP, SOCKET = "slack-manifest.json", "slack-manifest-socket.json"
NEEDED_BY = {
    "app_mention": {"app_mentions:read"},
    "message.im": {"im:history"},
    "message.channels": {"channels:history"},
    "message.groups": {"groups:history"},
    "member_joined_channel": {"channels:read", "groups:read"},
}
"""What an event is delivered for only with; the others need no scope."""
CALLED = {"assistant:write", "chat:write", "commands", "files:read", "files:write", "im:read", "im:write", "users:read"}
"""What the Web API methods need that the desk calls, and its command and shortcuts."""


def manifest(name: str) -> dict[str, Any]:
    held: dict[str, Any] = json.loads((DOCS / name).read_text())
    return held


@pytest.fixture(params=[HTTP, SOCKET])
def held(request: pytest.FixtureRequest) -> dict[str, Any]:
    return manifest(request.param)


def test_every_field_is_as_long_as_slack_takes_it(held: dict[str, Any]) -> None:
    about, features = held["display_information"], held["features"]
    assert len(about["name"]) <= MANIFEST["name"]
    assert len(about["description"]) <= MANIFEST["description"]
    assert MANIFEST["long_description_least"] <= len(about["long_description"]) <= MANIFEST["long_description"]
    assert re.fullmatch(r"#[0-9a-f]{6}", about["background_color"])
    assert len(features["agent_view"]["agent_description"]) <= MANIFEST["agent_description"]
    assert 1 <= len(features["agent_view"]["suggested_prompts"]) <= MANIFEST["suggested_prompts"]
    assert all(set(one) == {"title", "message"} for one in features["agent_view"]["suggested_prompts"])
    assert re.fullmatch(r"[a-z0-9_.-]{1,80}", features["bot_user"]["display_name"])
    [command] = features["slash_commands"]
    assert command["command"] == "/copydesk"
    assert len(command["description"]) <= MANIFEST["command_description"]
    assert len(command["usage_hint"]) <= MANIFEST["usage_hint"]
    for shortcut in features["shortcuts"]:
        assert len(shortcut["name"]) <= MANIFEST["shortcut_name"]
        assert len(shortcut["description"]) <= MANIFEST["shortcut_description"]


def test_the_desk_is_an_agent_whose_messages_may_be_written_to(held: dict[str, Any]) -> None:
    assert "assistant_view" not in held["features"], "the older kind of assistant; an app cannot be both"
    home = held["features"]["app_home"]
    assert home == {"home_tab_enabled": True, "messages_tab_enabled": True, "messages_tab_read_only_enabled": False}
    assert held["settings"]["interactivity"]["is_enabled"] is True


def test_names_in_a_command_arrive_as_ids(held: dict[str, Any]) -> None:
    assert held["features"]["slash_commands"][0]["should_escape"] is True


def test_no_right_is_asked_for_that_nothing_needs(held: dict[str, Any]) -> None:
    scopes = held["oauth_config"]["scopes"]
    events = held["settings"]["event_subscriptions"]["bot_events"]
    assert set(scopes) == {"bot"}, "it never acts as a person"
    needed = CALLED.union(*(NEEDED_BY.get(event, set()) for event in events))
    assert sorted(needed) == scopes["bot"]


def test_both_manifests_differ_in_their_way_in_only() -> None:
    http, socket = manifest(HTTP), manifest(SOCKET)
    assert http["settings"].pop("socket_mode_enabled") is False
    assert socket["settings"].pop("socket_mode_enabled") is True
    assert http["oauth_config"].pop("redirect_urls") == ["https://HOST/hooks/slack/oauth_redirect"]
    addresses = {
        http["features"]["slash_commands"][0].pop("url"),
        http["settings"]["event_subscriptions"].pop("request_url"),
        http["settings"]["interactivity"].pop("request_url"),
    }
    assert addresses == {"https://HOST/hooks/slack/events"}
    assert http == socket


def test_the_guide_names_every_setting_and_both_manifests() -> None:
    guide = (DOCS / "slack.md").read_text()
    settings = [f"COPYDESK_{name.upper()}" for name in Settings.model_fields if name.startswith("slack_")]
    assert len(settings) >= 6
    for words in (*settings, "COPYDESK_PUBLIC_URL", HTTP, SOCKET, "Not run live"):
        assert words in guide, f"docs/slack.md does not tell of {words}"


def test_the_guide_says_why_each_right_is_asked_for() -> None:
    guide = (DOCS / "slack.md").read_text().partition("## What it may do there")[2].partition("\n## ")[0]
    told = {
        scope for line in guide.splitlines() if line.startswith("| `") for scope in re.findall(r"`([a-z_:]+)`", line)
    }
    asked = set(manifest(HTTP)["oauth_config"]["scopes"]["bot"])
    assert asked <= told
    assert {scope for scope in told if ":" in scope} | {"commands"} == asked


def test_the_hint_and_the_guide_name_every_command(held: dict[str, Any]) -> None:
    hint = held["features"]["slash_commands"][0]["usage_hint"]
    guide = (DOCS / "slack.md").read_text()
    assert set(COMMANDS) <= {one.split()[0] for one in hint.split(" | ")}
    assert [name for name in COMMANDS if f"`{COMMAND} {name}" not in guide] == []
    assert server.COMMANDS == (COMMAND,), "our small Slack knows what is registered"


def test_what_the_code_hears_is_what_the_manifest_asks_for(held: dict[str, Any]) -> None:
    assert held["settings"]["event_subscriptions"]["bot_events"] == sorted(EVENTS)
    assert {one["callback_id"] for one in held["features"]["shortcuts"]} == set(SHORTCUTS)
    assert [one["command"] for one in held["features"]["slash_commands"]] == [COMMAND]
