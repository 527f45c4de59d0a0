"""How much Slack takes: every number in one place, with where it was read. Lengths are counted by `size`.

SDK: slack-sdk 3.48 (`models/blocks`, `models/views`). DOC: docs.slack.dev, read 2026-11-26. REF: Slack's method reference of
2026-05-26. OWN: our own margin below what others saw refused. Nothing of it was tried on a live Slack.
"""

MESSAGE_BLOCKS = 50  # DOC
MESSAGE_CHARS = 10_000  # OWN: about 13,200 was refused as msg_blocks_too_long (bolt-js#2509)
FALLBACK = 4_000  # REF: chat.update; chat.postMessage would take more
FALLBACK_AIMED = 3_000  # OWN
TEXT_OBJECT = 3_000  # SDK: section, plain_text and mrkdwn
RICH_TEXT = 3_000  # OWN: a whole rich_text block
RICH_AIMED = 2_800  # OWN
HEADER = 150  # SDK
CONTEXT_ELEMENTS = 10  # SDK; we use three
CONTEXT_AIMED = 1_000  # OWN: longer is no small print any more
ACTIONS_ELEMENTS = 25  # SDK
BUTTON_TEXT = 75  # SDK
BUTTON_VALUE = 2_000  # SDK
ACTION_ID = 255  # SDK
BLOCK_ID = 255  # SDK
LINK_AIMED = 2_500  # OWN: words and address of one link, so that it fits a block uncut
CONFIRM_TITLE = 100  # SDK
CONFIRM_TEXT = 300  # SDK
CONFIRM_BUTTON = 30  # SDK
FILE_ALT = 1_000  # REF: files.getUploadURLExternal alt_txt
FILE_TITLE = 255  # OWN

CHART_TITLE = 50  # DOC: data_visualization
CHART_LABEL = 20  # DOC: categories, names of series, labels of points
CHART_AXIS = 50  # DOC: x_label, y_label
CHART_POINTS = 20  # DOC
CHART_SERIES = 6  # DOC; 12 elsewhere
TABLE_COLUMNS = 20  # DOC: data_table
TABLE_ROWS = 100  # DOC: without the headings
TABLE_PAGE = 100  # DOC: page_size
TABLE_CHARS = 10_000  # DOC: all cells of a message
TABLE_AIMED = 8_000  # OWN: its monospace twin must fit a message as well
WIDE = 90  # OWN: characters of a monospace line that a screen still shows unbroken

VIEW_BLOCKS = 100  # SDK
VIEW_TITLE = 24  # SDK: title, submit, close
VIEW_METADATA = 3_000  # SDK
VIEW_BYTES = 250_000  # REF
VIEW_BYTES_AIMED = 200_000  # OWN
VIEW_WORDS = 30_000  # OWN: of what a form came to
HOME_BYTES = 100_000  # OWN: a page nobody scrolls to the end of
EXTERNAL_ID = 255  # REF
CALLBACK_ID = 255  # SDK
INPUT_LABEL = 2_000  # SDK
INPUT_HINT = 2_000  # SDK
INPUT_TEXT = 3_000  # SDK: max_length of plain_text_input
INPUT_AIMED = 2_700  # OWN: so that a text can grow a little
PLACEHOLDER = 150  # SDK
OPTIONS = 100  # SDK: of one select, of one group; and groups of a select
OPTION_TEXT = 75  # SDK
OPTION_VALUE = 150  # SDK

MANIFEST = {
    "name": 35,
    "description": 140,
    "long_description_least": 174,
    "long_description": 4_000,
    "agent_description": 300,
    "suggested_prompts": 4,
    "shortcut_name": 24,
    "shortcut_description": 150,
    "command_description": 2_000,
    "usage_hint": 1_000,
}
"""Fields of an app manifest (DOC, and node-slack-sdk `manifest.ts`)."""


def size(text: str) -> int:
    """Length as the strictest reader counts: in UTF-16 units, so that an emoji may count twice."""
    return len(text) if text.isascii() else len(text.encode("utf-16-le", "surrogatepass")) // 2


def fitting(text: str, most: int) -> int:
    """How many characters of the text, from its start, are within `most`."""
    end = min(len(text), most)
    while (over := size(text[:end]) - most) > 0:
        end -= (over + 1) // 2
    return end


def clipped(text: str, most: int) -> str:
    """The text, or as much of it as fits with an ellipsis that says so."""
    if size(text) <= most:
        return text
    return text[: fitting(text, most - 1)].rstrip() + "…"
