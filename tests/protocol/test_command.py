"""Command lines and the arguments of MAIL and RCPT."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fakesmtp.protocol.command import (
    Command,
    PathArgument,
    inside_brackets,
    parse_parameter,
    parse_path_argument,
)


@pytest.mark.parametrize(
    ("line", "command"),
    [
        (b"NOOP\r\n", Command("NOOP", "")),
        (b"ehlo a b\n", Command("EHLO", "a b")),
        (b"EHLO  x\r\n", Command("EHLO", " x")),
        (b"\t\0 quit \0\r\n", Command("QUIT", "")),
        (b"EHLO\tx\r\n", Command("EHLO\tX", "")),
        (b"FO\xc3\xa9 x", Command("FO\ufffd\ufffd", "x")),
        (b"\r\n", Command("", "")),
    ],
)
def test_lines(line: bytes, command: Command) -> None:
    """The first space separates verb and argument; blanks at the ends are ignored."""
    assert Command.parse(line) == command


@given(st.binary(max_size=100))
def test_any_bytes_are_a_command(line: bytes) -> None:
    """Any bytes are a command whose verb has no space."""
    assert " " not in Command.parse(line).verb


@pytest.mark.parametrize(
    ("argument", "cut_at_last", "parsed"),
    [
        ("FROM:<a@b> X Y=1", False, PathArgument("<a@b>", ("X", "Y=1"))),
        ("from: <a@b>", False, PathArgument("<a@b>", ())),
        ('FROM:<"a> b"@c>', False, PathArgument('<"a>', ('b"@c>',))),
        ('FROM:<"a> b"@c>', True, PathArgument('<"a> b"@c>', ())),
        ("FROM:<a@b>X", False, PathArgument("<a@b>X", ())),
        ("FROM", False, None),
        ("FROM :<a@b>", False, None),
        ("TO:<a@b>", False, None),
        (":<a@b>", False, None),
        ("", False, None),
    ],
)
def test_path_arguments(argument: str, cut_at_last: bool, parsed: PathArgument | None) -> None:  # noqa: FBT001 - a column of the table
    """Keyword, path and parameters are separated where the software does it."""
    assert parse_path_argument(argument, "FROM", cut_at_last=cut_at_last) == parsed


@pytest.mark.parametrize(
    ("parameter", "parsed"),
    [("size=10", ("SIZE", "10")), ("foo", ("foo", "")), ("=x", ("=x", "")), ("A=", ("A", ""))],
)
def test_parameters(parameter: str, parsed: tuple[str, str]) -> None:
    """Only a name before an equals sign becomes upper-case."""
    assert parse_parameter(parameter) == parsed


@pytest.mark.parametrize(
    ("path", "inside"),
    [("<>", ""), ("< a >", " a "), ("< >", " "), ("<a", None), ("a>", None), ("<", None)],
)
def test_brackets(path: str, inside: str | None) -> None:
    """Only a path in both brackets has an inside, which keeps its blanks."""
    assert inside_brackets(path) == inside
