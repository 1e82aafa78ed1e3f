"""Tables in the width of a terminal."""

from __future__ import annotations

import sys

import pytest

from fakesmtp.cli.table import columns_of, make_table, painter

HEADS = ("ID", "FROM", "SUBJECT")
ROWS = [
    ("1", "a@example.com", "안녕하세요, 주문이 접수되었습니다"),
    ("22", "b@example.com", "short"),
]


def test_columns_are_aligned_by_their_width_on_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    """A Hangul syllable takes two columns; a combining mark takes none."""
    monkeypatch.delenv("COLUMNS")
    rows = [("안녕", "x"), ("e\u0301", "y")]
    assert list(make_table(("A", "B"), rows)) == ["A     B", "안녕  x", "e\u0301     y"]


def test_a_pipe_gets_whole_lines(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a terminal nothing is cut or left out."""
    monkeypatch.delenv("COLUMNS")
    lines = list(make_table(HEADS, ROWS, optional=("FROM",)))
    assert lines[1] == "1   a@example.com  안녕하세요, 주문이 접수되었습니다"


def test_a_process_without_an_output_has_no_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where standard output is closed, tables are whole and nothing is coloured."""
    monkeypatch.delenv("COLUMNS")
    monkeypatch.setattr(sys, "stdout", None)
    assert next(make_table(("ID",), [("1",)])) == "ID"
    assert painter()("text", "red") == "text"


@pytest.mark.parametrize("width", [30, 40, 50])
def test_a_terminal_gets_its_width(monkeypatch: pytest.MonkeyPatch, width: int) -> None:
    """Cells are cut until each line fits; short cells stay whole."""
    monkeypatch.setenv("COLUMNS", str(width))
    lines = list(make_table(HEADS, ROWS))
    assert max(map(columns_of, lines)) <= width
    assert lines[1].endswith("…")
    assert lines[2].startswith("22  ")


def test_optional_columns_are_left_out_first(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the table is too wide, optional columns are left out before cells are cut."""
    monkeypatch.setenv("COLUMNS", "40")
    lines = list(make_table(HEADS, ROWS, optional=("FROM",)))
    assert lines == ["ID  SUBJECT", "1   안녕하세요, 주문이 접수되었습니다", "22  short"]


def test_a_table_that_fits_is_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    """A table as wide as the terminal keeps its optional columns."""
    monkeypatch.setenv("COLUMNS", "4")
    assert list(make_table(("A", "B"), [("1", "2")], optional=("B",))) == ["A  B", "1  2"]
