"""The processes that torture kills or stops, each of which has another take its place."""

import asyncio
import json
import os
import random
import signal
import subprocess
import threading
import time
from contextlib import suppress
from pathlib import Path

BETWEEN_S = (0.0, 0.8)
"""From when there is a process to kill until it is killed."""
STARTING = 0.25
"""The part of the kills that may hit a process before it sent anything."""
SENDING = 0.5
"""The part of the kills that follow a send at once; a fast machine is idle most of the time."""
SENDS_S = (0.0, 0.08)
"""After a send began: the server takes up to 50 ms, and what it came to is written down then."""
PAUSED_S = (1.0, 200.0)
"""How long a process is stopped: up to well over a lease."""
PAUSED_MOST = 5
"""At a time: each keeps up to ten connections, and the server has a hundred."""
STOPS_S = 0.02
"""Until a process that is told to stop has stopped."""
LOOKS_S = 0.2
AWAKE_S = 5.0
"""How long it goes on after that."""


class Victims:
    """The processes that are killed; whoever ends otherwise has another take its place too, as whatever runs the product sees to."""

    def __init__(self, forge: subprocess.Popen[str], count: int, pauses: float, witness: Path) -> None:
        """`pauses`: the part of them that is only paused. `witness`: where they note what they send."""
        self._forge = forge
        self._witness = witness
        self._pauses = pauses
        self._paused: set[int] = set()
        self._alive: set[int] = set()
        self._sending: set[int] = set()
        """Those that have sent something, or found nothing to send for ten seconds."""
        self.killed: list[int] = []
        """Process ids, of those that were paused too."""
        self.gone: list[int] = []
        """Of those that ended by themselves: their fuse burnt, or there was no connection left at their start."""
        self.paused = 0
        self.interrupted: set[str] = set()
        """The deliveries that a paused process was sending: whoever wakes up after the answer's time is over cannot tell."""
        self._latest = 0
        """Who began to send last."""
        self._over = False
        self._lock = threading.Lock()
        threading.Thread(target=self._listen, daemon=True).start()
        threading.Thread(target=self._look_after, daemon=True).start()
        for _ in range(count):
            self._start()

    def _listen(self) -> None:
        assert self._forge.stdout is not None  # noqa: S101 - it is a pipe
        for line in self._forge.stdout:
            step, process = json.loads(line)
            with self._lock:
                if step == "started":
                    self._alive.add(process)
                elif process in self._alive:
                    self._sending.add(process)
                    self._latest = process

    def _look_after(self) -> None:
        while True:
            time.sleep(LOOKS_S)
            with self._lock:
                if self._over:
                    return
                for one in [each for each in self._alive if _is_gone(each)]:
                    self._forget(one)
                    self.gone.append(one)
                    self._start()

    def _start(self) -> None:
        assert self._forge.stdin is not None  # noqa: S101 - it is a pipe
        os.write(self._forge.stdin.fileno(), b"\n")

    async def kill_one(self) -> None:
        """As a power cut would; another takes its place at once. Most often one that sends, since to start takes long."""
        chance = random.random()  # noqa: S311 - no secret
        if chance < SENDING:
            await self._kill_who_sends()
        else:
            await self._kill_any(self._alive if chance < SENDING + STARTING else self._sending)

    async def _kill_any(self, among: set[int]) -> None:
        while True:
            while not among:  # noqa: ASYNC110 - a thread fills it
                await asyncio.sleep(0.01)
            await asyncio.sleep(random.uniform(*BETWEEN_S))  # noqa: S311 - no secret
            with self._lock:
                if among:
                    self._kill(random.choice(list(among)))  # noqa: S311 - no secret
                    return

    async def _kill_who_sends(self) -> None:
        while True:
            self._latest = 0
            while not self._latest:  # noqa: ASYNC110 - a thread fills it
                await asyncio.sleep(0.001)
            one = self._latest
            await asyncio.sleep(random.uniform(*SENDS_S))  # noqa: S311 - no secret
            with self._lock:
                if one in self._alive:
                    self._kill(one)
                    return

    def _kill(self, chosen: int) -> None:
        pauses = len(self._paused) < PAUSED_MOST and random.random() < self._pauses  # noqa: S311 - no secret
        self._forget(chosen)
        try:
            os.kill(chosen, signal.SIGSTOP if pauses else signal.SIGKILL)
        except ProcessLookupError:  # it ended by itself just now
            self.gone.append(chosen)
        else:
            self.killed.append(chosen)
            if pauses:
                self._wake_later(chosen)
        self._start()

    def _forget(self, one: int) -> None:
        self._alive.discard(one)
        self._sending.discard(one)

    def _wake_later(self, paused: int) -> None:
        """It wakes, has a while to do harm, and is killed; another has its place already."""
        self.paused += 1
        time.sleep(STOPS_S)
        self.interrupted |= open_sends(self._witness, paused)
        self._paused.add(paused)
        loop, wakes = asyncio.get_running_loop(), random.uniform(*PAUSED_S)  # noqa: S311 - no secret
        loop.call_later(wakes, os.kill, paused, signal.SIGCONT)
        loop.call_later(wakes + AWAKE_S, self._end, paused)

    def _end(self, paused: int) -> None:
        self._paused.discard(paused)
        with suppress(ProcessLookupError):  # its fuse may have burnt
            os.kill(paused, signal.SIGKILL)

    async def awake(self) -> None:
        """Until none is paused any more."""
        while self._paused:  # noqa: ASYNC110 - timers empty it
            await asyncio.sleep(0.1)

    def end(self) -> None:
        """Kill all."""
        with self._lock:
            self._over = True
            for one in [*self._alive, *self._paused]:
                with suppress(ProcessLookupError):
                    os.kill(one, signal.SIGKILL)


def open_sends(witness: Path, process: int) -> set[str]:
    """The deliveries that it has begun to send, and not ended."""
    lines = map(str.split, witness.read_text().splitlines() if witness.exists() else ())
    steps = {delivery: step for whose, delivery, step in lines if int(whose) == process}
    return {delivery for delivery, step in steps.items() if step == "begun"}


def _is_gone(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return True
    return False
