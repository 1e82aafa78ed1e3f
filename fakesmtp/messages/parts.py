"""Sort the parts of a message: text, HTML and attachments (RFC 2045, RFC 2183)."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from fakesmtp.messages import headers
from fakesmtp.messages.charsets import decode_text, is_text
from fakesmtp.messages.decoding import decode_header, decode_transfer
from fakesmtp.messages.flowed import join_flowed
from fakesmtp.messages.mime import split_message

if TYPE_CHECKING:
    from collections.abc import Iterable

    from fakesmtp.messages.mime import Part

_BODIES = ("text/plain", "text/html")
# RFC 2183 §2.8: an unknown disposition means attachment.
_SHOWN_IN_PLACE = frozenset({"", "inline"})


@dataclass(frozen=True, slots=True)
class Attachment:
    """A part that is not a body: `content` has its bytes, without the transfer encoding.

    `content_id` has no angle brackets. `disposition` is `attachment`, `inline`, or None if the part
    has none. `method` is that of a calendar (RFC 5546), `REQUEST` or `CANCEL`. `problem` describes
    what was wrong if the content could not be decoded correctly. `number` is the place of the part
    in the message, `2` or `1.2`. Two attachments are equal if their names, types and contents are.
    """

    filename: str | None
    content_type: str
    content: bytes
    content_id: str | None = field(default=None, compare=False)
    disposition: str | None = field(default=None, compare=False)
    method: str | None = field(default=None, compare=False)
    problem: str | None = field(default=None, compare=False)
    number: str = field(default="", compare=False)

    @property
    def is_inline(self) -> bool:
        """Whether HTML shows the part in its place, as a picture: it says so, or has an id."""
        is_named = self.disposition is None and bool(self.content_id)
        return self.disposition == "inline" or is_named

    def __repr__(self) -> str:
        size = len(self.content)
        return f"<Attachment {self.filename!r}: {self.content_type}, {size} bytes>"


class Contents(NamedTuple):
    """Text, HTML and attachments of a message. Every part is in one of the first three.

    `named_bodies` are the parts of `text` and `html` that have a file name.
    """

    text: str | None
    html: str | None
    attachments: tuple[Attachment, ...]
    named_bodies: tuple[Attachment, ...] = ()

    @property
    def files(self) -> tuple[Attachment, ...]:
        """Everything that has a file name."""
        return (*self.attachments, *self.named_bodies)


def read_contents(raw: bytes) -> Contents:
    """Return the contents of a message."""
    return sort_parts(split_message(raw).parts)


def sort_parts(parts: Iterable[Part]) -> Contents:
    """Sort the parts: inline texts and HTML are bodies, all others are attachments."""
    bodies: dict[str, list[str]] = {kind: [] for kind in _BODIES}
    attachments: list[Attachment] = []
    named: list[Attachment] = []
    for part in parts:
        if not is_body(part):
            attachments.append(read_attachment(part))
            continue
        bodies[part.kind].append(read_body(part))
        if _file_name(part) is not None:
            named.append(read_attachment(part))
    text, html = (_join(bodies[kind]) for kind in _BODIES)
    return Contents(text, html, tuple(attachments), tuple(named))


def is_body(part: Part) -> bool:
    """Whether a part is text or HTML that is shown in place."""
    return part.kind in _BODIES and _disposition(part) in _SHOWN_IN_PLACE


def _join(texts: list[str]) -> str | None:
    """Join the bodies of a kind, each on its own lines."""
    if not texts:
        return None
    return "".join([*(text.removesuffix("\n") + "\n" for text in texts[:-1]), texts[-1]])


def _disposition(part: Part) -> str:
    written = headers.before_parameters(headers.field(part.fields, "content-disposition"))
    word = written.split()[0] if written else ""
    # `filename=a.txt` alone, or an encoded word, is not a disposition.
    return "" if "=" in word else word


def transfer_encoding(part: Part) -> str:
    """Return the Content-Transfer-Encoding of a part in lower case, `""` for none."""
    written = headers.before_parameters(headers.field(part.fields, "content-transfer-encoding"))
    return "".join(written.split())


def read_attachment(part: Part) -> Attachment:
    """Read a part as an attachment: its names, its type and its decoded content."""
    kind = headers.field(part.fields, "content-type")
    content_id = decode_header(headers.field(part.fields, "content-id")).strip("<> ")
    content, problem = _content(part)
    return Attachment(
        filename=_file_name(part),
        content_type=part.kind,
        content=content,
        content_id=content_id or None,
        disposition=_disposition(part) or None,
        method=headers.parameter(kind, "method") if part.kind == "text/calendar" else None,
        problem=problem,
        number=part.number,
    )


def _file_name(part: Part) -> str | None:
    name = headers.parameter(headers.field(part.fields, "content-disposition"), "filename")
    kind = headers.field(part.fields, "content-type")
    return headers.parameter(kind, "name") if name is None else name


def _content(part: Part) -> tuple[bytes, str | None]:
    """Return the decoded bytes, and what is wrong with them."""
    if part.cut:
        return part.body, part.cut
    encoding = transfer_encoding(part)
    data, whole = decode_transfer(part.body, encoding)
    return data, None if whole else f"cannot be decoded as {encoding}"


def read_body(part: Part) -> str:
    r"""Read a text part: decoded, line ends as `\n`, with a marker where it cannot be decoded."""
    data, problem = _content(part)
    value = headers.field(part.fields, "content-type")
    charset = headers.parameter(value, "charset")
    if problem and not is_text(data, charset):
        # Bytes in no known transfer encoding are returned unchanged.
        data = part.body
    text = decode_text(data, charset).replace("\r\n", "\n")
    if part.kind == "text/plain" and _says(value, "format", "flowed"):
        text = join_flowed(text, delete_space=_says(value, "delsp", "yes"))
    return f"[{problem}] {text}" if problem else text


def _says(value: str, name: str, wanted: str) -> bool:
    return (headers.parameter(value, name) or "").lower() == wanted
