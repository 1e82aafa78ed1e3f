"""Parts of messages: boundaries, bodies, attachments and limits."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from made_messages import make_message

from fakesmtp.messages import Attachment, ReceivedMessage
from fakesmtp.messages.mime import split_message


def multipart(*parts: bytes, kind: bytes = b"mixed", boundary: bytes = b"b") -> bytes:
    """Return a multipart message; each part has its header."""
    delimiter = b"\r\n--" + boundary.strip(b'"')
    body = b"".join(delimiter + b"\r\n" + part for part in parts) + delimiter + b"--\r\n"
    return b"Content-Type: multipart/" + kind + b"; boundary=" + boundary + b"\r\n" + body


def message_of(*parts: bytes, kind: bytes = b"mixed", boundary: bytes = b"b") -> ReceivedMessage:
    """Return a message of these parts."""
    return make_message(multipart(*parts, kind=kind, boundary=boundary))


TEXT = b"\r\none"
HTML = b"Content-Type: text/html\r\n\r\n<p>two"


@pytest.mark.parametrize(
    "boundary",
    [
        b"it's1",
        b'"it\'s1"',
        b'"<<001>>"',
        b"<<001>>",
        b"----=_Part_1_2.3",
        b'"----=_Part_1_2.3"',
        b'"=?utf-8?Q?b?="',
        b'"a b:c=(d)?"',
        b'"--"',
        b'"b--"',
        b"b;",
        b"x" * 200,
    ],
)
def test_boundaries(boundary: bytes) -> None:
    """A multipart is parsed with any characters in its boundary, quoted or not."""
    message = message_of(TEXT, HTML, boundary=boundary.strip(b";"))
    assert (message.text, message.html, message.attachments) == ("one", "<p>two", ())


@pytest.mark.parametrize("end", [b"\r\n", b"\n"])
@pytest.mark.parametrize("blanks", [b"", b" \t"])
def test_line_ends_around_delimiters(end: bytes, blanks: bytes) -> None:
    """A delimiter may be followed by blanks, and the line end before it belongs to it."""
    raw = multipart(b"\r\none\r\n", HTML).replace(b"--b", b"--b" + blanks).replace(b"\r\n", end)
    raw = raw.replace(b"--b" + blanks + b"--", b"--b--" + blanks)
    message = make_message(raw)
    assert (message.text, message.html) == ("one\n", "<p>two")


def test_invalid_delimiters() -> None:
    """A line that only begins like a delimiter is text, as is the delimiter of no multipart."""
    assert message_of(b"\r\none\r\n--bb\r\n--\r\n--c--").text == "one\n--bb\n--\n--c--"


def test_nested_multiparts() -> None:
    """The outer delimiter ends inner multiparts that are not closed (RFC 2046 section 5.1.2)."""
    inner = (
        b"Content-Type: multipart/alternative; boundary=i\r\n\r\n--i\r\n\r\none\r\n--i\r\n" + HTML
    )
    message = message_of(inner, b"Content-Type: image/png\r\n\r\nx")
    assert (message.text, message.html) == ("one", "<p>two")
    assert message.attachments == (Attachment(None, "image/png", b"x"),)


def test_parts_are_numbered() -> None:
    """Parts are numbered by their place in the tree, also after a broken multipart."""
    raw = (
        b"Content-Type: multipart/mixed; boundary=o\r\n\r\n--o\r\n\r\none\r\n--o\r\n"
        b"Content-Type: multipart/related; boundary=i\r\n\r\n--i\r\n\r\na\r\n--i\r\n\r\nb\r\n"
        b"--i--\r\n--o\r\nContent-Type: multipart/mixed; boundary=never\r\n\r\nbroken\r\n"
        b"--o\r\n\r\nlast\r\n--o--\r\n"
    )

    assert [part.number for part in split_message(raw).parts] == ["1", "2.1", "2.2", "3", "4"]
    assert [part.number for part in split_message(b"Subject: x\r\n\r\nx").parts] == ["0"]


def test_a_boundary_that_is_used_twice() -> None:
    """An inner multipart with the boundary of the outer one is parsed too."""
    message = message_of(b"Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\none", TEXT)
    assert message.text == "one\none"


def test_no_blank_line() -> None:
    """Without a blank line after the header of a message or part, nothing is lost."""
    message = make_message(
        b"Content-Type: multipart/mixed;\r\n boundary=b\r\npreamble\r\n--b\r\nno header\r\n--b\r\n"
        b"X: y\r\nat once\r\n--b\r\nContent-Type: text/html\r\n--b--"
    )
    assert (message.text, message.html) == ("no header\nat once", "")


@pytest.mark.parametrize(
    "head",
    [
        b"Content-Type: text/html; name=mail.html",
        b"Content-Type: text/html\r\nContent-Disposition: inline; filename=mail.html",
        b"Content-Type: text/html\r\nContent-Disposition: (c) INLINE (d); filename=mail.html",
        b"Content-Type: text/html\r\nContent-Disposition: filename=mail.html",
    ],
)
def test_bodies_with_a_name(head: bytes) -> None:
    """A body that has a file name is a body, and is found by the name."""
    for message in (make_message(head + b"\r\n\r\n<p>x"), message_of(TEXT, head + b"\r\n\r\n<p>x")):
        assert (message.html, message.attachments) == ("<p>x", ())
        assert message.attachment("mail.html").content == b"<p>x"


@pytest.mark.parametrize(
    "disposition", [b"attachment", b"ATTACHMENT (x); a=b", b"form-data; name=a"]
)
def test_texts_that_are_attachments(disposition: bytes) -> None:
    """A text with the disposition `attachment`, or an unknown one, is an attachment (RFC 2183)."""
    message = message_of(TEXT, b"Content-Disposition: " + disposition + b"\r\n\r\nx")
    assert (message.text, message.attachments) == ("one", (Attachment(None, "text/plain", b"x"),))


def test_several_bodies() -> None:
    """All texts are in `text` and all HTML in `html`, each on its own lines."""
    message = message_of(TEXT, HTML, b"\r\nthree\r\n", b"\r\nfour", HTML)
    assert (message.text, message.html) == ("one\nthree\nfour", "<p>two\n<p>two")


def test_attributes_of_an_attachment() -> None:
    """An attachment has its content id, its disposition, and the method of a calendar."""
    picture, calendar = message_of(
        b"Content-Type: image/png\r\nContent-ID: <logo@example.com>\r\n"
        b"Content-Disposition: inline; filename=a.png\r\n\r\nx",
        b"Content-Type: text/calendar; method=REQUEST; charset=utf-8\r\n\r\nBEGIN:VCALENDAR",
    ).attachments
    assert (picture.content_id, picture.disposition) == ("logo@example.com", "inline")
    assert (picture.method, picture.problem) == (None, None)
    assert (calendar.content_id, calendar.disposition, calendar.method) == (None, None, "REQUEST")


def test_an_attachment_that_cannot_be_decoded() -> None:
    """An attachment is decoded as far as possible, the rest is as sent; `problem` reports both."""
    head = b"Content-Type: image/png\r\nContent-Transfer-Encoding: "
    digit, unknown = message_of(
        head + b"base64\r\n\r\naGVsbG8=I", head + b"x-foo\r\n\r\nabc"
    ).attachments
    assert (digit.content, digit.problem) == (b"hello", "cannot be decoded as base64")
    assert (unknown.content, unknown.problem) == (b"abc", "cannot be decoded as x-foo")


@pytest.mark.parametrize(
    ("encoding", "body", "text"),
    [
        (b"base64", b"aGVsbG8=\r\nIHdvcmxk", "hello world"),
        (b"base64", b"aGVsbG8=I", "[cannot be decoded as base64] hello"),
        (
            b"base64",
            b"Plain text, 8 words and not at all Base64.",
            "[cannot be decoded as base64] Plain",
        ),
        (b"Quoted - Printable (x)", b"a= \r\nb", "ab"),
        (b"7bits", b"abc", "[cannot be decoded as 7bits] abc"),
        (b"8bit;", b"abc", "abc"),
    ],
)
def test_transfer_encodings(encoding: bytes, body: bytes, text: str) -> None:
    """The content is complete, or the marker says that it is not."""
    shown = make_message(b"Content-Transfer-Encoding: " + encoding + b"\r\n\r\n" + body).text
    assert shown is not None
    assert shown.startswith(text)


INNER = (
    b"Subject: =?utf-8?q?a?=\r\n  =?utf-8?q?b?=\nX:  y \r\nodd\r\n"
    b"Content-Type: multipart/mixed; boundary=i\r\n\r\n\xff\r\n--i\r\n\r\n\r\n--i--\r\n \0"
)


@pytest.mark.parametrize("kind", [b"mixed", b"digest"])
def test_an_attached_message_is_kept_byte_for_byte(kind: bytes) -> None:
    """An attached message has its exact bytes, whatever is wrong in it."""
    head = b"" if kind == b"digest" else b"Content-Type: message/rfc822\r\n"
    message = message_of(head + b"\r\n" + INNER, kind=kind)
    assert message.attachments == (Attachment(None, "message/rfc822", INNER),)


# -- too much --------------------------------------------------------------------------------------


def nested(depth: int, kind: bytes, before: bytes = b"") -> bytes:
    """Return a message of `levels` levels; `before` is text before the header of each part."""
    return b"".join(
        b"Content-Type: " + kind.replace(b"%", b"%d" % level) + b"\r\n\r\n--%d\r\n" % level + before
        for level in range(depth)
    )


@pytest.mark.parametrize("depth", [99, 100, 101, 5000])
def test_deep_multiparts(depth: int) -> None:
    """A hundred levels are parsed; deeper ones are text with a marker."""
    raw = nested(depth, b"multipart/mixed; boundary=%") + b"\r\nthe end"
    text = make_message(raw).text
    assert text is not None
    assert text.endswith("the end")
    assert text.startswith("[not parsed: nested in 100 multiparts]") == (depth > 100)


@pytest.mark.parametrize("kind", [b"message/rfc822", b"multipart/digest; boundary=%"])
def test_deep_messages(kind: bytes) -> None:
    """Nested messages are kept, and `parsed` has a defect."""
    raw = nested(5000, kind, b"\r\n" if b"digest" in kind else b"") + b"\r\nthe end"
    message = make_message(raw)
    assert message.attachments[0].content.endswith(b"the end")
    assert [str(defect) for defect in message.parsed.defects] == [
        "nested too deeply, or broken: not parsed"
    ]
    assert message.parsed["Content-Type"] is not None


def test_too_many_parts() -> None:
    """After ten thousand parts the rest is one part with a marker."""
    message = message_of(
        *[b"Content-Type: image/png\r\n\r\n%d" % number for number in range(10_005)]
    )
    assert len(message.attachments) == 10_001
    assert message.attachments[9999].content == b"9999"
    assert message.attachments[-1].content.startswith(
        b"--b\r\nContent-Type: image/png\r\n\r\n10000"
    )
    assert message.attachments[-1].problem == "not parsed: everything after 10000 parts"


@given(
    st.lists(st.sampled_from([b"--b", b"--b--", b"--", b"-", b"b", b"\r", b"\n", b"\r\n", b" "]))
)
def test_parts_are_slices_of_the_message(pieces: list[bytes]) -> None:
    """Parts are slices of the message, in order, that do not overlap."""
    raw = b"Content-Type: multipart/mixed; boundary=b\r\n\r\n" + b"".join(pieces)
    position = 0
    for part in split_message(raw).parts:
        position = raw.index(part.body, position) + len(part.body)
        assert raw[part.start : part.start + len(part.body)] == part.body


MIXED = b"Content-Type: multipart/mixed; boundary=%s\r\n\r\n"
BROKEN = {
    "whole": (MIXED % b"b" + b"--b\r\n\r\nx\r\n--b--\r\n", [], []),
    "without a boundary": (b"Content-Type: multipart/mixed\r\n\r\nx", [("", 33)], []),
    "a boundary that never comes": (MIXED % b"b" + b"--c\r\n\r\nx", [("b", 45)], []),
    "no end": (MIXED % b"b" + b"--b\r\n\r\nx\r\n", [], [("b", 45)]),
    "an inner one without an end": (
        MIXED % b"b" + b"--b\r\n" + MIXED % b"c" + b"--c\r\n\r\nx\r\n--b--\r\n",
        [],
        [("c", 95)],
    ),
}


@pytest.mark.parametrize(("raw", "unused", "unclosed"), BROKEN.values(), ids=BROKEN)
def test_broken_multiparts_are_named(
    raw: bytes, unused: list[tuple[str, int]], unclosed: list[tuple[str, int]]
) -> None:
    """A multipart that is not delimited as RFC 2046 §5.1 has it is named, with its place."""
    structure = split_message(raw)
    assert (structure.unused, structure.unclosed) == (unused, unclosed)
