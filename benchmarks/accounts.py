"""Accounts that benchmarks publish on."""

from collections.abc import Iterable
from typing import NamedTuple

from app.wiring import App
from content.ids import new_id
from content.models import Account
from content.people import Actor


class Named(NamedTuple):
    """An account to be."""

    platform: str
    name: str
    """Its handle, its id on the platform, and the token that it logs in with."""
    server: str


async def add_accounts(app: App, actor: Actor, names: Iterable[Named]) -> None:
    """Connect each, as if its owner had been to the platform's page."""
    async with app.db.writing() as session:
        session.add_all(_account(app, actor, one) for one in names)


def _account(app: App, actor: Actor, one: Named) -> Account:
    return Account(
        id=new_id("account"),
        workspace_id=actor.workspace_id,
        platform=one.platform,
        remote_id=one.name,
        handle=one.name,
        server=one.server,
        facts={},
        sealed=app.sealer.seal({"access_token": one.name, "client_id": "c", "client_secret": "s"}),
        connected_by=actor.member_id,
        connected_at=app.clock.now(),
    )
