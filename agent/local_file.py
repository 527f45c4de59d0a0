"""A model file served inside this process, on loopback, by llama.cpp's own server (the optional extra `local`).

Importing this module loads the native library where it is installed, so only `app.wiring` imports it, and only for a model file.
"""

import asyncio
import os
import secrets
from pathlib import Path
from typing import Any

from content.errors import Invalid, Problem

try:
    import xllamacpp
except ImportError:
    xllamacpp = None

INSTALL = 'pip install --editable ".[local]"'
CONTEXT = 4096
"""Tokens of conversation the model can read at once."""
MAGIC = b"GGUF"
QUIET = 0
"""Only errors are written to the process's error output."""


def cores() -> int:
    """How many processor cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


class LocalFileServer:
    """Serves one GGUF file as an OpenAI-compatible endpoint until it is stopped.

    One request at a time, on all cores but one: with as many threads as a busy machine has cores, speed collapses five- to eightfold
    (measured 2026-11-22 on two). Another user of the machine, or a web page, cannot use it: every request needs `api_key`.
    """

    def __init__(self, path: Path, library: Any = xllamacpp) -> None:
        self.path = path
        self._library = library
        self.api_key = secrets.token_urlsafe(24)
        self._server: Any = None
        self._address = ""

    @property
    def name(self) -> str:
        """What to call the model: its file's name without the ending."""
        return self.path.stem

    @property
    def base_url(self) -> str:
        """The endpoint's address, once started."""
        return f"{self._address}/v1"

    async def start(self) -> None:
        """Load the file and listen on a free port; takes seconds for a large file, without holding up anything else.

        Raises:
            Invalid: the extra is not installed, or the file is missing or is not a model; says which, and what to do.
        """
        self._check()
        try:
            self._server = await asyncio.to_thread(self._serve)
        except RuntimeError as refused:
            raise self._invalid(
                "the server cannot load it.", "Use a GGUF file of a chat model that fits in memory."
            ) from refused
        self._address = str(self._server.listening_address)

    async def stop(self) -> None:
        """Stop serving and give the memory back; safe to repeat."""
        if self._server is not None:
            await asyncio.to_thread(self._release)

    def _serve(self) -> Any:
        params = self._library.CommonParams()
        params.model.path = str(self.path)
        params.n_ctx = CONTEXT
        params.n_parallel = 1
        params.cpuparams.n_threads = params.cpuparams_batch.n_threads = max(1, cores() - 1)
        params.no_extra_bufts = True  # no second, repacked copy of the weights: 700 MB less for 10 % slower reading
        params.hostnames = ["127.0.0.1"]
        params.port = 0
        params.api_keys = [self.api_key]
        params.cors_origins = ""
        params.ui = False
        params.verbosity = QUIET
        return self._library.Server(params)

    def _release(self) -> None:
        self._server = None  # the native server stops, and waits for its threads, when nothing holds it any more

    def _check(self) -> None:
        if not self.path.is_file():
            raise self._invalid("there is no such file.", "Check COPYDESK_MODEL_FILE.")
        with self.path.open("rb") as file:
            if file.read(len(MAGIC)) != MAGIC:
                raise self._invalid(
                    "it is not a GGUF file.", "Get the model as GGUF, such as one ending in Q4_K_M.gguf."
                )
        if self._library is None:
            raise self._invalid("what runs model files is not installed.", f"Install it: {INSTALL}")

    def _invalid(self, what: str, fix: str) -> Invalid:
        return Invalid("I cannot run the model file.", [Problem(str(self.path), what, fix)])
