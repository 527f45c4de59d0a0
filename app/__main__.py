"""The command line: copydesk serve | work | migrate | login | doctor [a chat or a platform]."""

import argparse
import asyncio
import sys
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from typing import Any

from app import lean
from app.chats import WIRERS
from app.doctor import examine, examine_chat, examine_platform
from app.serve import USUAL_PORT, address_of, serve
from app.settings import Settings, read_settings
from app.wiring import bring_up_to_date, build
from app.work import work
from content.errors import ContentError
from integrations import PLATFORMS

lean.loaded()


async def _migrate(settings: Settings) -> None:
    settings.check()
    app = build(settings)
    try:
        await bring_up_to_date(app)
    finally:
        await app.close()
    print("The database is on the newest schema.")


async def _login(settings: Settings) -> None:
    """A fresh sign-in address, also while the desk runs."""
    settings.check()
    app = build(settings)
    try:
        await bring_up_to_date(app)
        owner = await app.people.open_desk(settings.own_zone())
        token = await app.people.invite(owner.member_id)
    finally:
        await app.close()
    print(address_of(settings, _port(settings), token))


def _port(settings: Settings) -> int:
    """The port a running desk noted, or the one it would take."""
    noted = settings.data_dir / "port"
    return settings.port or (int(noted.read_text() or USUAL_PORT) if noted.exists() else USUAL_PORT)


async def _doctor(settings: Settings, about: str = "") -> None:
    async for line in _findings(settings, about):
        print(line)


def _findings(settings: Settings, about: str) -> AsyncIterator[str]:
    if not about:
        return examine(settings)
    return examine_platform(settings, about) if about in PLATFORMS else examine_chat(settings, about)


COMMANDS: dict[str, tuple[str, Callable[..., Coroutine[Any, Any, None]]]] = {
    "serve": ("open the desk and print the address to sign in at", serve),
    "work": ("do the jobs of a desk that several processes share", work),
    "migrate": ("bring the database to the newest schema", _migrate),
    "login": ("print a fresh sign-in address", _login),
    "doctor": ("say what is configured, what is missing, and how to get it", _doctor),
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; returns the exit status."""
    parser = argparse.ArgumentParser(prog="copydesk", description="The content desk that lives in your chat.")
    commands = parser.add_subparsers(dest="command", required=True)
    for name, (words, _) in COMMANDS.items():
        added = commands.add_parser(name, help=words, description=words)
        if name == "doctor":
            known = ("", *WIRERS, *PLATFORMS)
            added.add_argument("about", nargs="?", default="", choices=known, help="look at one chat or platform")
    chosen = vars(parser.parse_args(arguments))
    command = COMMANDS[chosen.pop("command")][1]
    try:
        asyncio.run(command(read_settings(), **chosen))
    except KeyboardInterrupt:
        return 0
    except ContentError as error:
        print(error.message, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
