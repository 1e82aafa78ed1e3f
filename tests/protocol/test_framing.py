"""Lines and messages are the same, in whatever pieces the bytes arrive."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fakesmtp.protocol.framing import LONGEST_LINE, LineReader, MessageReader

#: The bytes sent after DATA, and the bytes that are kept.
MESSAGES = [
    (b".\r\n", b""),
    (b"a\r\n.\r\n", b"a\r\n"),
    (b"..\r\n.\r\n", b".\r\n"),
    (b"...a\r\n.\r\n", b"..a\r\n"),
    (b".a\r\n.\r\n", b".a\r\n"),
    (b"a\r\n..\r\nb\r\n..c\r\n.\r\n", b"a\r\n.\r\nb\r\n.c\r\n"),
    (b"a\n.\r\nb\r\n.\r\n", b"a\n.\r\nb\r\n"),
    (b"a\r\n.\nb\r\n.\r\n", b"a\r\n.\nb\r\n"),
    (b"a\n..b\r\n.\r\n", b"a\n.b\r\n"),
    (b"a\r.\r\nb\r\n.\r\n", b"a\r.\r\nb\r\n"),
    (b"a\r\n.\r.\r\n.\r\n", b"a\r\n.\r.\r\n"),
    (b"\0\xff\r\n.\r\n", b"\0\xff\r\n"),
    (b"\r\n\r\n.\r\n", b"\r\n\r\n"),
    (b"x" * 2000 + b"\r\n.\r\n", b"x" * 2000 + b"\r\n"),
    (b"x" * LONGEST_LINE + b"\r\n.\r\n", b"x" * LONGEST_LINE + b"\r\n"),
    (b"x" * LONGEST_LINE + b"\n.\r\n\r\n.\r\n", b"x" * LONGEST_LINE + b"\n.\r\n\r\n"),
]
TOO_LONG = [
    b"x" * (LONGEST_LINE + 1) + b"\r\n",
    b"x" * (LONGEST_LINE + 1) + b"\n",
    b"x" * LONGEST_LINE + b"\r\r\n",
    b"x" * 100_000 + b"\r\n",
]


def cut(data: bytes, sizes: list[int]) -> list[bytes]:
    """Return data in pieces of these sizes; the rest is the last piece."""
    pieces = []
    for size in sizes:
        pieces.append(data[:size])
        data = data[size:]
    return [*pieces, data]


def read(pieces: list[bytes], max_size: int = 2**20) -> tuple[MessageReader, bytes | None]:
    """Feed pieces until the message ends; return the reader and the bytes after the message."""
    reader = MessageReader(max_size)
    for number, piece in enumerate(pieces):
        rest = reader.feed(piece)
        if rest is not None:
            return reader, rest + b"".join(pieces[number + 1 :])
    return reader, None


@pytest.mark.parametrize(("sent", "kept"), MESSAGES)
@pytest.mark.parametrize("behind", [b"", b"QUIT\r\n", b"\r\n.\r\n"])
@pytest.mark.parametrize("step", [1, 2, 3, 7, 10**6])
def test_messages_are_kept_as_sent(sent: bytes, kept: bytes, behind: bytes, step: int) -> None:
    """Message and rest are the same for any size of the pieces, also with trailing data."""
    data = sent + behind
    pieces = [data[start : start + step] for start in range(0, len(data), step)]
    reader, rest = read(pieces)
    assert (reader.raw(), rest) == (kept, behind)


@pytest.mark.parametrize("line", TOO_LONG, ids=len)
@pytest.mark.parametrize("step", [1, 4000, 10**6])
def test_overlong_lines_of_a_message_are_dropped(line: bytes, step: int) -> None:
    """A line of more than 8192 bytes is counted and dropped; its neighbours stay."""
    data = b"a\r\n" + line + b"b\r\n.\r\n"
    pieces = [data[start : start + step] for start in range(0, len(data), step)]
    reader, rest = read(pieces)
    assert (reader.long_lines, reader.raw(), rest) == (1, b"a\r\nb\r\n", b"")


@pytest.mark.parametrize("line", TOO_LONG, ids=len)
def test_dropped_line_does_not_end_a_message(line: bytes) -> None:
    """A dot after a dropped line ends the message only after CRLF."""
    _, rest = read([line, b".\r\n", b"\r\n.\r\n"])
    assert rest == (b"\r\n.\r\n" if line.endswith(b"\r\n") else b"")


@given(
    st.lists(st.sampled_from([b".", b"\r", b"\n", b"\r\n", b"a", b"..", b"\r\n.\r\n"])).map(
        b"".join
    ),
    st.lists(st.integers(0, 9)),
)
def test_any_pieces_give_the_same_message(data: bytes, sizes: list[int]) -> None:
    """Dots, CRs and LFs in any order and any pieces are read as in one piece."""
    whole, rest = read([data])
    reader, rest_of_pieces = read(cut(data, sizes))
    assert rest_of_pieces == rest
    assert reader.raw() == whole.raw()
    assert reader.size == whole.size


@given(st.binary(max_size=300).filter(lambda data: b"\n" not in data and b"\r" not in data))
def test_stuffed_lines_are_unstuffed(line: bytes) -> None:
    """A dot-stuffed line is kept without the additional dot (RFC 5321 §4.5.2)."""
    stuffed = b"." + line if line.startswith(b".") else line
    reader, rest = read([stuffed + b"\r\n.\r\n"])
    assert (reader.raw(), rest) == (line + b"\r\n", b"")


def test_message_at_the_limit_is_kept() -> None:
    """A message of exactly the limit, counted in bytes on the wire, is not too big."""
    reader, _ = read([b"..345\r\n.\r\n"], max_size=7)
    assert not reader.is_too_big
    assert reader.raw() == b".345\r\n"


def test_message_over_the_limit_is_read_to_its_end_and_dropped() -> None:
    """A message of one byte more is too big; its end is found."""
    reader, rest = read([b"..345", b"6\r\n", b"more\r\n.\r\nNOOP\r\n"], max_size=7)
    assert reader.is_too_big
    assert (reader.raw(), rest) == (b"", b"NOOP\r\n")


@given(st.lists(st.sampled_from([b"NOOP", b"\r", b"\n", b"\r\n", b"x" * 8192, b"y"])).map(b"".join))
def test_any_pieces_give_the_same_lines(data: bytes) -> None:
    """Command lines are the same byte by byte as in one piece."""
    assert lines_of([bytes([byte]) for byte in data]) == lines_of([data])


def lines_of(pieces: list[bytes]) -> list[bytes]:
    """Return all lines of these pieces."""
    reader, lines = LineReader(), []
    for piece in pieces:
        reader.feed(piece)
        while (line := reader.next_line()) is not None:
            lines.append(line)
    return lines


def test_endless_line_takes_no_memory() -> None:
    """Bytes of an over-long line are dropped as they arrive; the line is reported at its end."""
    reader = endless_line()
    reader.feed(b"\r\nNOOP\r\n")
    assert [reader.next_line(), reader.next_line()] == [b"", b"NOOP\r\n"]
    assert len(endless_line().take_rest()) <= LONGEST_LINE + 2


def endless_line() -> LineReader:
    """Return a reader in the middle of a line of 1 MB."""
    reader = LineReader()
    for _ in range(100):
        reader.feed(b"x" * 10_000)
        assert reader.next_line() is None
    return reader
