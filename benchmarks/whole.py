"""The whole turn, from what a person typed to the answer and the card in their transcript, on SQLite with everything wired."""

from pathlib import Path
from tempfile import TemporaryDirectory
from time import process_time

from app.serve import open_desk
from app.settings import Settings
from app.wiring import App, build, think
from benchmarks.endpoint import endpoint
from benchmarks.figures import Figure, figure
from content.errors import WrongState
from content.people import Actor

ASKED = "Please write a post about the new oven: from Saturday we bake rye and spelt every morning at six."


async def measure(*, quick: bool) -> list[Figure]:
    """CPU of whole turns that draft a post each."""
    count = 2 if quick else 60
    with endpoint("draft") as address, TemporaryDirectory() as folder:
        settings = Settings(
            data_dir=Path(folder),
            openai_base_url=address,
            model="scripted",
            model_mode="native",
            embeddings="local",
            zone="Europe/Berlin",
        )
        app = build(settings)
        try:
            await open_desk(app)
            await think(app)
            actor = await app.people.open_desk("Europe/Berlin")
            spent = [await _turn(app, actor, number) for number in range(count + 3)][3:]
            await _check(app, actor, count + 3)
        finally:
            await app.close()
    what = "message kept, briefing, turn that drafts a post, rows, card and answer"
    return [figure("whole_turn_cpu_ms", spent, what)]


async def _turn(app: App, actor: Actor, number: int) -> float:
    """CPU milliseconds from a typed message to its answer; the job runner's own look for work is not in it."""
    place = await app.webchat.open(actor)
    before = process_time()
    await app.webchat.say(actor, ASKED, (), "", f"bench-{number}")
    await app.handlers["turn"](place.conversation_id)
    return (process_time() - before) * 1000


async def _check(app: App, actor: Actor, turns: int) -> None:
    """A figure counts only if the work was done: one post a turn, and message, card and answer of the last one.

    Raises:
        WrongState: it was not.
    """
    place = await app.webchat.open(actor)
    newest = (await app.transcript.page(place.conversation_id)).messages[-3:]
    post = await app.desk.posts.numbered(actor.workspace_id, 0)
    if post.number != turns or newest[1].subject != f"post:{post.id}" or not newest[2].text:
        raise WrongState("The turns that were measured did not do their work. Look at what they said.")
