"""When things go out."""

from typing import Literal

from langchain_core.tools import tool

from content.models import PostState
from content.repeating import repeats
from content.spans import Span, stretch
from content.times import said as said_time
from content.views import PostView
from tools.context import Context, Runtime
from tools.replies import Reply, post_line, said, shown


@tool(response_format="content_and_artifact")
async def schedule_post(
    post: int, action: Literal["set", "hold", "release", "cancel"], runtime: Runtime, when: str = ""
) -> Reply:
    """Set a post's time (`when` in the person's words, also “next free slot” or “every Friday 17:00”), hold, release or cancel it."""
    here = runtime.context
    found = await here.post(post)
    if action == "set" and repeats(when):
        return await _repeat(here, found.id, when)
    if action == "set":
        scheduled = await here.desk.schedule.set(here.actor, found.id, when)
        words = f"#{found.number} is planned for {scheduled.echo}. {_approval(scheduled.post)}"
        return shown(words, f"post:{found.id}")
    change = {
        "hold": (here.desk.schedule.hold, "is on hold"),
        "release": (here.desk.schedule.release, "goes out at its time again"),
        "cancel": (here.desk.schedule.cancel, "is cancelled where it was not out yet"),
    }
    do, done = change[action]
    return shown(f"#{found.number} {done}.", f"post:{found.id}", post_line(await do(here.actor, found.id)))


async def _repeat(here: Context, post_id: str, when: str) -> Reply:
    series = await here.desk.series.propose(here.actor, post_id, when)
    words = f"#{series.post.number} would go out {series.when}, the last {series.last_words}. "
    return shown(words + series.starts_by(here.actor.member_id), f"series:{series.id}")


def _approval(post: PostView) -> str:
    """Whether it will go out, and what will be asked first."""
    yes = "It is approved." if post.state is PostState.APPROVED else "It goes out only once a person approves it."
    return " ".join([yes, *dict.fromkeys(each.words for one in post.deliveries for each in one.cautions)])


@tool(response_format="content_and_artifact")
async def show_calendar(runtime: Runtime, span: Span = "this week") -> Reply:
    """Show what goes out when."""
    here = runtime.context
    now = here.desk.clock.now()
    entries = await here.desk.schedule.calendar(here.actor.workspace_id, *stretch(span, now, here.actor.zone))
    lines = [
        f"{said_time(one.at, here.actor.zone, now)}: #{one.number} {one.label}, {one.state.value}, {one.words}"
        for one in entries
    ]
    words = f"Here is {span}." if lines else f"Nothing is planned for {span}."
    return shown(words, f"calendar:{span}", "\n".join(lines))


@tool(response_format="content_and_artifact")
async def plan_recurring(when: str, instruction: str, runtime: Runtime) -> Reply:
    """Do what the instruction says here, by yourself, again and again (“every other Friday 17:00 until 1 March”, or an RRULE)."""
    here = runtime.context
    plan = await here.desk.plans.add(here.actor, here.conversation_id, when, instruction)
    return said(
        f"Planned {plan.when}, next {plan.next_words}. What it drafts still needs a person's approval. "
        "/plans shows it, with a button to end it."
    )
