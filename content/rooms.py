"""How much a process does at a time: posts, what people wait for, and what is done afterwards, each in a room of its own.

So posts always find room, whatever else there is to do: two hundred cards that a crash had left to be drawn, or as many turns
that wait for a slow model, kept a process from sending anything for as long as they took.
"""

from collections import Counter
from enum import StrEnum

PUBLISH = "publish"
TELLING = ("notify", "redraw")
COUNTING = ("collect", "learn")
"""They ask other machines, which may take long to answer."""
AFTERWARDS = (*TELLING, *COUNTING)
"""Kinds of jobs that tell, count or learn what was done."""
FULL = 150
"""Posts that a process sends at a time, and as many jobs of other kinds; what is due then is left to others, or waits until some ended."""
AT_LEISURE = 16
"""Jobs that tell, and as many that count; they share the core with the posts that are due."""
CROWD = 20
"""Posts that a process sends at a time, with which it lets what is done afterwards wait."""


class Room(StrEnum):
    """What a kind of job belongs to."""

    POSTS = "posts"
    TELLING = "telling"
    COUNTING = "counting"
    OTHERS = "others"


KINDS = {Room.POSTS: (PUBLISH,), Room.TELLING: TELLING, Room.COUNTING: COUNTING}
"""All others belong to `Room.OTHERS`."""
_MOST = {Room.POSTS: FULL, Room.TELLING: AT_LEISURE, Room.COUNTING: AT_LEISURE, Room.OTHERS: FULL}
_TOLD = {
    Room.POSTS: (FULL - 1, CROWD - 1),
    Room.TELLING: (AT_LEISURE // 2,),
    Room.COUNTING: (AT_LEISURE // 2,),
    Room.OTHERS: (FULL - 1,),
}
"""Numbers of running jobs, come down to which it is worth while to look for more; not at each of many small ones."""


class Rooms:
    """What runs in a process."""

    def __init__(self) -> None:
        self._running: Counter[Room] = Counter()

    def enter(self, kind: str) -> None:
        """A job of this kind begins."""
        self._running[_room(kind)] += 1

    def leave(self, kind: str) -> bool:
        """It ended. Returns whether another may begin now that might not before."""
        room = _room(kind)
        self._running[room] -= 1
        return self._running[room] in _TOLD[room]

    def left(self) -> dict[str, int]:
        """How many more may begin, by room."""
        return {room.value: _MOST[room] - self._running[room] for room in Room}

    @property
    def full(self) -> bool:
        """Whether nothing may begin that somebody waits for."""
        return all(self._running[room] >= FULL for room in (Room.POSTS, Room.OTHERS))

    @property
    def crowded(self) -> bool:
        """Whether so many posts are sent that what is done afterwards waits."""
        return self._running[Room.POSTS] >= CROWD


def _room(kind: str) -> Room:
    return next((room for room, kinds in KINDS.items() if kind in kinds), Room.OTHERS)
