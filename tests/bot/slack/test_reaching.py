"""What becomes of a message to Slack, whatever Slack does; pictures; progress; installation; the doctor."""

import asyncio
from datetime import timedelta
from io import BytesIO
from pathlib import Path

import httpx
import pytest
from PIL import Image

from bot.chat import Card, Chart, Progress, Series, Step
from bot.native import Outgoing, Piece, SendAnew, Sender
from bot.slack.installing import SCOPES
from bot.slack.places import Ref
from bot.slack.progress import Showing
from bot.slack.render import render
from content.errors import NotFound, OutcomeUnknown, RateLimited, Rejected, Unavailable
from content.models import Message as Row
from content.models import Role
from content.transcript import Line
from content.wording import Wording
from tests.bot.slack.conftest import OpensSlack
from tests.bot.slack.desk import ANN, SlackDesk
from tests.fakes.films import film
from tests.servers.slack import TEAM, direct

DM = direct(ANN)
ROOM = f"{TEAM}/C1/100.0"
POST = "POST /api/chat.postMessage"
UPDATE = "POST /api/chat.update"


def words(text: str = "one") -> Piece:
    [piece] = render(Outgoing("message_1", text))
    return piece


def png() -> bytes:
    out = BytesIO()
    Image.new("RGB", (3, 2), "red").save(out, "PNG")
    return out.getvalue()


@pytest.mark.parametrize(
    ("fault", "error", "arrived"),
    [
        ("drop", OutcomeUnknown, 0),
        ("drop_after", OutcomeUnknown, 1),
        ("status:503", OutcomeUnknown, 0),
        ("html", OutcomeUnknown, 0),
        ("cut_body", OutcomeUnknown, 1),
    ],
)
async def test_a_send_that_may_have_arrived_is_unknown(
    there: SlackDesk, fault: str, error: type[Exception], arrived: int
) -> None:
    there.server.faults.add(POST, fault)
    with pytest.raises(error):
        await there.slack.chat.send(ROOM, words(), "key:0")
    assert len(there.server.in_channel("C1")) == arrived


async def test_an_uncertain_send_is_looked_for_before_it_is_repeated(there: SlackDesk) -> None:
    there.server.faults.add(POST, "drop_after")
    with pytest.raises(OutcomeUnknown):
        await there.slack.chat.send(ROOM, words(), "key:0")
    [message] = there.server.in_channel("C1")
    assert await there.slack.chat.send(ROOM, words(), "maybe:key:0") == f"{TEAM}/C1:{message.ts}"
    await there.slack.chat.send(ROOM, words(), "maybe:other:0")
    assert len(there.server.in_channel("C1")) == 2
    top = await there.slack.chat.send(f"{TEAM}/C1/", words(), "top:0")
    assert await there.slack.chat.send(f"{TEAM}/C1/", words(), "maybe:top:0") == top


async def test_an_uncertain_send_is_found_in_a_long_thread_and_a_picture_by_its_name(there: SlackDesk) -> None:
    chat = there.slack.chat
    for number in range(40):
        there.server._add({"channel": "C1", "thread_ts": "100.0", "text": str(number)})
    ref = await chat.send(ROOM, words(), "key:0")
    assert await chat.send(ROOM, words(), "maybe:key:0") == ref
    media = await there.desk.services.media.add(there.desk.actor, "cat.png", png())
    piece = Piece({"kind": "file", "media_id": media.media_id, "title": "Picture 1", "alt": "A red cat."}, "d")
    ref = await chat.send(ROOM, piece, "key:1")
    assert await chat.send(ROOM, piece, "maybe:key:1") == ref
    assert await chat.send(ROOM, piece, "maybe:key:2") != ref


async def test_a_lost_answer_says_nothing_twice_through_the_whole_desk(there: SlackDesk) -> None:
    place = await there.talk.talking.whereabouts.place(there.desk.actor, "slack", ROOM, False)
    there.server.faults.add(POST, "drop_after")
    for text in ("one", "two"):
        await there.desk.transcript.add(place.conversation_id, Line(text))
    for _ in range(4):
        await there.run()
    assert [one.words for one in there.server.in_channel("C1")] == ["one", "two"]
    assert {row.carry.value for row in await there.desk.base.rows(Row)} == {"sent"}


async def test_slack_that_cannot_be_reached_is_waited_for(there: SlackDesk) -> None:
    there.slack.calls._api_url = "http://127.0.0.1:9/api/"
    with pytest.raises(Unavailable):
        await there.slack.chat.send(ROOM, words(), "key:0")


async def test_a_short_rest_is_waited_out_a_long_one_is_told(there: SlackDesk) -> None:
    there.server.faults.add(POST, "status:429", headers={"Retry-After": "1"})
    await there.slack.chat.send(ROOM, words(), "key:0")
    there.server.faults.add(POST, "status:429", headers={"Retry-After": "60"})
    with pytest.raises(RateLimited) as limited:
        await there.slack.chat.send(f"{TEAM}/C2/", words(), "key:0")
    assert limited.value.until >= there.desk.clock.now() + timedelta(seconds=59)


async def test_a_burst_in_one_channel_keeps_slacks_pace_and_loses_nothing(there: SlackDesk) -> None:
    loop = asyncio.get_running_loop()
    before = loop.time()
    await asyncio.gather(*(there.slack.chat.send(f"{TEAM}/C3/", words(str(n)), f"k:{n}") for n in range(5)))
    assert loop.time() - before > 1.5
    assert len(there.server.in_channel("C3")) == 5


@pytest.mark.parametrize(
    ("code", "error"),
    [
        ("channel_not_found", NotFound),
        ("token_revoked", NotFound),
        ("messages_tab_disabled", NotFound),
        ("restricted_action", NotFound),
        ("restricted_action_non_threadable_channel", NotFound),
        ("restricted_action_read_only_channel", NotFound),
        ("restricted_action_thread_locked", NotFound),
        ("restricted_action_thread_only_channel", NotFound),
        ("msg_too_long", Rejected),
        ("missing_scope", Rejected),
        ("fatal_error", OutcomeUnknown),
        ("ratelimited", RateLimited),
    ],
)
async def test_slacks_refusals_are_told_by_reaction(there: SlackDesk, code: str, error: type[Exception]) -> None:
    there.server.refuse["chat.postMessage"].extend([code] * 3)
    with pytest.raises(error) as told:
        await there.slack.chat.send(ROOM, words(), "key:0")
    assert str(told.value).endswith((".", "this.")) or ": " in str(told.value)


async def test_an_edit_that_slack_has_trouble_with_is_repeated_later(there: SlackDesk) -> None:
    ref = await there.slack.chat.send(ROOM, words(), "key:0")
    there.server.faults.add(UPDATE, "status:503")
    with pytest.raises(Unavailable):
        await there.slack.chat.edit(ref, words("two"))
    await there.slack.chat.edit(ref, words("two"))
    assert [one.words for one in there.server.in_channel("C1")] == ["two"]


async def test_a_message_that_is_gone_is_removed_without_a_word(there: SlackDesk) -> None:
    ref = await there.slack.chat.send(ROOM, words(), "key:0")
    await there.slack.chat.remove(ref)
    await there.slack.chat.remove(ref)
    with pytest.raises(NotFound):
        await there.slack.chat.edit(ref, words("two"))


@pytest.mark.parametrize(("code", "tries"), [("missing_scope", 2), ("restricted_action_read_only_channel", 1)])
async def test_news_that_a_room_does_not_take_is_told_in_private(there: SlackDesk, code: str, tries: int) -> None:
    there.talk.talking.natives.pop(there.talk.native.name)  # Ann is in no other chat
    place = await there.talk.talking.whereabouts.place(there.desk.actor, "slack", ROOM, False)
    there.server.refuse["chat.postMessage"].extend([code] * tries)
    await there.desk.transcript.add(place.conversation_id, Line("#1 may be out."))
    await there.run()
    assert there.server.in_channel("C1") == []
    [told] = there.server.in_channel(DM)
    assert "#1 may be out." in told.words


@pytest.mark.parametrize("address", ["", "nowhere", "T1/"])
async def test_an_address_that_is_none_is_not_found(there: SlackDesk, address: str) -> None:
    with pytest.raises(NotFound):
        await there.slack.chat.send(address, words(), "key:0")
    with pytest.raises(NotFound):
        await there.slack.chat.edit(address, words())


# pictures


async def test_a_card_with_a_picture_brings_it_after_the_card(there: SlackDesk) -> None:
    media = await there.desk.services.media.add(there.desk.actor, "cat.png", png())
    piece = Piece({"kind": "file", "media_id": media.media_id, "title": "Picture 1", "alt": "A red cat."}, "d")
    ref = await there.slack.chat.send(ROOM, piece, "key:0")
    [file] = there.server.files.values()
    assert (file["alt"], file["data"][:4]) == ("A red cat.", b"\x89PNG")
    with pytest.raises(SendAnew):
        await there.slack.chat.edit(ref, piece)
    with pytest.raises(SendAnew):
        await there.slack.chat.edit(ref, Piece({"kind": "file"}, "e"))
    await there.slack.chat.remove(ref)
    assert there.server.in_channel("C1") == []


async def test_a_file_whose_message_is_not_known_is_removed_by_itself(there: SlackDesk) -> None:
    there.server.files["F9"] = {"id": "F9"}
    await there.slack.chat.remove(f"{TEAM}/C1:file:F9")
    await there.slack.chat.remove(f"{TEAM}/C1:file:F9")
    assert there.server.files == {}


async def test_where_slack_takes_no_chart_a_picture_comes_in_its_place(there: SlackDesk) -> None:
    chart = Chart("Posts", "bar", ("a", "b"), (Series("Posts", (1, 2)),), "One and two posts.")
    pieces = render(Outgoing("message_1", "", Card("report:x", "How it went", chart=chart)))
    drawn = next(one for one in pieces if one.body.get("instead"))
    there.server.refuse["chat.postMessage"].append("invalid_blocks")
    ref = await there.slack.chat.send(ROOM, drawn, "key:0")
    [file] = there.server.files.values()
    assert file["data"][:4] == b"\x89PNG"
    assert ref.startswith(f"{TEAM}/C1:")
    native = await there.slack.chat.send(ROOM, drawn, "key:1")
    assert any(block["type"] == "data_visualization" for block in there.server.in_channel("C1")[-1].blocks)
    there.server.refuse["chat.update"].append("invalid_blocks")
    with pytest.raises((Rejected, SendAnew)):
        await there.slack.chat.edit(native, drawn)


async def test_a_picture_that_came_along_is_fetched_with_our_token_from_slack_only(
    there: SlackDesk, tmp_path: Path
) -> None:
    to = tmp_path / "file"
    there.server.files["F1"] = {"id": "F1", "data": png()}
    await there.slack.chat.fetch(f"{TEAM}:F1", to)
    assert to.read_bytes() == png()
    there.server.files["F1"]["url"] = "https://evil.example/cat.png"
    with pytest.raises(Rejected, match="outside Slack"):
        await there.slack.chat.fetch(f"{TEAM}:F1", to)
    with pytest.raises(NotFound):
        await there.slack.chat.fetch(f"{TEAM}:F2", to)


async def test_a_picture_is_used_in_a_draft(there: SlackDesk) -> None:
    there.server.files["F1"] = {"id": "F1", "data": png()}
    await there.says("Use this", files=[{"id": "F1", "name": "cat.png", "mimetype": "image/png"}])
    [row] = [row for row in await there.desk.base.rows(Row) if row.member_id]
    assert row.extra["images"][0]["name"] == "cat.png"


async def test_a_video_is_used_and_shown_by_its_first_picture(there: SlackDesk, tmp_path: Path) -> None:
    there.server.files["F1"] = {"id": "F1", "data": film(tmp_path / "cat.mp4"), "type": "video/mp4"}
    await there.says("Use this", files=[{"id": "F1", "name": "cat.mp4", "mimetype": "video/mp4"}])
    [row] = [row for row in await there.desk.base.rows(Row) if row.member_id]
    [told] = row.extra["images"]
    assert (told["name"], told["seconds"]) == ("cat.mp4", 1.0)
    media = await there.desk.services.media.files(there.desk.actor.workspace_id, [told["id"]])
    post = await there.desk.services.posts.draft(there.desk.actor, [Wording(("Look",))], media=media)
    place = await there.talk.talking.whereabouts.place(there.desk.actor, "slack", str(Ref(TEAM, DM, "")), True)
    await there.desk.transcript.add(place.conversation_id, Line("", f"post:{post.id}"))
    await there.run()
    [shown] = [file for file in there.server.files.values() if file["id"] != "F1"]
    assert shown["data"][:2] == b"\xff\xd8"
    assert shown["name"].startswith("Video 1 (cat.mp4, 0:01)")


async def test_a_file_that_is_too_large_is_refused_before_it_is_fetched(there: SlackDesk, tmp_path: Path) -> None:
    there.server.files["F1"] = {"id": "F1", "name": "long.mp4", "size": 512_000_001}
    with pytest.raises(Rejected, match=r"“long\.mp4” has 512 MB, and I take 512 MB\. Send it smaller\."):
        await there.slack.chat.fetch(f"{TEAM}:F1", tmp_path / "file")
    assert not (tmp_path / "file").exists()


# progress


async def spoken(there: SlackDesk) -> None:
    """Ann spoke in the thread, so that Slack can be told to whom to stream."""
    event = {"type": "app_mention", "channel": "C1", "user": ANN, "text": "hello", "ts": "100.0"}
    there.slack.chat.meaning({"kind": "event", "team": TEAM, "bot": "UBOT", "event": event})


def steps(done: int, of: int = 3) -> Progress:
    return Progress([Step(f"writing {n + 1} of {of}", done=n < done) for n in range(of)])


async def test_progress_is_a_status_then_tasks_and_gone_at_the_end(there: SlackDesk) -> None:
    await spoken(there)
    chat = there.slack.chat
    await chat.progress(ROOM, Progress(), "")
    assert there.server.statuses["C1/100.0"] == "is thinking…"
    assert there.server.sessions["C1/100.0"] == "processing"
    ref = await chat.progress(ROOM, steps(0), "")
    ref = await chat.progress(ROOM, steps(2), ref)
    [stream] = there.server.in_channel("C1")
    begun = next(given for method, given in there.server.calls if method == "chat.startStream")
    assert (begun["recipient_user_id"], begun["recipient_team_id"]) == (ANN, TEAM)
    assert [task["status"] for task in stream.tasks.values()] == ["complete", "complete", "in_progress"]
    assert ref == f"{TEAM}/C1:{stream.ts}"
    assert await chat.progress(ROOM, None, ref) == ""
    assert there.server.in_channel("C1") == []
    assert (there.server.statuses["C1/100.0"], there.server.sessions["C1/100.0"]) == ("", "active")


async def test_a_stream_that_slack_ended_is_taken_over_by_a_new_one(there: SlackDesk) -> None:
    await spoken(there)
    chat = there.slack.chat
    await chat.progress(ROOM, steps(0), "")
    there.server.in_channel("C1")[0].streaming_since = -1e9  # five minutes are over
    await chat.progress(ROOM, steps(1), "")
    [stream] = there.server.in_channel("C1")
    assert [task["status"] for task in stream.tasks.values()] == ["complete", "in_progress", "in_progress"]


async def test_in_a_room_where_nobody_spoke_since_the_start_only_the_status_is_shown(there: SlackDesk) -> None:
    assert await there.slack.chat.progress(ROOM, steps(0), "") == ""
    assert there.server.in_channel("C1") == []
    assert there.server.statuses["C1/100.0"] == "is thinking…"


async def test_a_question_is_asked_in_the_thread(there: SlackDesk) -> None:
    await there.slack.chat.ask(ROOM, Sender(f"{TEAM}:{ANN}", "Ann"), "Which time?")
    assert [one.words for one in there.server.in_thread("C1", "100.0")] == ["Which time?"]


async def test_before_slack_ends_a_stream_a_new_one_takes_over(there: SlackDesk) -> None:
    showing = Showing(there.slack.calls, longest=timedelta(0))
    there.slack.chat._showing = showing
    for done in range(3):
        await there.slack.chat.progress(f"{TEAM}/D1/100.0", steps(done), "")
    assert [method for method, _ in there.server.calls].count("chat.startStream") == 3
    assert len(there.server.in_channel("D1")) == 1


async def test_what_an_earlier_process_left_standing_is_taken_away(there: SlackDesk) -> None:
    await spoken(there)
    ref = await there.slack.chat.progress(ROOM, steps(0), "")
    there.slack.chat._showing = Showing(there.slack.calls)
    await there.slack.chat.progress(ROOM, None, ref)
    assert there.server.in_channel("C1") == []
    assert there.server.statuses["C1/100.0"] == ""


async def test_progress_that_slack_refuses_disturbs_nothing(there: SlackDesk) -> None:
    await spoken(there)
    there.server.refuse["chat.startStream"].append("not_allowed")
    there.server.refuse["agents.sessions.setStatus"].extend(["unknown_method"] * 2)
    assert await there.slack.chat.progress(ROOM, steps(0), "") == ""
    assert await there.slack.chat.progress("nowhere", steps(0), "") == ""
    assert await there.slack.chat.progress(f"{TEAM}/C1/", steps(0), "") == ""
    await there.slack.chat.progress(ROOM, None, "")
    assert there.server.statuses["C1/100.0"] == ""


async def test_the_native_stop_button_stops_the_turn(there: SlackDesk) -> None:
    place = await there.talk.talking.whereabouts.place(there.desk.actor, "slack", f"{TEAM}/{DM}/100.0", True)
    with there.desk.stops.running(place.conversation_id) as stop:
        await there.server.event({"type": "agent_session_stopped", "user": ANN, "channel": DM, "thread_ts": "100.0"})
        await there.run()
        assert stop.is_set()


# installing


async def test_a_member_installs_the_desk_in_a_team_and_its_token_lies_sealed(
    in_slack: OpensSlack, tmp_path: Path
) -> None:
    there = await in_slack(many=True, database=f"sqlite+aiosqlite:///{tmp_path / 'slack.db'}")
    there.signed_in = there.desk.actor
    assert there.server.events_url is not None
    base = there.server.events_url.removesuffix("/events")
    async with httpx.AsyncClient() as browser:
        begun = await browser.get(f"{base}/install")
        consent = await browser.get(begun.headers["location"])
        back = httpx.URL(consent.headers["location"])
        assert back.host == "desk.example"
        cookie = {"cookie": begun.headers["set-cookie"].partition(";")[0]}
        stranger = await browser.get(f"{base}/oauth_redirect?{back.query.decode()}")
        assert "another browser" in stranger.text
        done = await browser.get(f"{base}/oauth_redirect?{back.query.decode()}", headers=cookie)
        assert "Copydesk is in Bakery" in done.text
        again = await browser.get(f"{base}/oauth_redirect?{back.query.decode()}", headers=cookie)
        assert "used already" in again.text
    assert there.installed == [(there.desk.actor, "T2", "Bakery", "T2:U7")]
    await there.slack.chat.send("T2/C1/", words(), "key:0")
    assert b"xoxb-installed" not in (tmp_path / "slack.db").read_bytes()
    await there.slack.chat.left("T2")
    with pytest.raises(NotFound):
        await there.slack.chat.send("T2/C1/", words(), "key:1")


async def test_only_who_may_connect_installs_it(in_slack: OpensSlack) -> None:
    there = await in_slack(many=True)
    assert there.server.events_url is not None
    base = there.server.events_url.removesuffix("/events")
    async with httpx.AsyncClient() as browser:
        for who in (None, await there.desk.base.member(Role.EDITOR)):
            there.signed_in = who
            refused = await browser.get(f"{base}/install")
            assert (refused.status_code, "Sign in first" in refused.text) == (403, True)
        there.signed_in = there.desk.actor
        denied = await browser.get(f"{base}/oauth_redirect?error=access_denied")
        assert "did not agree" in denied.text
        there.slack.installing._flow._async_client.base_url = "http://127.0.0.1:9/api/"  # type: ignore[union-attr]
        begun = await browser.get(f"{base}/install")
        cookie = {"cookie": begun.headers["set-cookie"].partition(";")[0]}
        state = httpx.URL(begun.headers["location"]).params["state"]
        lost = await browser.get(f"{base}/oauth_redirect?code=x&state={state}", headers=cookie)
        assert (lost.status_code, "did not answer" in lost.text) == (503, True)
        assert (await browser.get(f"{base}/elsewhere")).status_code == 404


async def test_uninstalling_and_revoking_end_it(there: SlackDesk) -> None:
    await there.talk.talking.identities.move_in(there.desk.actor.workspace_id, "slack", TEAM, "Acme")
    await there.server.event({"type": "tokens_revoked", "tokens": {"oauth": ["U1"]}})
    await there.run()
    assert await there.talk.talking.identities.home("slack", TEAM)
    await there.server.event({"type": "app_uninstalled"})
    await there.run()
    assert await there.talk.talking.identities.home("slack", TEAM) is None


# the doctor


async def findings(there: SlackDesk) -> str:
    marks = {True: "✓", False: "✗", None: "·"}
    return "\n".join(f"{marks[one.ok]} {one.words}" for one in await there.slack.chat.examine())


async def test_the_doctor_says_what_is_right_and_how_to_mend_what_is_wrong(in_slack: OpensSlack) -> None:
    there = await in_slack()
    said = await findings(there)
    assert "✓ The token works: I am copydesk in Acme." in said
    assert "✓ The token has every right it needs." in said
    assert "request URL must end in /hooks/slack/events" in said
    there.server.scopes = set(SCOPES) - {"files:read"}
    there.server.messages_tab = False
    said = await findings(there)
    assert "✗ The token lacks files:read." in said
    assert "✗ The Messages tab is off" in said
    there.desk.clock.move(timedelta(days=400))
    assert "✗ This machine's clock is" in await findings(there)


async def test_the_doctor_names_a_token_that_does_not_work(in_slack: OpensSlack) -> None:
    there = await in_slack(socket=True)
    assert "✓ Socket Mode connects" in await findings(there)
    there.server.tokens.clear()
    assert "✗ Slack does not take the token (invalid_auth)" in await findings(there)
    there.slack.chat._doctor._app_token = "xapp-wrong"
    assert "✗ Socket Mode cannot connect (invalid_auth)" in await findings(there)
    there.slack.calls._api_url = "http://127.0.0.1:9/api/"
    assert "✗ Slack cannot be reached from here" in await findings(there)


async def test_nothing_set_up_is_named_too(in_slack: OpensSlack) -> None:
    there = await in_slack(many=True)
    there.slack.chat._doctor._signing_secret = False
    said = await findings(there)
    assert "installed team by team" in said
    assert "✗ Nothing brings Slack's events." in said
