import json
import re
import time
from pathlib import Path

import pytest

from agent.guided import features
from agent.guided.exemplars import ACTIONS, FILLINGS, exemplars
from agent.guided.router import Router
from memory.embeddings import LocalEmbedder

DEVELOPMENT = [
    json.loads(line) for line in Path(__file__).with_name("development.jsonl").read_text("utf-8").splitlines()
]


def test_every_action_has_at_least_fifty_exemplars_and_no_blank_is_left() -> None:
    said = exemplars()
    for action in ACTIONS:
        assert sum(1 for each in said if each.action == action) >= 50, action
    assert not [each.say for each in said if re.search(r"[{}]", each.say) or not each.say.strip()]


def test_no_two_actions_share_an_exemplar() -> None:
    meant: dict[str, set[str]] = {}
    for each in exemplars():
        meant.setdefault(each.say.lower(), set()).add(each.action)
    assert not [say for say, actions in meant.items() if len(actions) > 1]


def test_the_exemplars_are_always_the_same() -> None:
    assert exemplars() == exemplars()
    assert all(words for words in FILLINGS.values())


async def test_training_is_quick_and_always_gives_the_same_answer() -> None:
    embedder = LocalEmbedder()
    await embedder.embed(["loaded before the clock starts"])
    ranked, took = [], []
    for _ in range(2):
        before = time.process_time()
        router = Router(embedder)
        await router.prepare()
        took.append(time.process_time() - before)
        ranked.append(await router.rank("draft a post about tea"))
    assert min(took) < 4.0, "CPU seconds: 0.4 on a quiet machine, more beside other work and under coverage"
    assert ranked[0] == ranked[1]


async def test_training_happens_once(router: Router) -> None:
    assert await router.prepare() is await router.prepare()


async def test_the_chances_of_all_actions_add_up_to_one(router: Router) -> None:
    ranked = await router.rank("hm")
    assert {likely.action for likely in ranked} == set(ACTIONS)
    assert sum(likely.p for likely in ranked) == pytest.approx(1, abs=1e-5)
    assert [likely.p for likely in ranked] == sorted((likely.p for likely in ranked), reverse=True)


async def test_the_wording_used_during_development_is_understood(router: Router) -> None:
    """A floor against regressions, not a score: these sentences were looked at while the router was built."""
    first = third = 0
    for each in DEVELOPMENT:
        actions = [likely.action for likely in await router.rank(each["say"])]
        first += actions[0] == each["tool"]
        third += each["tool"] in actions[:3]
    assert first >= 0.93 * len(DEVELOPMENT)
    assert third >= 0.98 * len(DEVELOPMENT)


def test_what_says_nothing_about_the_action_is_left_out() -> None:
    text = features.plain("Post this on @Blue.Example: “We’re open”, see https://a.example/x", ["blue.example"])
    assert text == "post this on account: quoted, see link"
    assert features.plain("announce: " + "we are open again from Monday on") == "announce: quoted"


def test_a_name_is_only_replaced_as_a_whole_word() -> None:
    assert features.plain("an example for X", ["x"]) == "an example for account"


def test_a_very_long_message_is_cut() -> None:
    assert len(features.plain("word " * 10_000)) <= features.LONGEST


def test_a_text_without_words_has_features_too() -> None:
    assert features.grams(["", "\ud83d"]).shape == (2, features.WIDTH)
    assert not features.cues(["zzz zzz zzz zzz"]).any()
