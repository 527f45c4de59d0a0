"""A desk in a data folder with something of everything in it, and commands typed at it."""

import io
import os
import resource
import subprocess
import sys
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, chdir, redirect_stderr, redirect_stdout
from datetime import datetime
from pathlib import Path

from PIL import Image as Pictures

from app.__main__ import main
from app.serve import open_desk
from app.wiring import App, build
from content.models import Account
from content.people import Actor
from content.times import SystemClock
from content.wording import Wording
from tests.fakes.clock import FakeClock
from tests.journeys.desk import settings_for

ROOT = Path(__file__).parents[2]
PATIENCE = 120


def picture(colour: str) -> bytes:
    out = io.BytesIO()
    Pictures.new("RGB", (40, 30), colour).save(out, "PNG")
    return out.getvalue()


@asynccontextmanager
async def opened(folder: Path, at: datetime | None = None) -> AsyncIterator[tuple[App, Actor]]:
    """The program on a folder, without its pages, chats and ticks; its clock stands still."""
    app = build(settings_for(folder), FakeClock(at or SystemClock().now()))
    try:
        await open_desk(app)
        yield app, await app.people.open_desk("Europe/Berlin")
    finally:
        await app.close()


async def fill(folder: Path) -> None:
    """Two posts, two pictures, an account whose login is sealed, and the model's notes."""
    async with opened(folder) as (app, owner):
        images = [await app.desk.media.add(owner, f"{one}.png", picture(one)) for one in ("red", "blue")]
        await app.desk.posts.draft(owner, [Wording(("Rye or walnut?",))], media=images[:1])
        await app.desk.posts.draft(owner, [Wording(("Which loaf?",))])
        async with app.db.writing() as session:
            session.add(
                Account(
                    id="account_1",
                    workspace_id=owner.workspace_id,
                    platform="mastodon",
                    remote_id="7",
                    handle="anna",
                    server="https://social.example",
                    facts={},
                    sealed=app.sealer.seal({"access_token": "canary-0001"}),
                    connected_by=owner.member_id,
                    connected_at=app.clock.now(),
                )
            )
    (folder / "index").mkdir(exist_ok=True)


def typed(*arguments: str | Path, folder: Path, **variables: str | Path) -> tuple[int, str]:
    """`copydesk …` on a data folder, beside which its `.env` lies: its exit status and all it said."""
    folder.parent.mkdir(exist_ok=True)
    given = {"data_dir": folder, "log_file": "-"} | variables
    (folder.parent / ".env").write_text("".join(f"COPYDESK_{name.upper()}={value}\n" for name, value in given.items()))
    out = io.StringIO()
    with chdir(folder.parent), redirect_stdout(out), redirect_stderr(out), ThreadPoolExecutor(1) as own_loop:
        code = own_loop.submit(main, [*map(str, arguments)]).result(PATIENCE)
    return code, out.getvalue()


def started(
    *arguments: str | Path,
    folder: Path,
    room: int = resource.RLIM_INFINITY,
    path: str = os.defpath,
    **variables: str | Path,
) -> tuple[int, str]:
    """The same in a process of its own, which may write no file of more than `room` bytes and finds programs on the `path`."""

    def narrow() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (room, room))

    given = {f"COPYDESK_{name.upper()}": str(value) for name, value in variables.items()}
    done = subprocess.run(
        [sys.executable, "-m", "app", *map(str, arguments)],
        cwd=folder.parent,
        env={"PYTHONPATH": str(ROOT), "PATH": path, "COPYDESK_DATA_DIR": str(folder), **given},
        preexec_fn=narrow,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    return done.returncode, done.stdout + done.stderr


def lies_in(folder: Path) -> list[str]:
    """What is in a folder, without the `.env` of `typed`."""
    return sorted(one.name for one in folder.iterdir() if one.name != ".env")
