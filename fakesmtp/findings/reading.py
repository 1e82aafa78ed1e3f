"""A message as rules read it: each part of it is read once, when the first rule asks for it."""

from __future__ import annotations

import re
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple, Protocol

from fakesmtp.findings.finding import NOWHERE, Where
from fakesmtp.mail.addresses import read_addresses
from fakesmtp.mail.decoding import decode_header
from fakesmtp.mail.extraction import Page, read_tokens
from fakesmtp.mail.headers import read_header
from fakesmtp.mail.html import Tag, read_html
from fakesmtp.mail.links import find_urls
from fakesmtp.mail.mime import take_apart
from fakesmtp.mail.parts import is_body, read_attachment, read_body, transfer_encoding

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fakesmtp.mail.headers import Fields
    from fakesmtp.mail.mime import Part, Structure
    from fakesmtp.mail.parts import Attachment
    from fakesmtp.protocol.actions import Envelope
    from fakesmtp.protocol.credentials import MailType

HTML = "text/html"
_FIELD_NAME = re.compile(rb"^([!-9;-~]+)[ \t]*:", re.MULTILINE)
_CID = re.compile(r"\bcid:([^\s\"'()<>]+)", re.IGNORECASE)
#: Transfer encodings that change no line, so that lines of the text are lines of the message.
_AS_IT_IS = frozenset({"", "7bit", "8bit", "binary"})
_TO = ("to", "cc")


class Field(NamedTuple):
    """A header field: `name` as written, `value` not decoded, `number` among all, from 0."""

    name: str
    value: str
    number: int

    @property
    def text(self) -> str:
        """The value as people read it."""
        return decode_header(self.value)


class Body(NamedTuple):
    """A part that is shown: its number, its decoded text; `page` is what a reader of HTML sees.

    `cids` are the Content-IDs that the HTML refers to, `alternatives` the texts of its pictures.
    """

    number: int
    text: str
    page: Page | None = None
    cids: tuple[str, ...] = ()
    alternatives: tuple[str, ...] = ()

    @property
    def said(self) -> str:
        """What a reader sees."""
        if self.page is None:
            return self.text
        return "\n".join((self.page.text, *self.alternatives))

    @property
    def links(self) -> tuple[str, ...]:
        """The URLs of a text, or where the links of HTML lead."""
        return tuple(find_urls(self.text)) if self.page is None else self.page.links


class File(NamedTuple):
    """A part that is not a body, with its number."""

    number: int
    attachment: Attachment


class Correspondent(NamedTuple):
    """One address of a header field, or of the envelope where there is no field."""

    address: str
    field: Field | None


class Message(Protocol):
    """What is read of a message: a part of what `fakesmtp.ReceivedMail` has."""

    @property
    def raw(self) -> bytes:
        """The message as it was sent."""

    @property
    def mail_type(self) -> MailType | None:
        """The type that the user name gave; None without a login."""

    @property
    def envelope(self) -> Envelope:
        """Who it is from and for."""

    @property
    def dropped_lines(self) -> int:
        """How many over-long lines are not in `raw`."""


class MessageReading:
    """What rules may ask of a message.

    `raw` is its bytes. `mail_type` is None for a message that came without a login, `envelope`
    None for one that did not come over SMTP. `dropped_lines` is how many over-long lines the server
    left out of `raw`.
    """

    def __init__(
        self,
        raw: bytes,
        *,
        mail_type: MailType | None = None,
        envelope: Envelope | None = None,
        dropped_lines: int = 0,
    ) -> None:
        self.raw = raw
        self.mail_type = mail_type
        self.envelope = envelope
        self.dropped_lines = dropped_lines

    @classmethod
    def of(cls, message: Message) -> MessageReading:
        """Return the reading of a message that a server has received."""
        return cls(
            message.raw,
            mail_type=message.mail_type,
            envelope=message.envelope,
            dropped_lines=message.dropped_lines,
        )

    # -- header --------------------------------------------------------------------------------

    @cached_property
    def fields(self) -> tuple[Field, ...]:
        """The header fields in order."""
        return tuple(
            Field(name, value, number) for number, (name, value) in enumerate(self._header_fields)
        )

    @cached_property
    def _header_fields(self) -> Fields:
        return read_header(self.raw).fields

    @cached_property
    def _by_name(self) -> dict[str, list[Field]]:
        named: dict[str, list[Field]] = {}
        for field in self.fields:
            named.setdefault(field.name.lower(), []).append(field)
        return named

    def fields_named(self, name: str) -> list[Field]:
        """Return the fields of a name, given in lower case."""
        return self._by_name.get(name, [])

    def field(self, name: str) -> Field | None:
        """Return the first field of a name, given in lower case."""
        return next(iter(self.fields_named(name)), None)

    @cached_property
    def subject(self) -> str:
        """The decoded subject, `""` for none."""
        field = self.field("subject")
        return field.text if field else ""

    def correspondents(self, *names: str) -> Iterator[Correspondent]:
        """Yield the addresses of the fields of these names, given in lower case."""
        for name in names:
            for field in self.fields_named(name):
                for address in read_addresses(field.value):
                    yield Correspondent(address, field)

    @cached_property
    def senders(self) -> tuple[Correspondent, ...]:
        """The addresses of From."""
        return tuple(self.correspondents("from"))

    @cached_property
    def recipients(self) -> tuple[Correspondent, ...]:
        """The recipients, each once in any case: those of To and Cc, then the envelope's others."""
        found = {each.address.lower(): each for each in self.correspondents(*_TO)}
        for address in self.envelope.rcpt_tos if self.envelope else ():
            found.setdefault(address.lower(), Correspondent(address, None))
        return tuple(found.values())

    # -- parts ---------------------------------------------------------------------------------

    @cached_property
    def structure(self) -> Structure:
        """The parts, each once, and what is broken about them."""
        return take_apart(self.raw)

    @cached_property
    def _sorted_parts(self) -> tuple[list[tuple[int, Part]], list[tuple[int, Part]]]:
        bodies: list[tuple[int, Part]] = []
        files: list[tuple[int, Part]] = []
        for number, part in enumerate(self.structure.parts, 1):
            (bodies if is_body(part) else files).append((number, part))
        return bodies, files

    @cached_property
    def bodies(self) -> tuple[Body, ...]:
        """The texts and HTML that are shown."""
        return tuple(_read_body(number, part) for number, part in self._sorted_parts[0])

    @cached_property
    def files(self) -> tuple[File, ...]:
        """All other parts."""
        return tuple(File(number, read_attachment(part)) for number, part in self._sorted_parts[1])

    @cached_property
    def shown_cids(self) -> frozenset[str]:
        """The Content-IDs that the HTML shows."""
        return frozenset(cid for body in self.bodies for cid in body.cids)

    @cached_property
    def said(self) -> str:
        """All that a reader sees of text, HTML and the alternative texts of pictures."""
        return "\n".join(body.said for body in self.bodies)

    @cached_property
    def links(self) -> tuple[tuple[Body, str], ...]:
        """The links of all bodies, with their bodies."""
        return tuple((body, link) for body in self.bodies for link in body.links)

    def encoding_of(self, number: int) -> str:
        """Return the Content-Transfer-Encoding of a part in lower case, `""` for none."""
        return transfer_encoding(self.structure.parts[number - 1])

    # -- places --------------------------------------------------------------------------------

    def at_field(self, field: Field | None, offset: int | None = None, length: int = 0) -> Where:
        """Return the place of a field, or of characters of its decoded value."""
        if field is None:
            return NOWHERE
        lines = self._field_lines
        line = lines[field.number] if field.number < len(lines) else None
        return Where(field.name, 0, line, offset, length)

    def at_part(self, number: int, offset: int | None = None, length: int = 0) -> Where:
        """Return the place of a part, or of characters of its decoded text."""
        line = self.line_of(self.structure.parts[number - 1].start)
        if offset is not None and self.encoding_of(number) in _AS_IT_IS:
            line += self._text_of(number).count("\n", 0, offset)
        return Where("", number, line, offset, length)

    def at_text(self, body: Body, text: str, offset: int | None = None) -> Where:
        """Return the place of a text in a body: the first one, unless an offset is given."""
        found = body.text.find(text) if offset is None else offset
        return self.at_part(body.number, *((found, len(text)) if found >= 0 else ()))

    def at_byte(self, position: int) -> Where:
        """Return the line that a byte of the message stands in."""
        return Where(line=self.line_of(position))

    def line_of(self, position: int) -> int:
        """Return the number of the line that a byte of the message stands in, from 1."""
        return self.raw.count(b"\n", 0, position) + 1

    @cached_property
    def _field_lines(self) -> list[int]:
        """The line on which each header field begins."""
        header, lines, line, before = self.raw[: read_header(self.raw).end], [], 1, 0
        for name in _FIELD_NAME.finditer(header):
            line += header.count(b"\n", before, name.start())
            before = name.start()
            lines.append(line)
        return lines

    def _text_of(self, number: int) -> str:
        return next((body.text for body in self.bodies if body.number == number), "")


def _read_body(number: int, part: Part) -> Body:
    text = read_body(part)
    if part.kind != HTML:
        return Body(number, text)
    tokens = list(read_html(text))
    cids: list[str] = []
    alternatives: list[str] = []
    for token in tokens:
        if isinstance(token, Tag) and token.attributes:
            cids += (cid for value in token.attributes.values() for cid in _CID.findall(value))
            if token.name == "img" and "alt" in token.attributes:
                alternatives.append(token.attributes["alt"])
    return Body(number, text, read_tokens(tokens), tuple(dict.fromkeys(cids)), tuple(alternatives))
