"""A desk that one can talk to, for every test here that asks."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack

import pytest
from langchain_core.language_models import BaseChatModel

from tests.fakes.agent_desk import Opens, opens
from tests.fakes.native import FakeNative, TalkingDesk, talking_desk

__all__ = ["opens", "talks"]

Talks = Callable[..., Awaitable[TalkingDesk]]


@pytest.fixture
async def talks(opens: Opens) -> AsyncIterator[Talks]:
    """Opens a desk to chats that keep messages of their own, by default one; the owner is `ann` there."""
    async with AsyncExitStack() as stack:

        async def opened(model: BaseChatModel | None = None, *natives: FakeNative) -> TalkingDesk:
            return await stack.enter_async_context(talking_desk(await opens(model), *natives))

        yield opened
