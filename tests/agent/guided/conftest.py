import pytest

from agent.guided.router import Router
from memory.embeddings import LocalEmbedder


@pytest.fixture(scope="session")
def router() -> Router:
    """One for all tests: it is trained once and never changes."""
    return Router(LocalEmbedder())
