"""A desk in several processes, as in the scaled set-up: the program's own commands on one PostgreSQL and one Redis."""

import asyncio
import os
import re
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx

from tests.journeys.desk import PATIENCE, Person, Shown
from tests.servers.running import free_port

ROOT = Path(__file__).parents[2]


@dataclass
class Processes:
    """The processes of one desk."""

    folder: Path
    given: dict[str, str]
    running: list[asyncio.subprocess.Process] = field(default_factory=list)

    async def serve(self) -> tuple[asyncio.subprocess.Process, str]:
        """One more that shows pages; and the address that signs in there."""
        port = free_port()
        process, said = await self._start("serve", r"http://\S+/\?token=\S+", COPYDESK_PORT=str(port))
        return process, said

    async def work(self) -> asyncio.subprocess.Process:
        """One more that does jobs; it is ready to think."""
        process, _ = await self._start("work", r"I work")
        return process

    async def _start(self, command: str, ready: str, **more: str) -> tuple[asyncio.subprocess.Process, str]:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "app", command,
            cwd=self.folder,
            env={"PYTHONPATH": str(ROOT), "PATH": os.defpath, **self.given, **more},
            stdout=asyncio.subprocess.PIPE,
        )  # fmt: skip
        self.running.append(process)
        said = ""
        async with asyncio.timeout(PATIENCE):
            while (found := re.search(ready, said)) is None:
                assert process.stdout is not None
                line = await process.stdout.readline()
                assert line, said
                said += line.decode()
        return process, found[0]

    async def stop(self) -> list[int]:
        """End all that still run as an operator would; their exit statuses."""
        left = [one for one in self.running if one.returncode is None]
        for one in left:
            one.terminate()
        async with asyncio.timeout(PATIENCE):
            return [await one.wait() for one in left]


@asynccontextmanager
async def processes(folder: Path, database: str, redis_url: str) -> AsyncIterator[Processes]:
    """A desk that has no process yet; what runs at the end of the block is killed."""
    given = {"COPYDESK_DATABASE_URL": database, "COPYDESK_REDIS_URL": redis_url, "COPYDESK_DATA_DIR": str(folder)}
    desk = Processes(folder, given)
    try:
        yield desk
    finally:
        for one in desk.running:
            if one.returncode is None:
                one.kill()
            await one.wait()


@asynccontextmanager
async def signed_in(address: str) -> AsyncIterator[Person]:
    """A person at one of the pages."""
    base, _, token = address.partition("/?token=")
    async with httpx.AsyncClient(base_url=base, follow_redirects=True, timeout=PATIENCE) as browser:
        (await browser.get(f"/?token={token}")).raise_for_status()
        yield Person(browser)


async def shown(person: Person, words: str) -> Shown:
    """The first message of the desk's with these words, as soon as a page shows it."""
    async with asyncio.timeout(PATIENCE):
        while True:
            for one in await person.messages():
                if words in one.text and not one.mine:
                    return one
            await asyncio.sleep(0.1)
