"""`copydesk doctor`: what is configured, what is missing, and how to get it, in words."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress

from app.settings import Settings
from app.wiring import build
from content.errors import ContentError
from content.schema import is_current


async def examine(settings: Settings) -> AsyncIterator[str]:
    """The findings, one line each; a line that begins with ✗ names something to mend."""
    try:
        settings.check()
        yield "✓ The settings fit together."
    except ContentError as error:
        yield f"✗ {error.message}"
    yield f"✓ Everything is kept in {settings.data_dir.resolve()}."
    async for line in _database(settings):
        yield line
    yield _model(settings)
    if not settings.public_url:
        yield "✓ Only this machine can open the page. To serve it to others set COPYDESK_PUBLIC_URL and put a proxy in front."
    else:
        yield f"✓ Others reach the desk at {settings.public_url}."


async def _database(settings: Settings) -> AsyncIterator[str]:
    app = build(settings)
    try:
        if not await is_current(app.db):
            yield "✗ The database is not on the newest schema. Run “copydesk migrate”, or just start the desk."
            return
        yield "✓ The database is on the newest schema."
        owner = await app.people.open_desk(settings.own_zone())
        yield f"✓ The workspace's time zone is {owner.zone}."
        accounts = await app.desk.accounts.connected(owner.workspace_id)
        for account in accounts:
            mark = "✓" if account.state == "connected" else "✗"
            cure = "" if account.state == "connected" else " Connect it again on the page “Accounts”."
            yield f"{mark} {account.label} {account.handle}: {account.state.replace('_', ' ')}.{cure}"
        missing = [o.label for o in app.desk.accounts.offers() if o.name not in {a.platform for a in accounts}]
        if missing:
            yield f"· Not connected yet: {', '.join(missing)}. Connect them on the page “Accounts”."
    finally:
        with suppress(asyncio.CancelledError):
            await app.close()


def _model(settings: Settings) -> str:
    kind = settings.thinks_with
    if kind == "guided":
        return (
            "· No language model is connected: guided mode uses your own words. Set OPENAI_API_KEY (or OPENAI_BASE_URL for "
            "Ollama, vLLM, llama.cpp, Azure) and COPYDESK_MODEL, or COPYDESK_MODEL_FILE with the extra `local`."
        )
    if kind == "file":
        there = settings.model_file is not None and settings.model_file.exists()
        return f"{'✓' if there else '✗'} The model is the file {settings.model_file}{'' if there else ', which does not exist'}."
    return f"✓ The model is {settings.model or 'not named'} at {settings.openai_base_url or 'OpenAI'}."
