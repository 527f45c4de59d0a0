"""A form answered one question at a time: at most one a member and conversation, sealed, and forgotten at its end."""

from datetime import timedelta

import pytest
from cryptography.fernet import Fernet

from content.connecting import Field
from content.database import Database
from content.forms import LASTS, Forms
from content.models import OpenForm, Role
from content.sealing import Sealer
from content.transcript import Transcript
from tests.content.conftest import Build
from tests.fakes.clock import FakeClock
from tests.fakes.desk import Desk

FIELDS = (
    Field("server", "Your server", "url", "such as mastodon.example"),
    Field("who", "Who?", options=(("m1", "Jo"), ("m2", "Sam")), required=False),
)


@pytest.fixture
async def desk(build: Build) -> Desk:
    return await build()


@pytest.fixture
def forms(db: Database, clock: FakeClock) -> Forms:
    return Forms(db, clock, Sealer([Fernet.generate_key()]))


@pytest.fixture
async def room(desk: Desk) -> str:
    return await Transcript(desk.db, desk.clock).open(desk.actor.workspace_id, "telegram", "7", outward=True)


async def test_it_asks_for_one_answer_after_the_other(forms: Forms, desk: Desk, room: str) -> None:
    step = await forms.begin(desk.actor, room, "connect:mastodon:0", FIELDS)
    assert (step.field, step.key, step.ended) == (FIELDS[0], "connect:mastodon:0", False)
    await forms.asked(step.form_id, "7:1")
    again = await forms.open(desk.actor, room)
    assert again is not None
    assert (again.field, again.asked_ref) == (FIELDS[0], "7:1")
    step = await forms.answer(step.form_id, "server", "mastodon.social", "event 1")
    assert step.field == FIELDS[1]
    step = await forms.answer(step.form_id, "who", "m2", "event 2")
    assert step.field is None
    assert step.answers == {"server": "mastodon.social", "who": "m2"}


async def test_answers_are_sealed(forms: Forms, desk: Desk, room: str) -> None:
    step = await forms.begin(desk.actor, room, "connect:x:0", FIELDS)
    await forms.answer(step.form_id, "server", "a secret word", "event 1")
    [row] = await desk.rows(OpenForm)
    assert "a secret word" not in str(vars(row))


async def test_a_new_form_ends_the_one_before(forms: Forms, desk: Desk, room: str) -> None:
    await forms.begin(desk.actor, room, "edit:post_1:1", FIELDS)
    await forms.begin(desk.actor, room, "edit:post_2:1", FIELDS)
    step = await forms.open(desk.actor, room)
    assert step is not None
    assert step.key == "edit:post_2:1"
    await forms.end(desk.actor, room)
    assert await forms.open(desk.actor, room) is None


async def test_it_is_for_one_member(forms: Forms, desk: Desk, room: str) -> None:
    await forms.begin(desk.actor, room, "edit:post_1:1", FIELDS)
    assert await forms.open(await desk.member(Role.EDITOR), room) is None


async def test_it_is_forgotten_after_a_while(forms: Forms, desk: Desk, room: str, clock: FakeClock) -> None:
    await forms.begin(desk.actor, room, "edit:post_1:1", FIELDS)
    clock.set(clock.now() + LASTS + timedelta(seconds=1))
    assert await forms.open(desk.actor, room) is None


async def test_an_answer_delivered_again_is_recognised_even_after_the_end(forms: Forms, desk: Desk, room: str) -> None:
    step = await forms.begin(desk.actor, room, "edit:post_1:1", FIELDS)
    assert await forms.was_answer(desk.actor, room, "event 1") is None
    await forms.answer(step.form_id, "server", "x", "event 1")
    again = await forms.was_answer(desk.actor, room, "event 1")
    assert again is not None
    assert not again.ended
    await forms.end(desk.actor, room)
    ended = await forms.was_answer(desk.actor, room, "event 1")
    assert ended is not None
    assert ended.ended
    assert not ended.answers
