"""A desk that one can talk to, for every test here that asks."""

from tests.fakes.agent_desk import opens

__all__ = ["opens"]
