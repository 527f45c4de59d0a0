"""`copydesk doctor`: what is configured, what is missing, and how to get it, in words."""

from collections.abc import AsyncIterator, Iterator
from importlib.util import find_spec

from app import chats
from app.schema import newest, version
from app.settings import Settings
from app.wiring import App, build, make_folder
from content.errors import ContentError

MARKS = {True: "✓", False: "✗", None: "·"}


async def examine(settings: Settings) -> AsyncIterator[str]:
    """The findings, one line each; a line that begins with ✗ names something to mend."""
    try:
        make_folder(settings.data_dir)
        yield f"✓ Everything is kept in {settings.data_dir.resolve()}."
        settings.check()
        yield "✓ The settings fit together."
        async for line in _database(settings):
            yield line
    except ContentError as error:
        yield f"✗ {error.message}"
    yield _model(settings)
    for line in _chats(settings):
        yield line
    if not settings.public_url:
        yield "✓ Only this machine can open the page. To serve it to others set COPYDESK_PUBLIC_URL and put a proxy in front."
    else:
        yield f"✓ Others reach the desk at {settings.public_url}."


async def examine_chat(settings: Settings, name: str) -> AsyncIterator[str]:
    """What one chat says about its set-up, one line each; a line that begins with ✗ names something to mend."""
    try:
        settings.check()
        app = build(settings)
    except ContentError as error:
        yield f"✗ {error.message}"
        return
    try:
        for finding in await chats.examine(app, name):
            yield f"{MARKS[finding.ok]} {finding.words}"
    except ContentError as error:
        yield f"✗ {error.message}"
    finally:
        await app.close()


def _chats(settings: Settings) -> Iterator[str]:
    lived_in = chats.lived_in(settings)
    for name in chats.WIRERS:
        if name in lived_in:
            yield f"✓ {name.capitalize()} is set up. “copydesk doctor {name}” looks at it closely."
        else:
            yield f"· {name.capitalize()} is not set up; docs/{name}.md says how."


async def _database(settings: Settings) -> AsyncIterator[str]:
    app = build(settings)
    try:
        found = await version(app.db)
        if found != newest():
            state = "is empty" if not found else "is not on the newest schema"
            yield f"· The database {state}. Start the desk, or run “copydesk migrate”."
            return
        yield "✓ The database is on the newest schema."
        async for line in _accounts(app):
            yield line
    finally:
        await app.close()


async def _accounts(app: App) -> AsyncIterator[str]:
    owner = await app.people.open_desk(app.settings.own_zone())
    yield f"✓ The workspace's time zone is {owner.zone}."
    accounts = await app.desk.accounts.connected(owner.workspace_id)
    for account in accounts:
        mark = "✓" if account.state == "connected" else "✗"
        cure = "" if account.state == "connected" else " Connect it again on the page “Accounts”."
        yield f"{mark} {account.label} {account.handle}: {account.state.replace('_', ' ')}.{cure}"
    missing = [o.label for o in app.desk.accounts.offers() if o.name not in {a.platform for a in accounts}]
    if missing:
        yield f"· Not connected yet: {', '.join(missing)}. Connect them on the page “Accounts”."


def _model(settings: Settings) -> str:
    kind = settings.thinks_with
    if kind == "guided":
        return (
            "· No language model is connected: guided mode uses your own words. Set OPENAI_API_KEY (or OPENAI_BASE_URL for "
            "Ollama, vLLM, llama.cpp, Azure) and COPYDESK_MODEL, or COPYDESK_MODEL_FILE with the extra `local`."
        )
    if kind == "file":
        return _file(settings)
    if not settings.model:
        return "✗ The endpoint's model is not named. Set COPYDESK_MODEL."
    return f"✓ The model is {settings.model} at {settings.openai_base_url or 'OpenAI'}."


def _file(settings: Settings) -> str:
    if settings.model_file is None or not settings.model_file.is_file():
        return f"✗ The model is the file {settings.model_file}, which does not exist. Check COPYDESK_MODEL_FILE."
    if find_spec("xllamacpp") is None:
        return '✗ What runs model files is not installed. Install it: pip install --editable ".[local]"'
    return f"✓ The model is the file {settings.model_file}."
