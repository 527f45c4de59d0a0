"""The house's rules that no linter knows: sizes, names of platforms, patches, secrets in the environment."""

import ast
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from integrations import PLATFORMS
from integrations.trends import SOURCES

ROOT = Path(__file__).parent.parent
PACKAGES = ("app", "bot", "web", "agent", "tools", "memory", "integrations", "content")
LONGEST_MODULE, LONGEST_FUNCTION = 400, 40
PATCHES_PER_TEST = 0.1


def modules(*folders: str) -> Iterator[Path]:
    for folder in folders or PACKAGES:
        yield from (
            path for path in (ROOT / folder).rglob("*.py") if not {"versions", "node_modules"} & set(path.parts)
        )


def functions(tree: ast.AST) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    return (node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef))


def body_lines(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """Lines of the function's statements; the signature and the docstring are free."""
    body = function.body
    if isinstance(body[0], ast.Expr) and isinstance(body[0].value, ast.Constant):
        body = body[1:]
    return (body[-1].end_lineno or 0) - body[0].lineno + 1 if body else 0


def test_no_module_is_longer_than_four_hundred_lines() -> None:
    long = {
        str(path.relative_to(ROOT)): n
        for path in modules()
        if (n := len(path.read_text().splitlines())) > LONGEST_MODULE
    }
    assert long == {}


def test_no_function_is_longer_than_forty_lines() -> None:
    long = {
        f"{path.relative_to(ROOT)}:{function.name}": size
        for path in modules()
        for function in functions(ast.parse(path.read_text()))
        if (size := body_lines(function)) > LONGEST_FUNCTION
    }
    assert long == {}


def words_in_strings(path: Path) -> Iterator[str]:
    """Every word of every string that is not a docstring."""
    tree = ast.parse(path.read_text())
    docstrings = {
        id(node.body[0].value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef)
        and node.body
        and isinstance(node.body[0], ast.Expr)
    }
    attributes = {
        id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in docstrings | attributes:
            yield from re.findall(r"\w+", node.value.lower())


GENERIC = {"folder", "feed", "x"}
"""Names of ours that are ordinary words too: only as a whole string do they name the platform or source."""


@pytest.mark.parametrize("name", sorted({*PLATFORMS, *SOURCES} - GENERIC))
def test_a_platform_or_source_is_named_only_in_integrations(name: str) -> None:
    others = [package for package in PACKAGES if package != "integrations"]
    settings = ROOT / "app" / "settings.py"  # its examples of hosts may name one
    leaks = [
        str(path.relative_to(ROOT)) for path in modules(*others) if path != settings and name in words_in_strings(path)
    ]
    assert leaks == []


@pytest.mark.parametrize("name", sorted(GENERIC))
def test_a_generic_name_is_never_a_whole_string(name: str) -> None:
    others = [package for package in PACKAGES if package != "integrations"]
    leaks = [
        str(path.relative_to(ROOT))
        for path in modules(*others)
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Compare)
        and any(isinstance(one, ast.Constant) and one.value == name for one in node.comparators)
    ]
    assert leaks == []


def test_platforms_import_no_platform() -> None:
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
    independent = next(one for one in contracts if one["type"] == "independence")["modules"]
    assert set(independent) == {f"integrations.{name}" for name in PLATFORMS}


def test_patches_are_rare() -> None:
    tests = patches = 0
    for path in modules("tests"):
        tree = ast.parse(path.read_text())
        tests += sum(function.name.startswith("test_") for function in functions(tree))
        patches += len(re.findall(r"monkeypatch\.set|mock\.patch|\bpatch\(", path.read_text()))
    assert patches <= PATCHES_PER_TEST * tests, f"{patches} patches in {tests} tests"


def test_only_the_settings_read_the_environment() -> None:
    readers = [
        str(path.relative_to(ROOT))
        for path in modules()
        if re.search(r"os\.environ|os\.getenv|BaseSettings\)", path.read_text())
    ]
    assert readers == ["app/lean.py", "app/settings.py"]  # the first sets what libraries read, and reads nothing


def test_no_module_is_called_after_nothing() -> None:
    vague = {"utils", "helpers", "base", "manager", "common", "misc", "util"}
    assert [str(path) for path in modules() if path.stem in vague] == []


def test_a_tool_takes_at_most_fifteen_lines_and_there_are_at_most_twelve() -> None:
    found = {
        function.name: body_lines(function)
        for path in modules("tools")
        for function in functions(ast.parse(path.read_text()))
        if any("tool" in ast.dump(one) for one in function.decorator_list)
    }
    assert len(found) == 12
    assert {name: size for name, size in found.items() if size > 15} == {}


def test_the_lock_files_name_no_package_index() -> None:
    for path in ROOT.glob("requirements*.txt"):
        assert not re.search(r"https?:|--index-url|--find-links", path.read_text()), path
