"""A message as rules read it: each part of it is read once, when the first rule asks for it."""

from __future__ import annotations

import re
from functools import cached_property
from itertools import chain
from typing import TYPE_CHECKING, NamedTuple

from fakesmtp.findings.finding import NOWHERE, Where
from fakesmtp.messages.addresses import read_addresses
from fakesmtp.messages.decoding import decode_header
from fakesmtp.messages.extraction import read_tokens
from fakesmtp.messages.html import Tag, read_html
from fakesmtp.messages.links import find_urls
from fakesmtp.messages.mime import split_message
from fakesmtp.messages.parts import is_body, read_attachment, read_body, transfer_encoding

if TYPE_CHECKING:
    from fakesmtp.findings.checked import CheckedMessage
    from fakesmtp.messages.mime import Part, Structure
    from fakesmtp.messages.parts import Attachment
    from fakesmtp.protocol.actions import Envelope
    from fakesmtp.protocol.credentials import MailType

HTML = "text/html"
#: With this begins what cannot be decoded, and is not what the sender meant.
CANNOT_DECODE = "[cannot be decoded as "
_FIELD_NAME = re.compile(rb"^([!-9;-~]+)[ \t]*:", re.MULTILINE)
_CID = re.compile(r"\bcid:([^\s\"'()<>]+)", re.IGNORECASE)
#: Transfer encodings that change no line, so that lines of the text are lines of the message.
_AS_IT_IS = frozenset({"", "7bit", "8bit", "binary"})
_TO = ("to", "cc")
#: The fields that hold addresses, those of senders first.
SENDERS, RECIPIENTS = ("from", "sender", "reply-to"), ("to", "cc", "bcc")
_CORRESPONDENTS = (*SENDERS, *RECIPIENTS)


class Field:
    """A header field: `name` as written, `value` not decoded, `number` among all, from 0."""

    def __init__(self, name: str, value: str, number: int) -> None:
        self.name = name
        self.value = value
        self.number = number

    @cached_property
    def text(self) -> str:
        """The value as people read it."""
        return decode_header(self.value)

    @cached_property
    def addresses(self) -> tuple[str, ...]:
        """The addresses that it holds; what cannot be read as one has a marker."""
        return tuple(read_addresses(self.value))


class Body(NamedTuple):
    """A part that is shown: its number and its decoded text, HTML where `is_html`.

    `said` is what a reader sees, also the texts for pictures that cannot be shown. `links` are the
    URLs of a text, or where the links of HTML lead; `cids` the Content-IDs that HTML refers to.
    """

    number: int
    text: str
    is_html: bool
    said: str
    links: tuple[str, ...]
    cids: tuple[str, ...] = ()


class File(NamedTuple):
    """A part that is not a body, with its number."""

    number: int
    attachment: Attachment


class Correspondent(NamedTuple):
    """One address of a header field, or of the envelope where there is no field."""

    address: str
    field: Field | None


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
    def of(cls, message: CheckedMessage) -> MessageReading:
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
            Field(name, value, number) for number, (name, value) in enumerate(self.structure.fields)
        )

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

    @cached_property
    def correspondents(self) -> tuple[Correspondent, ...]:
        """The addresses of the header, by field, then those of the envelope; each once."""
        found: dict[str, Correspondent] = {}
        for name in _CORRESPONDENTS:
            for field in self.fields_named(name):
                for address in field.addresses:
                    found.setdefault(address, Correspondent(address, field))
        envelope = self.envelope
        for address in (envelope.mail_from, *envelope.rcpt_tos) if envelope else ():
            if address:
                found.setdefault(address, Correspondent(address, None))
        return tuple(found.values())

    @cached_property
    def sender(self) -> Correspondent | None:
        """The first address of From."""
        field = self.field("from")
        return Correspondent(field.addresses[0], field) if field and field.addresses else None

    @cached_property
    def recipients(self) -> frozenset[str]:
        """The recipients in lower case: those of To, Cc and the envelope."""
        fields = [field for name in _TO for field in self.fields_named(name)]
        envelope = self.envelope.rcpt_tos if self.envelope else ()
        addresses = chain(envelope, *(field.addresses for field in fields))
        return frozenset(map(str.lower, addresses))

    # -- parts ---------------------------------------------------------------------------------

    @cached_property
    def structure(self) -> Structure:
        """The parts, each once, and what is broken about them."""
        return split_message(self.raw)

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
        header, lines, line, before = self.raw[: self.structure.body], [], 1, 0
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
        return Body(number, text, is_html=False, said=text, links=tuple(find_urls(text)))
    tokens = list(read_html(text))
    cids: list[str] = []
    alternatives: list[str] = []
    for token in tokens:
        if isinstance(token, Tag) and token.attributes:
            cids += (cid for value in token.attributes.values() for cid in _CID.findall(value))
            if token.name == "img" and "alt" in token.attributes:
                alternatives.append(token.attributes["alt"])
    page = read_tokens(tokens)
    said = "\n".join((page.text, *alternatives))
    cids = list(dict.fromkeys(cids))
    return Body(number, text, is_html=True, said=said, links=page.links, cids=tuple(cids))
