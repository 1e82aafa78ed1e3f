"""The parts of a mail: its text, its HTML and its attachments (RFC 2045, RFC 2046).

Built on the standard library's parser. Its header classes raise all sorts of errors on hostile
input; here a header that they cannot read becomes plain text, and the mail goes on.
"""

from __future__ import annotations

import binascii
import re
from email import policy
from email.generator import BytesGenerator
from email.headerregistry import HeaderRegistry, UnstructuredHeader
from email.message import EmailMessage
from email.parser import BytesHeaderParser, BytesParser
from email.policy import EmailPolicy
from io import BytesIO
from typing import TYPE_CHECKING, Any, NamedTuple

from fakesmtp.mail.decoding import (
    content_type,
    decode_base64,
    decode_header,
    decode_text,
    header_bytes,
    parameter,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

_LINE_END = re.compile(r"\r\n?|\n")
_BLANK_LINE = re.compile(rb"\r?\n\r?\n|\A\r?\n")


class Attachment(NamedTuple):
    """A part that is not the body: `content` is its bytes, decoded from Base64 or the like."""

    filename: str | None
    content_type: str
    content: bytes

    def __repr__(self) -> str:
        size = len(self.content)
        return f"<Attachment {self.filename!r}: {self.content_type}, {size} bytes>"


class Contents(NamedTuple):
    """What the parts of a mail hold. Every part is in one of these."""

    text: str | None
    html: str | None
    attachments: tuple[Attachment, ...]


class _PlainHeader(UnstructuredHeader):
    """A header that is text and nothing else, whatever its name says."""

    @classmethod
    def parse(cls, value: str, kwds: dict[str, Any]) -> None:
        """Take the value as decoded; the parse tree is empty."""
        kwds["parse_tree"] = cls.value_parser("")
        kwds["decoded"] = decode_header(value)


class _Headers(HeaderRegistry):
    """The standard library's headers, with plain ones for those that it cannot read."""

    _plain = HeaderRegistry(default_class=_PlainHeader, use_default_map=False)

    def __call__(self, name: str, value: Any) -> Any:  # noqa: ANN401 - as its parent has it
        try:
            return super().__call__(name, value)
        except Exception:  # noqa: BLE001 - which errors these are differs with every Python
            return self._plain(name, value)


class _AsSent(EmailPolicy):
    """Writes headers as they came instead of folding them anew."""

    def fold_binary(self, name: str, value: str) -> bytes:
        """Give the header with its line ends."""
        lines = _LINE_END.split(f"{name}: {value}")
        return b"".join(header_bytes(line) + self.linesep.encode() for line in lines)


_POLICY = policy.default.clone(header_factory=_Headers())
_AS_SENT = _AsSent(header_factory=_Headers(), linesep="\r\n", cte_type="8bit")


def parse_headers(raw: bytes) -> list[tuple[str, str]]:
    """Give a mail's header fields, not decoded, in order; the body is not looked at."""
    end = _BLANK_LINE.search(raw)
    block = raw[: end.end()] if end else raw
    return list(BytesHeaderParser(policy=_POLICY).parsebytes(block).raw_items())


def parse(raw: bytes) -> EmailMessage:
    """Parse a mail. Whatever the bytes are, there is a message."""
    try:
        message = BytesParser(policy=_POLICY).parsebytes(raw)
    except Exception:  # noqa: BLE001 - as above; without a look at Content-Type nothing can go wrong
        message = BytesHeaderParser(policy=_POLICY).parsebytes(raw)
    assert isinstance(message, EmailMessage)  # noqa: S101 - for the type checker: the policy says so
    return message


def read_contents(message: EmailMessage) -> Contents:
    """Sort the parts: the first text and the first HTML are the body, the rest are attachments."""
    bodies: dict[str, str] = {}
    attachments: list[Attachment] = []
    for part in _leaves(message):
        kind = _kind(part)
        if kind in {"text/plain", "text/html"} and kind not in bodies and not _is_file(part):
            bodies[kind] = _text(part)
        else:
            attachments.append(Attachment(_file_name(part), kind, _content(part)))
    return Contents(bodies.get("text/plain"), bodies.get("text/html"), tuple(attachments))


def _leaves(message: EmailMessage) -> Iterator[EmailMessage]:
    """Yield the parts that are not multipart, in order; without recursion, however deep."""
    todo: list[Any] = [message]
    while todo:
        part = todo.pop()
        if part.is_multipart() and part.get_content_maintype() != "message":
            todo += reversed(part.get_payload())
        else:
            yield part


def _raw(part: EmailMessage, name: str) -> str:
    """Give a header as it was sent, `""` if there is none."""
    return next((value for key, value in part.raw_items() if key.lower() == name), "")


def _kind(part: EmailMessage) -> str:
    kind = content_type(_raw(part, "content-type"))
    if part.is_multipart():
        # Parts of a digest are mails without saying so (RFC 2046 §5.1.5).
        return kind if kind.startswith("message/") else "message/rfc822"
    # A multipart that could not be taken apart is shown as the text that it is.
    return "text/plain" if kind.startswith("multipart/") else kind


def _is_file(part: EmailMessage) -> bool:
    disposition = _raw(part, "content-disposition").partition(";")[0].strip().lower()
    return disposition == "attachment" or _file_name(part) is not None


def _file_name(part: EmailMessage) -> str | None:
    name = parameter(_raw(part, "content-disposition"), "filename")
    return parameter(_raw(part, "content-type"), "name") if name is None else name


def _text(part: EmailMessage) -> str:
    data, encoding = _transfer_bytes(part), _encoding(part)
    decoded = _transfer_decode(data, encoding)
    charset = parameter(_raw(part, "content-type"), "charset")
    text = decode_text(data if decoded is None else decoded, charset)
    if decoded is None:
        text = f"[cannot be decoded as {encoding}] {text}"
    return text.replace("\r\n", "\n")


def _content(part: EmailMessage) -> bytes:
    data = _transfer_bytes(part)
    decoded = _transfer_decode(data, _encoding(part))
    return data if decoded is None else decoded


def _encoding(part: EmailMessage) -> str:
    return decode_header(_raw(part, "content-transfer-encoding")).lower()


def _transfer_bytes(part: EmailMessage) -> bytes:
    """Give what stands between the boundaries; a mail inside the mail is written out again."""
    # `get_payload()` would decode 8-bit text by Python's idea of the charset.
    payload: Any = vars(part)["_payload"]
    if isinstance(payload, list):
        return b"".join(_flatten(inner) for inner in payload)
    return header_bytes(payload or "")


def _flatten(message: EmailMessage) -> bytes:
    buffer = BytesIO()
    BytesGenerator(buffer, mangle_from_=False, policy=_AS_SENT).flatten(message)
    return buffer.getvalue()


def _transfer_decode(data: bytes, encoding: str) -> bytes | None:
    """Undo a Content-Transfer-Encoding (RFC 2045 §6); None if that is not possible."""
    if encoding == "base64":
        return decode_base64(data)
    if encoding == "quoted-printable":
        return binascii.a2b_qp(data)
    return data if encoding in {"", "7bit", "8bit", "binary"} else None
