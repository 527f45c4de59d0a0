"""`copydesk doctor`: what is configured, what is missing, and how to get it, in words."""

from collections.abc import AsyncIterator, Iterator
from importlib.util import find_spec

from app import chats
from app.schema import newest, version
from app.serve import USUAL_PORT
from app.settings import Settings
from app.wiring import App, build, make_folder
from content.connecting import Connects
from content.errors import ContentError
from content.platform import Examines

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


async def examine_platform(settings: Settings, name: str) -> AsyncIterator[str]:
    """What must be done before a platform can be connected, or how it stands, one line each."""
    try:
        settings.check()
        app = build(settings)
    except ContentError as error:
        yield f"✗ {error.message}"
        return
    try:
        for line in _platform(app, name):
            yield line
        if await version(app.db) == newest():
            async for line in _accounts(app, name):
                yield line
    finally:
        await app.close()


def _platform(app: App, name: str) -> Iterator[str]:
    platform = app.platforms[name]
    steps = platform.setup(callback_of(app.settings)) if isinstance(platform, Connects) else ()
    if steps:
        yield f"· {platform.spec.label} cannot be connected yet. Whoever runs the desk does this once:"
        yield from (f"  {number}. {step}" for number, step in enumerate(steps, 1))
    else:
        yield f"✓ {platform.spec.label} can be connected."
    for finding in platform.examine() if isinstance(platform, Examines) else ():
        yield f"{MARKS[finding.ok]} {finding.words}"


def callback_of(settings: Settings) -> str:
    """Where platforms send people back to; it must be registered there."""
    return f"{settings.public_url.rstrip('/') or f'http://127.0.0.1:{settings.port or USUAL_PORT}'}/connect/back"


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
        async for line in _workspace(app):
            yield line
    finally:
        await app.close()


async def _workspace(app: App) -> AsyncIterator[str]:
    owner = await app.people.open_desk(app.settings.own_zone())
    yield f"✓ The workspace's time zone is {owner.zone}."
    async for line in _accounts(app):
        yield line
    have = {one.platform for one in await app.desk.accounts.connected(owner.workspace_id)}
    offers = [one for one in app.desk.accounts.offers(callback_of(app.settings)) if one.name not in have]
    missing = [one.label for one in offers if not one.setup]
    if missing:
        yield f"· Not connected yet: {', '.join(missing)}. Connect them on the page “Accounts”."
    for one in offers:
        if one.setup:
            yield f"· {one.label} is not set up; “copydesk doctor {one.name}” says the steps."
    for platform in app.platforms.values():
        for finding in platform.examine() if isinstance(platform, Examines) else ():
            yield f"{MARKS[finding.ok]} {finding.words}"


async def _accounts(app: App, platform: str = "") -> AsyncIterator[str]:
    """The accounts of one platform, or all."""
    owner = await app.people.open_desk(app.settings.own_zone())
    for account in await app.desk.accounts.connected(owner.workspace_id):
        if platform in ("", account.platform):
            mark = "✓" if account.state == "connected" else "✗"
            cure = "" if account.state == "connected" else " Connect it again on the page “Accounts”."
            until = f" until {account.ends_at:%-d %B %Y}" if account.ends_at and account.state == "connected" else ""
            yield f"{mark} {account.label} {account.handle}: {account.state.replace('_', ' ')}{until}.{cure}"


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
