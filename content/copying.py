"""An occurrence of a series: a post with the same wording, approved by the yes that the series has."""

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from content import contents, likeness, notices
from content.approvals import Yes, arm, bind
from content.audit import record
from content.ids import new_id
from content.models import Account, Delivery, Post, PostState, Revision, Series, Variant, Workspace
from content.times import Clock
from content.views import variants_of
from content.when import Moment


async def copy_of(session: AsyncSession, clock: Clock, post: Post, series: Series, moment: Moment) -> bool:
    """Make the post that goes out then, on every account of the wording that is still connected; False: there is none."""
    now = clock.now()
    variants = await _reachable(session, post)
    if not variants:
        return False
    workspace = await session.get_one(Workspace, post.workspace_id, with_for_update=True)
    copy = Post(
        id=new_id("post"),
        workspace_id=post.workspace_id,
        number=workspace.next_number(),
        author_id=post.author_id,
        conversation_id=series.conversation_id,
        brief=post.brief,
        state=PostState.APPROVED,
        revision=1,
        series_id=series.id,
        created_at=now,
    )
    revision = Revision(
        id=new_id("revision"),
        post_id=copy.id,
        number=1,
        author_id=post.author_id,
        change=f"made by the series of #{post.number}",
        created_at=now,
    )
    session.add(copy)
    await session.flush()
    session.add(revision)
    await session.flush()
    written, yes = {}, Yes(series.approved_by, series.button, series.approved_at)
    for account_id, variant in variants.items():
        same = _same(variant, revision)
        session.add(same)
        written[same] = contents.read(variant.content)
        await _deliver(session, clock, copy, yes, moment, account_id, variant)
    await likeness.note(session, copy, written)
    record(session, workspace_id=post.workspace_id, verb="post.repeated", subject=copy.id, at=now, series=series.id)
    await notices.redraw(session, clock, copy.id)
    return True


async def _reachable(session: AsyncSession, post: Post) -> dict[str, Variant]:
    variants = await variants_of(session, post)
    gone = select(Account.id).where(Account.id.in_(variants), Account.state == "disconnected")
    for account_id in (await session.scalars(gone)).all():
        del variants[account_id]
    return variants


def _same(variant: Variant, revision: Revision) -> Variant:
    return Variant(
        id=new_id("variant"),
        revision_id=revision.id,
        account_id=variant.account_id,
        content=variant.content,
        digest=variant.digest,
    )


async def _deliver(
    session: AsyncSession, clock: Clock, copy: Post, yes: Yes, moment: Moment, account_id: str, variant: Variant
) -> None:
    """A delivery with an approval of its own, bound to what exactly goes out, by whom the series was approved."""
    delivery = Delivery(
        id=new_id("delivery"),
        workspace_id=copy.workspace_id,
        post_id=copy.id,
        account_id=account_id,
        due_at=moment.at,
        zone=moment.zone,
    )
    session.add(delivery)
    await session.flush()
    await bind(session, delivery, variant, yes)
    await arm(session, clock, delivery)
