"""How fast pages are: the chat page of someone who is signed in, in a conversation where every fifth message is a card."""

from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter

from app.serve import open_desk
from app.settings import Settings
from app.wiring import build
from benchmarks.endpoint import ANSWER, POST
from benchmarks.figures import Figure, figure
from benchmarks.running_desk import RunningDesk, ask, running_desk
from benchmarks.startup import OPEN, READY
from content.transcript import PAGE, Line
from content.wording import Wording
from web.signin import COOKIE

MESSAGES, EVERY = 50, 5
"""Messages in the conversation; one of so many shows a post."""
SHOWN = min(PAGE, MESSAGES)
CARDS = SHOWN // EVERY


async def measure(*, quick: bool) -> list[Figure]:
    """Pages a second, one after another on one connection."""
    rounds, pages = (1, 2) if quick else (8, 25)
    with TemporaryDirectory() as folder:
        cookie = f"{COOKIE}={await _prepared(Path(folder))}"
        with running_desk(Path(folder)) as desk:
            desk.wait_for(OPEN if quick else READY)
            _fetch(desk, cookie, 3)
            found = [_fetch(desk, cookie, pages) for _ in range(rounds)]
    by_clock, by_cpu = (list(each) for each in zip(*found, strict=True))
    what = f"chat page, signed in, over HTTP: {SHOWN} of {MESSAGES} messages, {CARDS} of them cards"
    return [figure("pages_per_s", by_clock, what), figure("pages_per_cpu_s", by_cpu, "the same, for a CPU second")]


async def _prepared(folder: Path) -> str:
    """A desk with a page full of messages; returns the secret of a session."""
    app = build(Settings(data_dir=folder, zone="Europe/Berlin"))
    try:
        token = await open_desk(app)
        actor = await app.people.open_desk("Europe/Berlin")
        place = await app.webchat.open(actor)
        for number in range(MESSAGES):
            subject = None
            if number % EVERY == 0:
                post = await app.desk.posts.draft(actor, [Wording((f"{POST} ({number})",), ())])
                subject = f"post:{post.id}"
            await app.transcript.add(place.conversation_id, Line("" if subject else ANSWER, subject))
        return await app.people.sign_in(token)
    finally:
        await app.close()


def _fetch(desk: RunningDesk, cookie: str, pages: int) -> tuple[float, float]:
    """Pages a second, and pages a CPU second of the desk."""
    connection = desk.connect()
    cpu, clock = desk.cpu_s(), perf_counter()
    for _ in range(pages):
        status, body = ask(connection, "/", cookie)
        if status != 200 or body.count(POST[:20].encode()) < CARDS:
            msg = f"this is not the chat page: status {status}, {len(body)} bytes"
            raise RuntimeError(msg)
    seconds, cpu_seconds = perf_counter() - clock, desk.cpu_s() - cpu
    connection.close()
    return pages / seconds, pages / max(cpu_seconds, 0.01)
