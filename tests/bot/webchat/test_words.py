import pytest

from bot.webchat.words import inline, link, marked_up


@pytest.mark.parametrize(
    ("text", "html"),
    [
        ("Hello\nthere", '<p dir="auto">Hello<br>there</p>'),
        ("one\n\ntwo", '<p dir="auto">one</p>\n<p dir="auto">two</p>'),
        ("- a\n- b", '<ul><li dir="auto">a</li><li dir="auto">b</li></ul>'),
        ("• a", '<ul><li dir="auto">a</li></ul>'),
        ("3. c\n4. d", '<ol start="3"><li dir="auto">c</li><li dir="auto">d</li></ol>'),
        ("Look:\n- a", '<p dir="auto">Look:</p>\n<ul><li dir="auto">a</li></ul>'),
        ("```\na < b\n```", "<pre><code>a &lt; b</code></pre>"),
        ("```python\nx = 1\n```", "<pre><code>x = 1</code></pre>"),
        ("```one line```", "<pre><code>one line</code></pre>"),
        ("never closed ``` here", '<p dir="auto">never closed</p>\n<p dir="auto">``` here</p>'),
        ("", ""),
    ],
)
def test_light_markdown_becomes_blocks(text: str, html: str) -> None:
    assert marked_up(text) == html


@pytest.mark.parametrize(
    ("text", "html"),
    [
        ("**bold**, *slanted* and _so_", "<strong>bold</strong>, <em>slanted</em> and <em>so</em>"),
        ("`**code**`", "<code>**code**</code>"),
        ("2 * 3 * 4 and snake_case_name", "2 * 3 * 4 and snake_case_name"),
        ("in file:///a/b%20%3Cc%3E/post.md", "in <code>/a/b &lt;c&gt;/post.md</code>"),
        ("**a `b` c**", "<strong>a </strong><code>b</code><strong> c</strong>"),
    ],
)
def test_emphasis_is_read_where_it_is_meant(text: str, html: str) -> None:
    assert inline(text) == html


def test_links_open_apart_and_tell_nobody_where_they_came_from() -> None:
    assert inline("[the **docs**](https://example.org/a?b=1&c=2)") == (
        '<a href="https://example.org/a?b=1&amp;c=2" target="_blank" rel="noopener noreferrer nofollow">'
        "the **docs**</a>"
    )
    assert inline("see https://example.org/x.").endswith(">https://example.org/x</a>.")


@pytest.mark.parametrize(
    "text",
    [
        "<script>alert(1)</script>",
        "[x](javascript:alert(1))",
        '[x](https://e.org/"onmouseover=alert(1)>)',
        'https://e.org/"><img src=x onerror=alert(1)>',
        "**<img src=x onerror=alert(1)>**",
        "`<b>`",
        "- <svg onload=alert(1)>",
        "```\n</code><script>alert(1)</script>\n```",
        "[<i>](https://e.org)",
        "[a](data:text/html,<script>alert(1)</script>)",
    ],
)
def test_hostile_text_never_becomes_markup(text: str) -> None:
    html = marked_up(text)
    for tag in ("<script", "<img", "<svg", "<b>", "<i>"):
        assert tag not in html
    assert 'href="javascript' not in html
    assert 'href="data' not in html
    assert '"onmouseover' not in html


def test_an_address_that_is_not_the_web_stays_text() -> None:
    assert link("javascript:alert(1)", "<x>") == "&lt;x&gt;"


def test_a_long_hostile_text_is_drawn_at_once() -> None:
    for text in ("*" * 20_000, "[" * 20_000, "`" * 19_999, "_a" * 10_000, "**a" * 6_000, "https://" * 2_500):
        assert marked_up(text)
