"""What several buttons say and keep."""

from bot.chat import Action
from content.views import PostView


def counted(post: PostView) -> str:
    """What one yes of several came to."""
    said_yes, quorum = len(post.deciding.said_yes), post.deciding.quorum
    return f"Your yes to #{post.number} counts: {said_yes} of {quorum}. It still needs {quorum - said_yes} more."


def press_name(action: Action) -> str:
    """How a press is named in the record of an approval."""
    return f"{action.place.chat}:{action.verb}"
