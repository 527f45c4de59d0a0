"""A desk in our small Slack, for every test here that asks."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from typing import Any

import pytest

from tests.bot.slack.desk import SlackDesk, slack_desk
from tests.fakes.agent_desk import Opens, opens

__all__ = ["opens"]

OpensSlack = Callable[..., Awaitable[SlackDesk]]


@pytest.fixture
async def in_slack(opens: Opens) -> AsyncIterator[OpensSlack]:
    """Opens a desk in Slack."""
    async with AsyncExitStack() as stack:

        async def opened(model: Any = None, **how: Any) -> SlackDesk:
            return await stack.enter_async_context(slack_desk(await opens(model), **how))

        yield opened


@pytest.fixture
async def there(in_slack: OpensSlack) -> SlackDesk:
    """A desk in one team, over HTTP."""
    return await in_slack()
