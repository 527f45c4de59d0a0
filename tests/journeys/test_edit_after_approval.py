"""An edit voids the approval: what nobody approved in this wording does not go out."""

from datetime import timedelta

from tests.journeys.desk import RunningDesk


async def test_an_edit_voids_the_approval_and_the_old_button_is_refused(running_desk: RunningDesk) -> None:
    desk = running_desk
    await desk.ask("Draft a post: We open at 7.")
    await desk.press("Schedule", when="tomorrow 9:00")
    await desk.press("Approve")
    approved = await desk.person.card()
    assert "Approved, goes out Tue 24 Nov 09:00 Europe/Berlin" in approved.text

    asked = await desk.ask("new text for post 1: We open at 8.", reply_to=_subject(approved.html))
    assert any("We open at 8." in one.text for one in asked if one.is_card), [one.text for one in asked]
    old = await desk.press("Move", approved, when="in 2 hours")
    stale = await desk.press("Post now", approved)
    assert stale["tone"] == "bad"
    assert "changed" in stale["text"]
    await desk.wait(timedelta(days=2))
    assert desk.published() == [], old

    fresh = await desk.person.card()
    await desk.press("Post now", fresh)
    assert desk.published() == ["We open at 8."]


async def test_an_edit_by_hand_is_what_goes_out(running_desk: RunningDesk) -> None:
    desk = running_desk
    await desk.ask("Draft a post: We open at 7.")
    [account] = await desk.app.desk.accounts.connected((await desk.owner()).workspace_id)
    told = await desk.edit({f"{account.id}/0": "We open at half past 7."})
    assert told["text"] == "#1 is now version 2."
    await desk.press("Post now")
    assert desk.published() == ["We open at half past 7."]


async def test_the_same_button_pressed_twice_publishes_once(running_desk: RunningDesk) -> None:
    desk = running_desk
    await desk.ask("Draft a post: We open at 7.")
    card = await desk.person.card()
    first = await desk.press("Post now", card)
    second = await desk.press("Post now", card)
    assert (first["tone"], second["tone"]) == ("good", "bad")
    assert "already out" in second["text"]
    assert desk.published() == ["We open at 7."]


def _subject(html: str) -> str:
    return html.partition('data-subject="')[2].partition('"')[0]
