"""What can keep a post from going out, in one hand: shown and set on the card of settings. What they do is in `content/firing.py`."""

from collections.abc import Mapping
from dataclasses import dataclass

from content.blackouts import Blackouts, BlackoutView
from content.database import Database
from content.models import Workspace
from content.objections import Objections
from content.pace import AccountPace, Pace
from content.platform import Platform
from content.switch import AS_USUAL, Standing, Switch
from content.times import Clock


@dataclass(frozen=True)
class GuardsView:
    """The guards of a workspace as they are."""

    paces: tuple[AccountPace, ...] = ()
    blackouts: tuple[BlackoutView, ...] = ()
    """Those that are not over."""
    standing: Standing = AS_USUAL


class Guards:
    """Reads them together; each is changed through its own service."""

    def __init__(self, db: Database, clock: Clock, platforms: Mapping[str, Platform], *, dry: bool = False) -> None:
        """`dry`: whoever runs the desk lets it only rehearse."""
        self._db = db
        self.pace = Pace(db, clock, platforms)
        self.blackouts = Blackouts(db, clock, platforms)
        self.switch = Switch(db, clock, dry=dry)
        self.objections = Objections(db, clock, platforms)

    async def view(self, workspace_id: str) -> GuardsView:
        """All of them as they are now."""
        standing = await self.switch.standing(workspace_id)
        async with self._db.reading() as session:
            workspace = await session.get(Workspace, workspace_id)
            if workspace is None:
                return GuardsView()
            return GuardsView(
                paces=await self.pace.view(session, workspace_id),
                blackouts=await self.blackouts.view(session, workspace_id),
                standing=standing,
            )
