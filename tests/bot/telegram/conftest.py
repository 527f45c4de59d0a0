"""A desk on our small Telegram, for every test here that asks."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from typing import Any

import pytest

from tests.bot.telegram.desk import TelegramDesk, telegram_desk
from tests.fakes.agent_desk import Opens, opens

__all__ = ["opens"]

OpensTelegram = Callable[..., Awaitable[TelegramDesk]]


@pytest.fixture
async def on_telegram(opens: Opens) -> AsyncIterator[OpensTelegram]:
    """Opens a desk on Telegram."""
    async with AsyncExitStack() as stack:

        async def opened(model: Any = None, **how: Any) -> TelegramDesk:
            return await stack.enter_async_context(telegram_desk(await opens(model), **how))

        yield opened


@pytest.fixture
async def there(on_telegram: OpensTelegram) -> TelegramDesk:
    """A desk by webhook."""
    return await on_telegram()
