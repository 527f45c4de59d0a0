"""What Slack delivers, read: what is kept, what it means, and its markup as plain words."""

from typing import Any

import pytest

from bot.native import Gone, Heard, Opened, Pressed, StopWanted
from bot.slack.places import at, microseconds, ref_of
from bot.slack.reading import arriving, event_id_of, meaning, words_of
from content.errors import NotFound

BOT = "UBOT"


def event(kind: str, **more: Any) -> dict[str, Any]:
    told = {"type": kind, "user": "U1", "channel": "C1", "ts": "12.000034", "text": "hello", **more}
    authorizations = [{"team_id": "T1", "user_id": BOT, "is_bot": True}]
    return {
        "type": "event_callback",
        "event_id": "Ev1",
        "team_id": "T1",
        "event": told,
        "authorizations": authorizations,
    }


@pytest.mark.parametrize(
    "body",
    [
        event("message"),  # in a channel, to nobody
        event("message", subtype="message_changed", channel_type="im"),
        event("message", bot_id="B1", channel_type="im"),
        event("message", user=BOT, channel_type="im"),
        event("message", user="", channel_type="im"),
        event("reaction_added"),
        {"type": "view_closed"},
        {"command": "/other"},
        {"type": "block_actions", "actions": [{"action_id": "link", "value": ""}]},
        {"type": "view_submission", "view": {"callback_id": "another"}},
    ],
)
def test_what_is_not_for_us_is_not_kept(body: dict[str, Any]) -> None:
    assert arriving(body) is None


def test_a_message_is_kept_with_its_twin_its_lane_and_its_moment() -> None:
    found = arriving(event("message", thread_ts="10.0", text=f"<@{BOT}> hi", blocks=[{"type": "rich_text"}]))
    assert found is not None
    assert (found.event_id, found.twin, found.lane) == ("Ev1", "T1:C1:12.000034", "slack:T1/C1/10.0")
    assert found.number == 12_000_034
    assert "blocks" not in found.payload["event"]


def test_without_the_bots_id_a_mention_has_no_twin() -> None:
    body = event("app_mention")
    del body["authorizations"]
    found = arriving(body)
    assert found is not None
    assert found.twin == ""
    heard = meaning(found.payload)
    assert isinstance(heard, Heard)
    assert heard.addressed


def test_people_who_are_named_are_told_and_pictures_come_along() -> None:
    files = [{"id": "F1", "name": "a.png", "mimetype": "image/png"}, {"id": "F2", "mimetype": "text/plain"}]
    found = arriving(
        event("message", channel="D1", channel_type="im", text="<@U2|jo> and <@U3>", files=files, subtype="file_share")
    )
    assert found is not None
    heard = meaning(found.payload)
    assert isinstance(heard, Heard)
    assert [one.remote_id for one in heard.mentions] == ["T1:U2", "T1:U3"]
    assert [one.handle for one in heard.pictures] == ["T1:F1"]
    assert (heard.private, heard.address, heard.text) == (True, "T1/D1/12.000034", "@jo and @U3")


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (event("app_home_opened", tab="home"), Opened),
        (event("agent_session_stopped", thread_ts="1.0"), StopWanted),
        (event("app_uninstalled"), Gone),
        (event("tokens_revoked", tokens={"bot": ["U1"]}), Gone),
        (event("tokens_revoked", tokens={}), type(None)),
        (event("member_joined_channel", user=BOT), type(None)),
    ],
)
def test_other_events_mean_what_they_mean(body: dict[str, Any], kind: type) -> None:
    found = arriving(body)
    assert found is not None
    assert isinstance(meaning(found.payload), kind)


def test_something_of_a_kind_we_do_not_know_means_nothing() -> None:
    assert meaning({"kind": "other"}) is None


def test_who_acts_in_a_grid_belongs_to_their_own_team() -> None:
    body = {
        "type": "block_actions",
        "team": {"id": "TSHARED"},
        "user": {"id": "U1", "team_id": "TOWN"},
        "trigger_id": "1",
        "container": {"message_ts": "1.0", "channel_id": "C1"},
        "channel": {"id": "C1"},
        "actions": [{"action_id": "press:1", "value": "approve:post_1:1"}],
    }
    found = arriving(body)
    assert found is not None
    press = meaning(found.payload)
    assert isinstance(press, Pressed)
    assert (press.sender.remote_id, press.address) == ("TOWN:U1", "TSHARED/C1/")


def test_somebody_of_another_team_is_the_same_person_whether_they_write_or_press() -> None:
    found = arriving(event("message", channel="D1", channel_type="im", user_team="T2", team="T2"))
    assert found is not None
    heard = meaning(found.payload)
    assert isinstance(heard, Heard)
    assert (heard.sender.remote_id, heard.address) == ("T2:U1", "T1/D1/12.000034")


def test_an_event_without_an_id_of_its_own_is_named_by_what_it_says() -> None:
    long = {"type": "block_actions", "trigger_id": "x" * 500}
    assert event_id_of(long) == event_id_of(dict(long))
    assert len(event_id_of(long)) <= 190
    assert event_id_of({"command": "/copydesk", "text": "a"}) != event_id_of({"command": "/copydesk", "text": "b"})


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (f"<@{BOT}>, hi &amp; bye", "hi & bye"),
        (
            "see <https://a.example/x|a.example/x> and <https://b.example>",
            "see https://a.example/x and https://b.example",
        ),
        ("<https://a.example|our page>", "our page (https://a.example)"),
        ("<mailto:a@b.example|a@b.example>", "a@b.example"),
        ("<#C1|general> <!here> <!subteam^S1|@team>", "#general @here @team"),
        ("1 &lt; 2 &gt; 0", "1 < 2 > 0"),
    ],
)
def test_slacks_markup_becomes_plain_words(text: str, words: str) -> None:
    assert words_of(text, BOT) == words


def test_addresses_and_references_are_read_as_they_were_made() -> None:
    for address in ("T1/C1/1.0", "T1/@U1/", "T1/C1/"):
        assert str(at(address)) == address
    for ref in ("T1/C1:1.0", "T1/C1:file:F1"):
        assert str(ref_of(ref)) == ref
    assert microseconds("1.5") == 1_500_000
    with pytest.raises(NotFound):
        ref_of("T1:1.0")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("plans", "/plans"),
        ("Invite approver Jo", "/Invite approver Jo"),
        ("hold", "/hold"),
        ("hold now", "/hold now"),
        ("stop everything", "/stop everything"),
        ("stop the Monday plan", "/stop the Monday plan"),
        ("hold post 12", "hold post 12"),
        ("stop post 12", "stop post 12"),
        ("release post 12", "release post 12"),
        ("draft a post", "draft a post"),
        ("", "/help"),
    ],
)
def test_a_word_after_the_command_is_ours_unless_it_speaks_of_one_post(text: str, said: str) -> None:
    found = arriving({"command": "/copydesk", "text": text, "team_id": "T1", "user_id": "U1"})
    assert found is not None
    heard = meaning(found.payload)
    assert isinstance(heard, Heard)
    assert heard.text == said
