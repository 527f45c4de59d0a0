"""Near-duplicates: whether a wording says nearly the same as another one on the same account.

The measure is the share of word pairs (two words that follow each other) that two texts have in common, links and hashtags
aside: 100 % are the same words in the same order. A shorter text of some length that stands in a longer one as a whole counts
too. Texts of fewer than 8 words are alike only where they are the same, and those of fewer than 4 never: “Good morning!” may be said
every day.

It is measured once, when a wording is written: a few hashed pairs of each wording are kept (`Mark`), wordings that share one
are looked up by an index and compared as a whole, and what is alike is kept (`Likeness`). So a claim compares nothing.
"""

import re
import unicodedata
from collections.abc import Collection, Iterable, Mapping, Sequence
from hashlib import blake2b
from itertools import pairwise

from sqlalchemy import delete, func, insert, select
from sqlalchemy.ext.asyncio import AsyncSession

from content import contents
from content.models import Likeness, Mark, Post, Revision, Variant, Workspace
from content.platform import Content

ALIKE = 75
"""Percent from which two texts are near-duplicates."""
MEASURED = 8
"""Words from which a text is measured; shorter ones must be the same."""
SPOKEN_OF = 4
"""Words from which a text is looked at."""
CONTAINED = 12
"""Pairs that the shorter of two texts needs to be looked for inside the longer."""
MARKS = 8
"""Hashed pairs kept of a wording: the smallest, so that what is alike has the same."""
MOST_COMPARED = 50
"""Earlier wordings that are compared as a whole: those with the most marks in common."""
_ASIDE = re.compile(r"https?://\S+|www\.\S+|#\w+")
_UNSPACED = "\u3040-\u30ff\u3400-\u9fff\u0e00-\u0e7f"
"""Scripts that put no spaces between words: each letter counts as one."""
_WORD = re.compile(rf"[{_UNSPACED}]|(?:(?![{_UNSPACED}])[^\W_])+(?:['’](?:(?![{_UNSPACED}])[^\W_])+)*")
Pairs = frozenset[tuple[str, ...]]


def pairs(texts: Iterable[str]) -> Pairs:
    """What is compared of a text in several parts; empty: it is too short for that."""
    spoken = unicodedata.normalize("NFKC", " ".join(texts)).casefold()
    words = _WORD.findall(_ASIDE.sub(" ", spoken))
    if len(words) < SPOKEN_OF:
        return frozenset()
    return frozenset(pairwise(words)) if len(words) >= MEASURED else frozenset([tuple(words)])


def percent(one: Pairs, other: Pairs) -> int:
    """How much alike two texts are: of all their pairs, those that both have."""
    common, shorter = len(one & other), min(len(one), len(other))
    if not common:
        return 0
    share = 2 * common / (len(one) + len(other))
    if shorter >= CONTAINED and common / shorter > share and 3 * shorter >= max(len(one), len(other)):
        share = common / shorter
    return round(100 * share)


def marks(of: Pairs) -> list[int]:
    """The hashes by which what is alike is found."""
    return sorted(_hashed(pair) for pair in of)[:MARKS]


def _hashed(pair: tuple[str, ...]) -> int:
    return int.from_bytes(blake2b("\0".join(pair).encode(), digest_size=8).digest(), "big", signed=True)


async def note(session: AsyncSession, post: Post, written: Mapping[Variant, Content]) -> None:
    """Find what the post's new wordings are like, and let them be found; its earlier wordings are forgotten.

    The workspace is locked: of two that are written at once, the second sees the first.
    """
    await session.get_one(Workspace, post.workspace_id, with_for_update=True)
    earlier = select(Variant.id).join(Revision, Revision.id == Variant.revision_id)
    earlier = earlier.where(Revision.post_id == post.id, Revision.number < post.revision)
    await session.execute(delete(Mark).where(Mark.variant_id.in_(earlier)))
    await session.execute(delete(Likeness).where(Likeness.variant_id.in_(earlier) | Likeness.other_id.in_(earlier)))
    for variant, content in written.items():
        mine = pairs(part.text for part in content.parts)
        if mine:
            await _note(session, variant, mine)


async def _note(session: AsyncSession, variant: Variant, mine: Pairs) -> None:
    values = marks(mine)
    others = await _candidates(session, variant, values)
    await session.execute(
        insert(Mark), [{"account_id": variant.account_id, "value": each, "variant_id": variant.id} for each in values]
    )
    found = {other: percent(mine, theirs) for other, theirs in others.items()}
    alike = [(other, much) for other, much in found.items() if much >= ALIKE]
    if alike:
        both = [(one, two, much) for other, much in alike for one, two in ((variant.id, other), (other, variant.id))]
        await session.execute(
            insert(Likeness), [{"variant_id": one, "other_id": two, "percent": much} for one, two, much in both]
        )


async def _candidates(session: AsyncSession, variant: Variant, values: Collection[int]) -> dict[str, Pairs]:
    """The wordings on the account that have the most marks in common with this one."""
    shared: Sequence[str] = (
        await session.scalars(
            select(Mark.variant_id)
            .where(Mark.account_id == variant.account_id, Mark.value.in_(values))
            .group_by(Mark.variant_id)
            .order_by(func.count().desc(), Mark.variant_id)
            .limit(MOST_COMPARED)
        )
    ).all()
    rows = await session.execute(select(Variant.id, Variant.content).where(Variant.id.in_(shared)))
    return {name: pairs(part.text for part in contents.read(kept).parts) for name, kept in rows}
