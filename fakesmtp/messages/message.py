"""`ReceivedMessage`: a message as it was sent, and its parsed content."""

from __future__ import annotations

import re
import unicodedata
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from fakesmtp.errors import ConfigurationError, FakeSMTPError, NoMatchingMessage
from fakesmtp.sessions.session import rules_of, scope_of
from fakesmtp.text import quote, shorten

if TYPE_CHECKING:
    from collections.abc import Callable
    from email.message import EmailMessage

    from fakesmtp.findings.finding import Finding
    from fakesmtp.messages.parts import Attachment, Contents
    from fakesmtp.messages.reader import MessageReader
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

    # A server may keep very many of these: no dictionary, and no date before it is needed.
    __slots__ = ("_findings", "_reader", "_session", "record")

    def __init__(self, record: MessageRecord, session: Session | Callable[[], Session]) -> None:
        """Create a message from its record; `session` may be a function that returns it."""
        #: The stored form of the message: plain values.
        self.record: Final = record
        self._session = session
        self._findings: tuple[Finding, ...] | None = None
        self._reader: MessageReader | None = None

    def __repr__(self) -> str:
        return f"<ReceivedMessage {self.id}: {describe_route(self)}>"

    # -- delivery ----------------------------------------------------------------------------------

    @property
    def id(self) -> str:
        """The id of the message, unique in its store."""
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
        """AppKey and mail type of the login; None without AUTH."""
        return self.record.login

    @property
    def port(self) -> int:
        """The port of the real endpoint."""
        return self.record.port

    @property
    def tls(self) -> TlsFacts | None:
        """Version, cipher and server name of TLS; None in plaintext."""
        return self.record.tls

    @property
    def dropped_lines(self) -> int:
        """Number of over-long lines that are not in `raw`."""
        return self.record.dropped_lines

    @property
    def session(self) -> Session:
        """The session in which the message arrived."""
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
        return datetime.fromtimestamp(self.record.received, UTC)

    @property
    def session_id(self) -> str:
        """The id of the session in which the message arrived."""
        return self.record.session_id

    # -- headers -----------------------------------------------------------------------------------

    @property
    def headers(self) -> tuple[tuple[str, str], ...]:
        """All header fields in order, as pairs of name and decoded value."""
        return self._read.headers

    def header(self, name: str) -> str | None:
        """Return the first header field of this name (any case), decoded; None if there is none."""
        values = self._read.values(name)
        return values[0] if values else None

    @property
    def subject(self) -> str:
        """The subject; `""` if there is none, as for the next three."""
        return self.header("subject") or ""

    @property
    def from_(self) -> str:
        """The From header in readable form: `홍길동 <hong@example.com>`."""
        return ", ".join(self._read.values("from"))

    @property
    def to(self) -> str:
        """The To header in readable form."""
        return ", ".join(self._read.values("to"))

    @property
    def cc(self) -> str:
        """The Cc header in readable form."""
        return ", ".join(self._read.values("cc"))

    # -- parts -------------------------------------------------------------------------------------

    @property
    def parsed(self) -> EmailMessage:
        """The message as parsed by the standard library (policy `default`).

        A message that is nested too deeply has its headers only, and a defect in `defects`.
        """
        return self._read.parsed

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
        page = self._read.page
        return None if page is None else page.text

    @property
    def attachments(self) -> tuple[Attachment, ...]:
        """All other parts, in order: files, images, and attached messages, byte for byte."""
        return self.contents.attachments

    @property
    def links(self) -> tuple[str, ...]:
        """The URLs of the text and the targets of the HTML's links, in order, each once."""
        return self._read.links

    @property
    def contents(self) -> Contents:
        """Text, HTML and attachments together, and the bodies that have a file name."""
        return self._read.contents

    @property
    def _read(self) -> MessageReader:
        """What is read of the message, from the first use on."""
        if self._reader is None:
            from fakesmtp.messages.reader import MessageReader  # noqa: PLC0415 - a server reads none

            self._reader = MessageReader(self.raw)
        return self._reader

    @property
    def findings(self) -> tuple[Finding, ...]:
        """The rules of NHN, the law and the standards that the message breaks, most severe first.

        Checked once, by the rules of its session; without a session, by the default rules.
        """
        from fakesmtp.findings import MessageReading  # noqa: PLC0415 - all rules

        if self._findings is None:
            rules = rules_of(find_session(self))
            self._findings = rules.check_message(MessageReading.of(self))
        return self._findings

    # -- helpers for tests -------------------------------------------------------------------------

    def find_code(self, pattern: str | re.Pattern[str]) -> str:
        r"""Return the first match of a pattern in the text, else in the HTML's text: `r"\d{6}"`.

        If the pattern has groups, return the first group. Raises `NoMatchingMessage`.
        """
        _check("pattern", pattern, (str, re.Pattern), r'a regular expression (example: r"\d{6}")')
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
        _check("filename", filename, str, "a text (the first attachment is attachments[0])")
        files = self.contents.files
        for attachment in files:
            if attachment.filename is not None and same_name(attachment.filename, filename):
                return attachment
        names = ", ".join(repr(each.filename) for each in files) or "none"
        raise NoMatchingMessage(f"{self!r} has no attachment {filename!r}; there are: {names}")


def _check(name: str, value: object, kinds: type | tuple[type, ...], right: str) -> None:
    if not isinstance(value, kinds):
        raise ConfigurationError(f"{name} must be {right}, not {quote(value)}")


def find_session(message: ReceivedMessage) -> Session | None:
    """Return the session of a message; None if it came in none, or it is no longer stored."""
    try:
        return message.session
    except FakeSMTPError:
        return None


def scope_of_message(message: ReceivedMessage) -> object:
    """Return whose the session of a message is: a test's, an account's, or None."""
    session = find_session(message)
    return session and scope_of(session)


def same_name(one: str, other: str) -> bool:
    """Whether two file names look the same: macOS sends 견 as the letters ㄱㅕㄴ (Unicode NFD)."""
    return unicodedata.normalize("NFC", one) == unicodedata.normalize("NFC", other)


def describe_route(message: ReceivedMessage) -> str:
    """Describe a message in one short line: sender, recipients, subject and mail type."""
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
