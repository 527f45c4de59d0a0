"""What the documents say is so: commands, settings, paths, links; and nothing in the project names a place of ours."""

import re
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import pytest

from app.__main__ import COMMANDS
from app.settings import Settings, example, variable
from docs.settings_table import BEGIN, END, with_table

ROOT = Path(__file__).parent.parent
DOCUMENTS = [*sorted(ROOT.glob("*.md")), *sorted((ROOT / "docs").glob("*.md"))]
CODE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
INLINE = re.compile(r"`([^`\n]+)`")
PATH = re.compile(r"\.?[\w-]+(?:/[\w@.-]+)+/?|[\w-]+\.(?:py|md|toml|txt|sh)|\.ci/run|Makefile|Dockerfile")
LINK = re.compile(r"\]\(([^)\s]+)\)|<img[^>]*\ssrc=\"([^\"]+)\"")
HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)
VARIABLE = re.compile(r"\b(?:COPYDESK|OPENAI)_[A-Z_]+\b")
TO_BE_MADE = re.compile(r"\bfoo\b|^data/|^benchmarks/latest\.json$")
"""What a reader will add, and what our programs write."""
AFTER_SETUP = {"copydesk", "pip", "pytest", "python", "ruff", "mypy", "lint-imports"}
"""What is in `.venv/bin` after `make setup`."""
OURS = (
    "/" + "work/",
    "work/" + "shared",
    "as-a-" + "stranger",
    "pypi" + ".org",
    "pythonhosted" + ".org",
    "registry.npm" + "js",
)
"""Put together here, so that this file does not name them either."""
FOLDERS = ("app", "bot", "web", "agent", "tools", "memory", "integrations", "content", "docs", "tests", "benchmarks")
TEXTS = {".py", ".md", ".toml", ".mjs", ".json", ".html", ".css", ".js", ".txt", ".example", ".mako", ""}


def named(document: Path) -> str:
    return str(document.relative_to(ROOT))


def commands(text: str) -> Iterator[str]:
    """Every command line: in blocks of shell, and between backticks."""
    for kind, code in CODE.findall(text):
        if kind in {"sh", "console"}:
            yield from (line.partition("#")[0].strip() for line in code.replace("\\\n", " ").splitlines())
    yield from INLINE.findall(CODE.sub("", text))


def targets() -> set[str]:
    return set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))


@pytest.mark.parametrize("document", DOCUMENTS, ids=named)
def test_every_command_in_the_documents_exists(document: Path) -> None:
    for command in commands(document.read_text()):
        words = [word for word in command.split() if not VARIABLE.match(word)]
        match words:
            case ["make", *wanted]:
                assert set(wanted) <= targets(), command
            case ["copydesk" | ".venv/bin/copydesk", subcommand, *_]:
                assert subcommand in COMMANDS, command
            case [".venv/bin/python", "-m", module, *_]:
                assert find_spec(module), command
            case [program, *_] if program.startswith(".venv/bin/"):
                assert program.removeprefix(".venv/bin/") in AFTER_SETUP, command


def test_the_table_of_settings_is_the_one_of_today() -> None:
    readme = (ROOT / "README.md").read_text()
    assert readme.count(BEGIN) == readme.count(END) == 1
    assert with_table(readme) == readme, "write it anew with: .venv/bin/python -m docs.settings_table"


def test_the_example_of_settings_is_the_one_of_today() -> None:
    written = (ROOT / ".env.example").read_text()
    assert written == example(), "write it anew with: .venv/bin/python -m docs.settings_table"


@pytest.mark.parametrize("document", DOCUMENTS, ids=named)
def test_every_setting_named_in_the_documents_is_one(document: Path) -> None:
    settings = {variable(name) for name in Settings.model_fields}
    assert set(VARIABLE.findall(document.read_text())) <= settings


@pytest.mark.parametrize("document", DOCUMENTS, ids=named)
def test_every_path_named_in_the_documents_is_there(document: Path) -> None:
    names = [name.partition("::")[0] for name in INLINE.findall(CODE.sub("", document.read_text()))]
    paths = [name for name in names if PATH.fullmatch(name) and not TO_BE_MADE.search(name)]
    assert [path for path in paths if not found(path)] == []


def found(path: str) -> bool:
    """Whether there is such a path; a file's name alone may stand in any package."""
    if path.startswith(".venv/bin/"):
        return path.removeprefix(".venv/bin/") in AFTER_SETUP
    if "/" in path:
        return (ROOT / path).exists()
    return (ROOT / path).exists() or any(ROOT.glob(f"[a-z]*/{path}"))


@pytest.mark.parametrize("document", DOCUMENTS, ids=named)
def test_every_link_between_the_documents_leads_somewhere(document: Path) -> None:
    prose = INLINE.sub("", CODE.sub("", document.read_text()))
    for link in (one or other for one, other in LINK.findall(prose)):
        if link.startswith(("https://", "http://")):
            continue
        path, _, heading = link.partition("#")
        target = document.parent / path if path else document
        assert target.exists(), f"{named(document)}: {link}"
        assert not heading or heading in anchors(target), f"{named(document)}: {link}"


def anchors(document: Path) -> set[str]:
    """The names under which a page's headings can be linked to."""
    headings = HEADING.findall(CODE.sub("", document.read_text()))
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def texts(folder: Path) -> Iterator[Path]:
    """What people wrote in a folder."""
    for path in folder.iterdir():
        if path.is_dir() and path.name not in {"node_modules", "__pycache__"}:
            yield from texts(path)
        elif path.is_file() and path.suffix in TEXTS:
            yield path


def test_nothing_names_a_place_of_ours_or_a_package_registry() -> None:
    ours = [*DOCUMENTS, ROOT / "Makefile", ROOT / "Dockerfile", ROOT / "pyproject.toml", *texts(ROOT / ".ci")]
    for folder in FOLDERS:
        ours += texts(ROOT / folder)
    leaks = [f"{named(path)}: {word}" for path in ours for word in OURS if word in path.read_text()]
    assert leaks == []
