import re

from content.ids import new_id


def test_an_id_says_what_it_names_and_is_never_given_twice() -> None:
    made = {new_id("post") for _ in range(1000)}
    assert len(made) == 1000
    assert all(re.fullmatch(r"post_[0-9a-f]{16}", one) for one in made)
