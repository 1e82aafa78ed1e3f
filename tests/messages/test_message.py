"""A received message and its content."""

from __future__ import annotations

import re
import sys
from datetime import UTC, datetime
from email.message import EmailMessage
from email.mime.application import MIMEApplication
from email.mime.multipart import MIMEMultipart
from email.mime.text import MIMEText
from email.policy import SMTP

import pytest
from hypothesis import given
from hypothesis import strategies as st
from made_messages import make_message

from fakesmtp.errors import ConfigurationError, NoMatchingMessage
from fakesmtp.messages import Attachment, ReceivedMessage
from fakesmtp.protocol.credentials import Login, MailType

NAME = "견적서.pdf"
READ = [name for name in dir(ReceivedMessage) if not name.startswith("_")]


def rich_message() -> EmailMessage:
    """Return a message with text, HTML, a Korean subject and a Korean file name."""
    message = EmailMessage()
    message["From"] = "홍길동 <hong@example.com>"
    message["To"] = "김 <kim@example.com>"
    message["Cc"] = "lee@example.com"
    message["Subject"] = "똠방각하의 견적서"
    message["X-Id"] = "7"
    message.set_content("안녕하세요.\n코드 123456, https://example.com/a?b=1 로.\n")
    message.add_alternative(
        '<p>안녕 <b>하세</b>요</p><a href="https://example.com/b?x=1&amp;y=2">여기</a>'
        '<a href="https://example.com/a?b=1">다시</a>',
        subtype="html",
    )
    message.add_attachment(b"%PDF\r\n\0\xff", maintype="application", subtype="pdf", filename=NAME)
    return message


def test_a_message_of_the_standard_library() -> None:
    """All content of a message of the standard library is read back."""
    raw = rich_message().as_bytes(policy=SMTP)
    message = make_message(raw)
    assert message.raw is raw
    assert message.subject == "똠방각하의 견적서"
    assert (message.from_, message.to) == ("홍길동 <hong@example.com>", "김 <kim@example.com>")
    assert (message.cc, message.header("x-id")) == ("lee@example.com", "7")
    assert message.text == "안녕하세요.\n코드 123456, https://example.com/a?b=1 로.\n"
    assert message.html is not None
    assert message.html.startswith("<p>안녕 <b>")
    assert message.html_text == "안녕 하세요\n여기다시"
    assert message.attachments == (Attachment(NAME, "application/pdf", b"%PDF\r\n\0\xff"),)
    assert ("X-Id", "7") in message.headers


def test_the_envelope_and_the_login() -> None:
    """Envelope and login have attributes of the message."""
    message = make_message(mail_from="", rcpt_tos=("a@x", "b@x"), login=Login("key", MailType.AD))
    assert (message.mail_from, message.rcpt_tos) == ("", ("a@x", "b@x"))
    assert (message.app_key, message.mail_type) == ("key", MailType.AD)
    assert (message.port, message.tls, message.session_id) == (587, None, "made")
    assert message.received_at == datetime(2023, 11, 14, 22, 13, 20, 250_000, tzinfo=UTC)
    stranger = make_message(login=None)
    assert (stranger.app_key, stranger.mail_type) == (None, None)


def test_the_parsed_message() -> None:
    """The standard library's message is available, and created once."""
    message = make_message(rich_message().as_bytes(policy=SMTP))
    assert message.parsed is message.parsed
    assert isinstance(message.parsed, EmailMessage)
    assert message.parsed["To"].addresses[0].addr_spec == "kim@example.com"
    assert message.text is not None


def test_an_empty_message() -> None:
    """A message without headers and parts has empty strings, None and no parts."""
    message = make_message(b"")
    assert (message.subject, message.from_, message.to, message.cc) == ("", "", "", "")
    assert (message.html, message.html_text, message.header("x")) == (None, None, None)
    assert (message.headers, message.attachments, message.links) == ((), (), ())
    assert make_message(b"\r\n").text == ""


def test_html_only() -> None:
    """A message of HTML only has no text."""
    message = make_message(b"Content-Type: text/html\r\n\r\n<p>hi</p>")
    assert (message.text, message.html, message.html_text) == (None, "<p>hi</p>", "hi")


@pytest.mark.parametrize("charset", ["ks_c_5601-1987", "euc-kr", '"CP949"'])
@pytest.mark.parametrize("encoding", ["8bit", "base64", "quoted-printable"])
def test_korean_bodies(charset: str, encoding: str) -> None:
    """A Korean body is decoded from every transfer encoding."""
    part = MIMEApplication("똠 뷁\r\n".encode("cp949"))
    data = "똠 뷁\r\n".encode("cp949")
    if encoding == "base64":
        data = str(part.get_payload()).encode()
    elif encoding == "quoted-printable":
        data = b"".join(b"=%02X" % byte for byte in data)
    head = f"Content-Type: text/plain; charset={charset}\r\nContent-Transfer-Encoding: {encoding}"
    assert make_message(head.encode() + b"\r\n\r\n" + data).text == "똠 뷁\n"


@pytest.mark.parametrize(
    ("raw", "text"),
    [
        (b"hello\r\nworld", "hello\nworld"),
        (b"Subject: a\n\none\ntwo\n", "one\ntwo\n"),
        (b"Subject: a\r\n\r\na\0b\rc", "a\0b\rc"),
        (b"Content-Type: ;;;\r\n\r\nx", "x"),
        (b"Content-Type: multipart/mixed\r\n\r\nx", "x"),
        (b"Content-Type: multipart/mixed; boundary*=a; boundary*0=b\r\n\r\nx", "x"),
        (b'Content-Type: multipart/mixed; boundary="b"\r\n\r\n--b\r\n\r\nx', "x"),
        (b"Content-Transfer-Encoding: base64\r\n\r\na", "[cannot be decoded as base64] a"),
        (
            b"Content-Type: text/plain; charset=x-unknown\r\n\r\n\xeb\x98\xa0\xff",
            "[cannot be decoded as x-unknown: no such character set] 똠�",
        ),
        (b"\r\n\xb0\xa1", "가"),
    ],
    ids=lambda value: repr(value)[:40],
)
def test_broken_messages(raw: bytes, text: str) -> None:
    """An invalid message is parsed as far as possible, and its bytes are kept."""
    message = make_message(raw)
    assert message.text == text
    assert message.raw == raw


def test_all_texts_are_in_text() -> None:
    """All inline texts are in `text`, also those with a name; attachments are not."""
    outer = MIMEMultipart("mixed")
    outer.attach(MIMEText("one"))
    outer.attach(MIMEText("two"))
    for disposition in ("inline", "attachment"):
        named = MIMEText(disposition)
        named.add_header("Content-Disposition", disposition, filename=f"{disposition}.txt")
        outer.attach(named)
    message = make_message(outer.as_bytes(policy=SMTP))
    assert message.text == "one\ntwo\ninline"
    assert [(each.filename, each.content) for each in message.attachments] == [
        ("attachment.txt", b"attachment"),
    ]
    assert message.attachment("inline.txt").content == b"inline"


def test_name_in_the_content_type() -> None:
    """A file name that is only in Content-Type counts."""
    message = make_message(b"Content-Type: text/plain; name=a.txt\r\n\r\nx")
    assert message.attachment("a.txt").content == b"x"


INNER = b"Subject: =?utf-8?q?a?=\r\n  =?utf-8?q?b?=\r\nX-Long: " + b"x" * 200 + b"\r\n\r\n\xff\r\n"


@pytest.mark.parametrize("disposition", [b"", b"Content-Disposition: inline\r\n"])
def test_an_attached_message(disposition: bytes) -> None:
    """An attached message is an attachment with its exact bytes, and its text is not ours."""
    raw = (
        b"Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\nouter\r\n--b\r\n"
        b"Content-Type: message/rfc822\r\n" + disposition + b"\r\n" + INNER + b"\r\n--b--\r\n"
    )
    message = make_message(raw)
    assert message.text == "outer"
    assert message.attachments == (Attachment(None, "message/rfc822", INNER),)


def test_a_message_in_a_digest() -> None:
    """The parts of a digest are messages by default (RFC 2046 section 5.1.5)."""
    message = make_message(
        b"Content-Type: multipart/digest; boundary=b\r\n\r\n--b\r\n\r\nSubject: a\r\n\r\nx\r\n--b--"
    )
    assert message.attachments == (Attachment(None, "message/rfc822", b"Subject: a\r\n\r\nx"),)


@pytest.mark.parametrize("head", [b"multipart/mixed; boundary=%d", b"message/rfc822"])
def test_messages_nested_very_deeply(head: bytes) -> None:
    """A message nested deeper than the interpreter's stack is parsed."""
    depth = sys.getrecursionlimit()
    kinds = (head % level if b"%" in head else head for level in range(depth))
    raw = b"".join(
        b"Content-Type: " + kind + b"\r\n\r\n--%d\r\n" % level for level, kind in enumerate(kinds)
    )
    message = make_message(raw)
    assert message.text or message.attachments


# -- what a test takes out of a message ------------------------------------------------------------


def test_links() -> None:
    """Links are those of text and HTML in order, each once, with entities decoded."""
    message = make_message(rich_message().as_bytes(policy=SMTP))
    assert message.links == ("https://example.com/a?b=1", "https://example.com/b?x=1&y=2")


def test_find_code() -> None:
    """A code is found in the text; with a group the group is returned."""
    message = make_message(rich_message().as_bytes(policy=SMTP))
    assert message.find_code(r"\d{6}") == "123456"
    assert message.find_code(re.compile(r"코드 (\d+)")) == "123456"


def test_find_code_in_html() -> None:
    """Without text, a code is found in the visible text of the HTML, not in its tags."""
    message = make_message(
        b"Content-Type: text/html\r\n\r\n<style>a{width:111111px}</style><a id=222222>3<b>33</b>333"
    )
    assert message.find_code(r"\d{6}") == "333333"


def test_no_code() -> None:
    """Without a match the error shows the text."""
    message = make_message(b"\r\nno code here")
    with pytest.raises(
        NoMatchingMessage, match=r"matches '\\\\d\{6\}'; its text is:\nno code here"
    ):
        message.find_code(r"\d{6}")


def test_arguments_of_other_types() -> None:
    """A number or bytes where a text is expected is an error that says what would be right."""
    message = make_message(b"\r\ncode 123456")
    for pattern in (6, rb"\d{6}"):
        with pytest.raises(
            ConfigurationError, match=r"^pattern must be a regular expression \(exam"
        ):
            message.find_code(pattern)  # type: ignore[arg-type]
    with pytest.raises(ConfigurationError, match=r"^filename must be a text \(.*\), not 0$"):
        message.attachment(0)  # type: ignore[arg-type]


def test_attachment() -> None:
    """An attachment is found by its name, also if the name is decomposed as on macOS."""
    message = EmailMessage()
    decomposed = "\u1100\u1167\u11ab.pdf"
    message.add_attachment(b"x", maintype="application", subtype="pdf", filename=decomposed)
    assert make_message(message.as_bytes()).attachment("견.pdf").filename == decomposed


def test_no_such_attachment() -> None:
    """Without a match the error lists the attachments."""
    message = make_message(rich_message().as_bytes(policy=SMTP))
    with pytest.raises(
        NoMatchingMessage, match=r"no attachment 'a\.pdf'; there are: '견적서\.pdf'"
    ):
        message.attachment("a.pdf")


def test_repr() -> None:
    """The repr is one short line without the SecretKey."""
    message = make_message(
        b"Subject: " + b"x" * 99 + b"\r\n\r\n", rcpt_tos=("a@x", "b@x", "c@x", "d@x")
    )
    route = f"sender@example.com -> a@x, b@x and 2 more '{'x' * 59}…' (normal)"
    assert repr(message) == f"<ReceivedMessage {message.id}: {route}>"
    assert repr(Attachment("a", "b/c", b"xx")) == "<Attachment 'a': b/c, 2 bytes>"


# -- limits ----------------------------------------------------------------------------------------

PIECES = st.sampled_from(
    [
        b"\r\n",
        b"\n",
        b"\r\n\r\n",
        b"Content-Type: ",
        b"multipart/mixed; boundary=b",
        b"message/rfc822",
        b"text/html; charset=",
        b"--b",
        b"--b--",
        b"Content-Transfer-Encoding: ",
        b"base64",
        b"quoted-printable",
        b"Content-Disposition: attachment; filename",
        b"*0*=utf-8''%ff",
        b"=?euc-kr?B?",
        b"?=",
        b"Subject: ",
        b"To: ",
        b"From: ",
        b"Date: ",
        b"<a href=",
        b"<![if",
        b"https://",
        b"@",
        b'"',
        b"<",
        b">",
        b"\0",
        b"\xb0\xa1\xff",
    ]
)


@given(st.one_of(st.binary(), st.lists(st.one_of(PIECES, st.binary(max_size=9))).map(b"".join)))
def test_any_bytes_are_a_message(raw: bytes) -> None:
    """Any bytes are kept, nothing raises, and all text is printable."""
    message = make_message(raw)
    for name in READ:
        getattr(message, name)
    for text in (
        repr(message),
        message.text,
        message.html_text,
        *message.links,
        *map(str, message.headers),
    ):
        (text or "").encode()
    for name in set(message.parsed.keys()):
        assert message.parsed.get_all(name) is not None
    assert message.raw == raw


def test_a_message_is_small() -> None:
    """A message has no dictionary, and keeps no parsed message that was not used."""
    message = make_message()
    assert not hasattr(message, "__dict__")
    assert message.text == "hello\n"
    reader = message._reader  # noqa: SLF001 - not visible otherwise
    assert "contents" in vars(reader)
    assert "parsed" not in vars(reader)
