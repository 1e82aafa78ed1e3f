"""`ReceivedMessage`: a message as it was sent, and its parsed content."""

# Parsers are imported where they are used, so that a server starts without them.

from __future__ import annotations

import re
from datetime import UTC
from typing import TYPE_CHECKING, Final

from fakesmtp.errors import FakeSMTPError, NoMatchingMessage

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime
    from email.message import EmailMessage

    from fakesmtp.findings.finding import Finding
    from fakesmtp.messages.extraction import Page
    from fakesmtp.messages.parts import Attachment, Contents
    from fakesmtp.messages.record import MessageRecord
    from fakesmtp.protocol.actions import Envelope
    from fakesmtp.protocol.credentials import Login, MailType
    from fakesmtp.sessions import Session, TlsFacts

_SHOWN = 500


class ReceivedMessage:
    """A message as it arrived.

    `raw` has the bytes of the message as the client sent them, without the dots that were added for
    transport (RFC 5321 §4.5.2). The content is parsed when an attribute is used. That never fails:
    text that cannot be decoded has the marker `[cannot be decoded as …]` before it.

    `port` is the port of the endpoint. `login` is None if the session had no login, and `tls` is
    None if it was in plaintext. The parameter `received` is `received_at` in seconds since the
    epoch. `dropped_lines` is the number of lines that are not in `raw`, because they were longer
    than the server reads (8192 bytes). Treat all attributes as read-only.
    """

    # A server may keep very many of these: no dictionary, and no date made before one is asked for.
    __slots__ = ("_contents", "_findings", "_page", "_parsed", "_session", "record")

    def __init__(self, record: MessageRecord, session: Session | Callable[[], Session]) -> None:
        """Make the view of a record; `session` may be a function that finds it when asked for."""
        #: What a store keeps of the message: plain values.
        self.record: Final = record
        self._session = session
        self._findings: tuple[Finding, ...] | None = None
        self._parsed: EmailMessage | None = None
        self._contents: Contents | None = None
        self._page: Page | None = None

    def __repr__(self) -> str:
        return f"<ReceivedMessage {self.id}: {describe_route(self)}>"

    # -- delivery ----------------------------------------------------------------------------------

    @property
    def id(self) -> str:
        """The message's name, unique in its store."""
        return self.record.id

    @property
    def raw(self) -> bytes:
        """The message, byte for byte."""
        return self.record.raw

    @property
    def envelope(self) -> Envelope:
        """Sender, recipients and parameters of MAIL."""
        return self.record.envelope

    @property
    def login(self) -> Login | None:
        """Who was logged in; None without AUTH."""
        return self.record.login

    @property
    def port(self) -> int:
        """The port of the real endpoint."""
        return self.record.port

    @property
    def tls(self) -> TlsFacts | None:
        """What TLS agreed on; None in plaintext."""
        return self.record.tls

    @property
    def dropped_lines(self) -> int:
        """How many over-long lines are not in `raw`."""
        return self.record.dropped_lines

    @property
    def session(self) -> Session:
        """The session that the message came in."""
        if callable(self._session):
            self._session = self._session()
        return self._session

    @property
    def mail_from(self) -> str:
        """The envelope's sender; `""` is the null sender."""
        return self.envelope.mail_from

    @property
    def rcpt_tos(self) -> tuple[str, ...]:
        """The envelope's recipients; only these include Bcc."""
        return self.envelope.rcpt_tos

    @property
    def app_key(self) -> str | None:
        """The AppKey of the login."""
        return self.login.app_key if self.login else None

    @property
    def mail_type(self) -> MailType | None:
        """The mail type of the user name; None without a login."""
        return self.login.mail_type if self.login else None

    @property
    def received_at(self) -> datetime:
        """The time when the last byte arrived (UTC)."""
        from datetime import datetime

        return datetime.fromtimestamp(self.record.received, UTC)

    @property
    def session_id(self) -> str:
        """The id of the session in which the message arrived."""
        return self.record.session_id

    # -- headers -----------------------------------------------------------------------------------

    @property
    def headers(self) -> tuple[tuple[str, str], ...]:
        """All header fields in order, as pairs of name and decoded value."""
        from fakesmtp.messages.decoding import decode_header
        from fakesmtp.messages.headers import read_header

        return tuple((name, decode_header(value)) for name, value in read_header(self.raw).fields)

    def header(self, name: str) -> str | None:
        """Return the first header field of this name (any case), decoded; None if there is none."""
        values = self._header_values(name)
        return values[0] if values else None

    @property
    def subject(self) -> str:
        """The subject; `""` if there is none, as for the next three."""
        return self.header("subject") or ""

    @property
    def from_(self) -> str:
        """The From header in readable form: `홍길동 <hong@example.com>`."""
        return ", ".join(self._header_values("from"))

    @property
    def to(self) -> str:
        """The To header in readable form."""
        return ", ".join(self._header_values("to"))

    @property
    def cc(self) -> str:
        """The Cc header in readable form."""
        return ", ".join(self._header_values("cc"))

    def _header_values(self, wanted: str) -> list[str]:
        from fakesmtp.messages.decoding import decode_header
        from fakesmtp.messages.headers import read_header

        fields = read_header(self.raw).fields
        return [decode_header(value) for name, value in fields if name.lower() == wanted.lower()]

    # -- parts -------------------------------------------------------------------------------------

    @property
    def parsed(self) -> EmailMessage:
        """The message as parsed by the standard library (policy `default`).

        A message that is nested too deeply has its headers only, and a defect in `defects`.
        """
        from fakesmtp.messages.parsed import parse

        if self._parsed is None:
            self._parsed = parse(self.raw)
        return self._parsed

    @property
    def text(self) -> str | None:
        r"""The plain text with `\n` as line end; None if there is none.

        Several texts are joined. Text marked `format=flowed` (RFC 3676) is joined to paragraphs.
        """
        return self.contents.text

    @property
    def html(self) -> str | None:
        r"""The HTML as it is in the message, with `\n` as line end; None if there is none."""
        return self.contents.html

    @property
    def html_text(self) -> str | None:
        """The visible text of the HTML, one line for each block; None without HTML.

        Text hidden by `hidden`, `display: none` and similar is left out, such as the text of
        preheaders.
        """
        return None if self.html is None else self._read_page(self.html).text

    @property
    def attachments(self) -> tuple[Attachment, ...]:
        """All other parts, in order: files, images, and attached messages, byte for byte."""
        return self.contents.attachments

    @property
    def links(self) -> tuple[str, ...]:
        """The URLs of the text and the targets of the HTML's links, in order, each once."""
        from fakesmtp.messages.links import find_urls

        links = find_urls(self.text or "")
        links += self._read_page(self.html).links if self.html else ()
        return tuple(dict.fromkeys(links))

    def _read_page(self, html: str) -> Page:
        from fakesmtp.messages.extraction import read_page

        if self._page is None:
            self._page = read_page(html)
        return self._page

    @property
    def contents(self) -> Contents:
        """Text, HTML and attachments together, and the bodies that have a file name."""
        from fakesmtp.messages.parts import read_contents

        if self._contents is None:
            self._contents = read_contents(self.raw)
        return self._contents

    @property
    def findings(self) -> tuple[Finding, ...]:
        """The rules of NHN, the law and the standards that it breaks, the most severe first.

        Checked once, by the rules of its session; without a session, by the default rules.
        """
        from fakesmtp.findings import MessageReading, default_rules

        if self._findings is None:
            session = find_session(self)
            rules = (session and session.rules) or default_rules()
            self._findings = rules.check_message(MessageReading.of(self))
        return self._findings

    # -- helpers for tests -------------------------------------------------------------------------

    def find_code(self, pattern: str | re.Pattern[str]) -> str:
        r"""Return the first match of a pattern in the text, else in the HTML's text: `r"\d{6}"`.

        If the pattern has groups, return the first group. Raises `NoMatchingMessage`.
        """
        from fakesmtp.messages.charsets import shorten

        texts = [text for text in (self.text, self.html_text) if text is not None]
        for text in texts:
            match = re.search(pattern, text)
            if match:
                return str(match[1] if match.re.groups and match[1] is not None else match[0])
        wanted = pattern if isinstance(pattern, str) else pattern.pattern
        shown = "\n".join(shorten(text, _SHOWN) for text in texts) or "(no text)"
        raise NoMatchingMessage(f"nothing in {self!r} matches {wanted!r}; its text is:\n{shown}")

    def attachment(self, filename: str) -> Attachment:
        """Return the first attachment of this name, or a part of `text` or `html` that has it.

        Raises `NoMatchingMessage`, which lists the existing names.
        """
        files = self.contents.files
        for attachment in files:
            if attachment.filename is not None and same_name(attachment.filename, filename):
                return attachment
        names = ", ".join(repr(each.filename) for each in files) or "none"
        raise NoMatchingMessage(f"{self!r} has no attachment {filename!r}; there are: {names}")


def find_session(message: ReceivedMessage) -> Session | None:
    """Return the session of a message; None if it came in none, or it is no longer stored."""
    try:
        return message.session
    except FakeSMTPError:
        return None


def owner_of(message: ReceivedMessage) -> object:
    """Return the owner of a message's session: a test, an account, or None."""
    session = find_session(message)
    return session and session.owner


def same_name(one: str, other: str) -> bool:
    """Whether two file names look the same: macOS sends 견 as the letters ㄱㅕㄴ (Unicode NFD)."""
    import unicodedata

    return unicodedata.normalize("NFC", one) == unicodedata.normalize("NFC", other)


def describe_route(message: ReceivedMessage) -> str:
    """Describe a message in one short line: sender, recipients, subject and mail type."""
    from fakesmtp.messages.charsets import shorten

    to = ", ".join(message.rcpt_tos[:2])
    more = f" and {len(message.rcpt_tos) - 2} more" if len(message.rcpt_tos) > 2 else ""  # noqa: PLR2004 - those shown
    mail_type = f" ({message.mail_type})" if message.mail_type else ""
    lost = f" [{describe_loss(message)}]" if message.dropped_lines else ""
    return (
        f"{message.mail_from or '<>'} -> {to}{more} {shorten(message.subject)!r}{mail_type}{lost}"
    )


def describe_loss(message: ReceivedMessage) -> str:
    """Describe how many lines of a message were dropped."""
    lines = "line was" if message.dropped_lines == 1 else "lines were"
    return f"{message.dropped_lines} over-long {lines} dropped"
