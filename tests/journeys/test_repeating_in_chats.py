"""What repeats, in Slack and on Telegram: a plan's turn begins where it was asked for, a series is approved by its button there."""

from datetime import timedelta
from pathlib import Path

from tests.journeys.chats import in_chats
from tests.servers.slack import direct

ANN, BO = 7, "UBO"


async def test_a_plan_s_turn_begins_in_the_chat_where_it_was_asked_for(data: Path) -> None:
    async with in_chats(data) as chats:
        await chats.join_telegram(ANN)
        await chats.join_slack(BO, "/invite admin Bo")
        chats.desk.clock.move(timedelta(minutes=5))  # past Monday 9:00
        on_telegram = await chats.on_telegram(ANN, "Every Monday 9:00 draft a post: Good morning from Telegram.")
        in_slack = await chats.in_slack(BO, "Every other Monday 9:00 draft a post: Good morning from Slack.")
        assert any("every Monday at 09:00" in one.text for one in on_telegram)
        assert any("every other Monday at 09:00" in one.words for one in in_slack)
        before = len(chats.telegram.at(ANN))
        await chats.desk.wait(timedelta(days=7))
        await chats.settled()
        told = [one.text for one in chats.telegram.at(ANN)[before:]]
        assert any("Good morning from Telegram." in text for text in told)
        [card] = [one for one in chats.slack.in_channel(direct(BO)) if "Approve" in one.buttons()]
        assert "Good morning from Slack." in card.words
        assert card.thread == in_slack[-1].thread
        assert not any("Slack" in text for text in told)
        assert chats.desk.published() == []


async def test_a_series_is_asked_for_approved_and_published_in_slack(data: Path) -> None:
    async with in_chats(data) as chats:
        await chats.join_slack("UANN")
        await chats.in_slack("UANN", "Draft a post: Cake day.")
        said = await chats.in_slack("UANN", "post this every Friday 17:00, for 2 weeks")
        card = next(one for one in said if "Approve the series" in one.buttons())
        await chats.press_in_slack("UANN", card, "Approve the series")
        assert "Approve the series" not in card.buttons()
        assert "Pause" in card.buttons()
        await chats.desk.wait(timedelta(days=5))
        assert chats.desk.published() == ["Cake day."]
        await chats.press_in_slack("UANN", card, "End it")
        await chats.desk.wait(timedelta(days=14))
        assert chats.desk.published() == ["Cake day."]
