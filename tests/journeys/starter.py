"""Starts the program on a folder again and again, and kills it, as a power cut would."""

import asyncio
import json
import os
import re
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.journeys.desk import PATIENCE


@dataclass
class Starter:
    """Starts the program on a folder, and kills it."""

    process: asyncio.subprocess.Process

    async def start(self) -> tuple[int, str]:
        """The process id, and the address that signs in."""
        assert self.process.stdin is not None
        self.process.stdin.write(b"\n")
        said = await self._until(
            r"process (\d+)[\s\S]*?(http://\S+/\?token=\S+)|(http://\S+/\?token=\S+)[\s\S]*?process (\d+)"
        )
        return int(said[1] or said[4]), said[2] or said[3]

    async def kill(self, child: int) -> None:
        """As a power cut would."""
        os.kill(child, signal.SIGKILL)
        await self._until(r"ended")

    async def _until(self, pattern: str) -> re.Match[str]:
        assert self.process.stdout is not None
        said = ""
        async with asyncio.timeout(PATIENCE):
            while (found := re.search(pattern, said)) is None:
                line = await self.process.stdout.readline()
                assert line, said
                said += line.decode()
        return found


@asynccontextmanager
async def starting(folder: Path, **given: Any) -> AsyncIterator[Starter]:
    """Starts of the program on a folder, with these settings."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.journeys.killed", str(folder), json.dumps(given),
        stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    assert process.stdin is not None
    try:
        yield Starter(process)
    finally:
        process.stdin.close()
        await asyncio.wait_for(process.wait(), PATIENCE)
