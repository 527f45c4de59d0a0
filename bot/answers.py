"""What several buttons say and keep."""

from datetime import datetime

from bot.chat import Action
from bot.guard_card import DRY_RUN, HELD, caution_notes
from content.models import DeliveryState, PostState
from content.switch import Standing
from content.views import PostView


def counted(post: PostView) -> str:
    """What one yes of several came to."""
    said_yes, quorum = len(post.deciding.said_yes), post.deciding.quorum
    return f"Your yes to #{post.number} counts: {said_yes} of {quorum}. It still needs {quorum - said_yes} more."


def leaving_words(post: PostView, standing: Standing, now: datetime) -> str:
    """When an approved post goes out, or what it waits for."""
    return _leaving(post, standing, now, passed="Its time has passed, so it goes out now.")


def released_words(post: PostView, standing: Standing, now: datetime) -> str:
    """What becomes of a post that was held; how late it may be is looked at when it goes out."""
    if post.state is not PostState.APPROVED:
        return "It still needs approval."
    passed = "Its time has passed: it goes out now, or asks first where that is too late."
    return _leaving(post, standing, now, passed=passed)


def _leaving(post: PostView, standing: Standing, now: datetime, passed: str) -> str:
    if post.due_at is None:
        return "Now give it a time, or press Post now."
    asking = next((one for one in post.deliveries if one.state is DeliveryState.ASKING), None)
    if asking is not None:
        return f"It waits for your word, though: {asking.error}"
    if standing.held:
        return HELD
    if any(one.state is DeliveryState.HELD for one in post.deliveries):
        return "It is on hold, though: Release lets it go out."
    rehearsed = f" {DRY_RUN}" if standing.rehearsing else ""
    usual = passed if post.due_at <= now else "It goes out at its time."
    return (" ".join(caution_notes(post)) or usual) + rehearsed


def press_name(action: Action) -> str:
    """How a press is named in the record of an approval."""
    return f"{action.place.chat}:{action.verb}"
