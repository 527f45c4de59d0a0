"""The benchmarks run, measure what they promise, and judge by what is expected. How good the figures are is for `make bench` to say."""

import json
from collections.abc import Sequence
from pathlib import Path

import pytest

from benchmarks.__main__ import main
from benchmarks.due import CROWDS, WORKERS
from benchmarks.figures import Figure, figure
from benchmarks.table import AT_LEAST, AT_MOST, as_text, rows, verdict, write

MILLISECONDS = {"floor_turn_cpu_ms", "turn_cpu_ms_1", "turn_cpu_ms_50", "turn_cpu_ms_500", "whole_turn_cpu_ms"}
STOCK = {"stock_turn_cpu_ms_1", "stock_turn_cpu_ms_50", "stock_conversation_bytes_50"}
BYTES = {"conversation_bytes_50", "conversation_bytes_500"}
PROCESS = {"first_answer_cpu_s", "ready_cpu_s", "rss_mib"}
RATES = {"turns_per_cpu_s", "pages_per_s", "pages_per_cpu_s"}

INBOX = {
    "bare_bolt_per_s",
    *(f"{chat}_inbox_{what}" for chat in ("slack", "telegram") for what in ("per_s", "ratio", "p99_ms")),
}
FANOUT = {"fanout_extra_ms", "fanout_part_of_sum"}


def due(crowds: Sequence[int], workers: Sequence[int]) -> set[str]:
    found = set()
    for count in crowds:
        desks = ["sqlite", *(f"{name}_{many}" for name in ("workers", "bare") for many in workers)]
        found |= {f"due_{count}_{desk}_{what}" for desk in desks for what in ("per_s", "p50_s", "p99_s")}
        found |= {f"due_{count}_workers_{many}_ratio" for many in workers}
    return found


def measured(target: Path, *parts: str) -> dict[str, float]:
    chosen = [word for part in parts for word in ("--only", part)]
    assert main(["--quick", "--json", str(target), *chosen]) == 0
    found: dict[str, float] = json.loads(target.read_text())
    return found


def test_turns_are_measured_beside_a_stock_agent(tmp_path: Path) -> None:
    found = measured(tmp_path / "turns.json", "floor", "turns", "stock", "whole")
    assert found.keys() == MILLISECONDS | STOCK | BYTES | {"turns_per_cpu_s"}
    assert all(1 < found[key] < 5_000 for key in MILLISECONDS | STOCK - {"stock_conversation_bytes_50"})
    assert found["floor_turn_cpu_ms"] < found["turn_cpu_ms_50"] < found["whole_turn_cpu_ms"]
    assert all(4_096 <= found[key] <= AT_MOST[key] for key in BYTES)
    assert found["stock_conversation_bytes_50"] > found["conversation_bytes_50"]


def test_a_desk_is_started_and_its_pages_are_measured(tmp_path: Path) -> None:
    found = measured(tmp_path / "desk.json", "startup", "pages")
    assert found.keys() == PROCESS | {"pages_per_s", "pages_per_cpu_s"}
    assert 0.1 < found["first_answer_cpu_s"] < found["ready_cpu_s"] < 60
    assert 50 < found["rss_mib"] < 2_000
    assert 0.1 < found["pages_per_s"] < 10_000


def test_what_chats_deliver_is_measured_beside_a_bare_app(tmp_path: Path) -> None:
    found = measured(tmp_path / "inbox.json", "inbox")
    assert found.keys() == INBOX
    assert 1 < found["slack_inbox_per_s"] < found["bare_bolt_per_s"] * 2
    assert 0.01 < found["telegram_inbox_ratio"] < 3
    assert 0.1 < found["slack_inbox_p99_ms"] < 10_000


def test_a_crowd_that_is_due_at_once_is_measured_beside_a_bare_celery_task(tmp_path: Path) -> None:
    found = measured(tmp_path / "due.json", "due")
    assert found.keys() == due([40], [1])
    assert 1 < found["due_40_workers_1_per_s"] < found["due_40_bare_1_per_s"] * 3
    assert 0 < found["due_40_sqlite_p50_s"] <= found["due_40_sqlite_p99_s"] < 60


def test_a_post_to_eight_accounts_is_measured_against_the_slowest_of_their_servers(tmp_path: Path) -> None:
    found = measured(tmp_path / "fanout.json", "fanout")
    assert found.keys() == FANOUT
    assert 0 < found["fanout_extra_ms"] < 5_000
    assert 0.2 < found["fanout_part_of_sum"] < 1


def test_everything_expected_is_measured() -> None:
    assert AT_MOST.keys() | AT_LEAST.keys() <= MILLISECONDS | BYTES | PROCESS | INBOX | FANOUT | due(CROWDS, WORKERS)


def test_a_figure_is_the_median_and_its_quartiles() -> None:
    assert figure("x_ms", [5, 1, 3, 2, 4], "") == Figure("x_ms", 3, 1.5, 4.5, 5, "")


def test_few_rounds_show_their_extremes() -> None:
    assert figure("x_ms", [2, 1], "") == Figure("x_ms", 1.5, 1, 2, 2, "")


@pytest.mark.parametrize(
    ("key", "value", "said"),
    [
        ("turn_cpu_ms_50", 15, "ok"),
        ("turn_cpu_ms_50", 15.1, "short"),
        ("slack_inbox_ratio", 0.5, "ok"),
        ("slack_inbox_ratio", 0.49, "short"),
        ("rss_mib", 1e6, ""),
    ],
)
def test_a_figure_is_judged_by_what_is_expected(key: str, value: float, said: str) -> None:
    assert verdict(figure(key, [value], "")) == said


def test_the_table_names_every_figure_with_its_spread(tmp_path: Path) -> None:
    figures = [figure("whole_turn_cpu_ms", [20.04, 30, 26, 28], "a turn"), figure("rss_mib", [120.4], "memory")]
    assert as_text(rows(figures)).splitlines() == [
        "| figure            | median | spread       | rounds | expected |       | what   |",
        "|-------------------|--------|--------------|--------|----------|-------|--------|",
        "| whole_turn_cpu_ms | 27     | 21.5 .. 29.5 | 4      | <= 25    | short | a turn |",
        "| rss_mib           | 120    |              | 1      |          |       | memory |",
    ]
    write(figures, tmp_path / "latest.json")
    assert json.loads((tmp_path / "latest.json").read_text()) == {"whole_turn_cpu_ms": 27.0, "rss_mib": 120.4}
