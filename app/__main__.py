"""The command line: copydesk serve | work | migrate | login | doctor [about] | backup [file] | restore file."""

import argparse
import sys
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

import uvloop

from app import lean
from app.chats import WIRERS
from app.doctor import examine, examine_chat, examine_platform
from app.serve import USUAL_PORT, address_of, serve
from app.settings import Settings, read_settings
from app.wiring import bring_up_to_date, build
from app.work import work
from content.errors import ContentError, Invalid
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


async def _backup(settings: Settings, file: Path | None, *, check_only: bool, without_broken: bool) -> None:
    if check_only and file is None:
        raise Invalid("Say which backup I shall check: copydesk backup --check FILE")
    module = import_module("app.backup")  # loaded when asked for, as below: a start of the desk needs neither
    if check_only:
        _say(module.check(settings, file, _meanwhile))
    else:
        _say(await module.backup(settings, file, _meanwhile, without_broken=without_broken))


async def _restore(settings: Settings, file: Path) -> None:
    _say(await import_module("app.restore").restore(settings, file, _meanwhile))


def _say(lines: Sequence[str]) -> None:
    """Names in it may be anybody's, and a terminal obeys what is in them."""
    for line in lines:
        print("".join(one if one.isprintable() else "?" for one in line))


def _meanwhile(words: str) -> None:
    print(words, file=sys.stderr, flush=True)


COMMANDS: dict[str, tuple[str, Callable[..., Coroutine[Any, Any, None]]]] = {
    "serve": ("open the desk and print the address to sign in at", serve),
    "work": ("do the jobs of a desk that several processes share", work),
    "migrate": ("bring the database to the newest schema", _migrate),
    "login": ("print a fresh sign-in address", _login),
    "doctor": ("say what is configured, what is missing, and how to get it", _doctor),
    "backup": ("write rows, pictures and videos into one file, also while the desk runs", _backup),
    "restore": ("put a backup into an empty place; everything is held until you let it go", _restore),
}


def _arguments(name: str, parser: argparse.ArgumentParser) -> None:
    """What may stand behind a command."""
    if name == "doctor":
        known = ("", *WIRERS, *PLATFORMS)
        parser.add_argument("about", nargs="?", default="", choices=known, help="look at one chat or platform")
    if name == "backup":
        parser.add_argument(
            "file", nargs="?", type=Path, help="where to write it; a name with the moment in it if left out"
        )
        parser.add_argument("--check", dest="check_only", action="store_true", help="verify that backup; write nothing")
        leave = "leave out pictures and videos whose files are gone or broken"
        parser.add_argument("--without-broken", action="store_true", help=leave)
    if name == "restore":
        parser.add_argument("file", type=Path, help="what “copydesk backup” wrote")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; returns the exit status."""
    parser = argparse.ArgumentParser(prog="copydesk", description="The content desk that lives in your chat.")
    commands = parser.add_subparsers(dest="command", required=True)
    for name, (words, _) in COMMANDS.items():
        _arguments(name, commands.add_parser(name, help=words, description=words))
    chosen = vars(parser.parse_args(arguments))
    name = chosen.pop("command")
    try:
        uvloop.run(COMMANDS[name][1](read_settings(), **chosen))
    except KeyboardInterrupt:
        return _interrupted(name)
    except ContentError as error:
        print(error.message, file=sys.stderr)
        return 1
    return 0


def _interrupted(name: str) -> int:
    """A desk is stopped so; what was to become of a backup has not."""
    if name not in ("backup", "restore"):
        return 0
    print("Interrupted: nothing of it was kept.", file=sys.stderr)
    return 130


if __name__ == "__main__":
    sys.exit(main())
