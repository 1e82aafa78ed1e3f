"""Rules about lines and parts: how the bytes of a message are put together (RFC 5322, MIME)."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from fakesmtp.findings.finding import NOWHERE, Certainty, Severity
from fakesmtp.findings.reading import CANNOT_DECODE
from fakesmtp.findings.rule import MessageRule, hit
from fakesmtp.messages.headers import field, parameter
from fakesmtp.text import quote

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fakesmtp.findings.reading import MessageReading
    from fakesmtp.findings.rule import Hit

#: Bytes of a line without its end.
LONGEST_LINE = 998
_WITH_END = LONGEST_LINE + 2
#: The byte comes first, so that the search leaps from one to the next.
_BARE = re.compile(rb"\r(?!\n)"), re.compile(rb"\n(?<!\r\n)")
#: The character set of a text that names none (RFC 2045 §5.2).
_DEFAULT_CHARSET = "us-ascii"
_ASCII = frozenset({_DEFAULT_CHARSET, "ascii"})


# -- lines -----------------------------------------------------------------------------------------


def find_long_line(raw: bytes) -> int | None:
    """Return where the first line of more than 998 bytes begins, by leaps from line to line."""
    position = 0
    while len(raw) - position > LONGEST_LINE:
        leap = raw.rfind(b"\n", position, position + _WITH_END) + 1
        line = raw[position:leap] if leap else raw[position : position + _WITH_END]
        if len(line.rstrip(b"\r\n")) > LONGEST_LINE:
            return position
        position = leap or len(raw)
    return None


def _check_line_length(message: MessageReading) -> Iterator[Hit]:
    position = find_long_line(message.raw)
    if position is not None or message.dropped_lines:
        yield hit(NOWHERE if position is None else message.at_byte(position))


def _check_line_ends(message: MessageReading) -> Iterator[Hit]:
    first = [found.start() for each in _BARE if (found := each.search(message.raw))]
    if first:
        number = sum(1 for each in _BARE for _ in each.finditer(message.raw))
        yield hit(message.at_byte(min(first)), number=f"{number:,}")


# -- parts -----------------------------------------------------------------------------------------


def _check_boundaries(message: MessageReading) -> Iterator[Hit]:
    structure = message.structure
    for boundary, start in (*structure.unused, *structure.unclosed):
        if boundary:
            yield hit(message.at_byte(start), boundary=quote(boundary))


def _check_missing_boundaries(message: MessageReading) -> Iterator[Hit]:
    for boundary, start in message.structure.unused:
        if not boundary:
            yield hit(message.at_byte(start))


def _check_charsets(message: MessageReading) -> Iterator[Hit]:
    for body in message.bodies:
        part = message.structure.parts[body.number - 1]
        named = parameter(field(part.fields, "content-type"), "charset") or ""
        label = named.strip() or _DEFAULT_CHARSET
        is_wrong = label.lower() in _ASCII and not body.text.isascii()
        if is_wrong or body.text.startswith(f"{CANNOT_DECODE}{label.lower()}: "):
            yield hit(message.at_part(body.number), part=body.number, label=quote(label))


def _check_encodings(message: MessageReading) -> Iterator[Hit]:
    for number, encoding in (*_undecodable_bodies(message), *_undecodable_files(message)):
        yield hit(message.at_part(number), part=number, encoding=quote(encoding))


def _undecodable_bodies(message: MessageReading) -> Iterator[tuple[int, str]]:
    for body in message.bodies:
        encoding = message.encoding_of(body.number)
        if encoding and body.text.startswith(f"{CANNOT_DECODE}{encoding}] "):
            yield body.number, encoding


def _undecodable_files(message: MessageReading) -> Iterator[tuple[int, str]]:
    for number, attachment in message.files:
        if attachment.problem and attachment.problem.startswith("cannot be decoded"):
            yield number, message.encoding_of(number)


def _check_html_only(message: MessageReading) -> Iterator[Hit]:
    pages = [body.number for body in message.bodies if body.is_html]
    if pages and len(pages) == len(message.bodies):
        yield hit(message.at_part(pages[0]))


RULES = (
    MessageRule(
        id="line-length",
        severity=Severity.ERROR,
        certainty=Certainty.RFC,
        source="RFC 5322 §2.1.1",
        check=_check_line_length,
        text="the message has a line of more than 998 bytes; encode the part as quoted-printable "
        "or Base64, which have short lines",
        text_ko="998바이트를 넘는 줄이 있습니다. 줄이 짧아지도록 quoted-printable이나 Base64로 "
        "인코딩하세요",
    ),
    MessageRule(
        id="line-end",
        severity=Severity.ERROR,
        certainty=Certainty.RFC,
        source="RFC 5321 §2.3.8",
        check=_check_line_ends,
        text="{number} line ends of the message are a bare CR or a bare LF; each must be CRLF",
        text_ko="줄바꿈 {number}개가 CR 또는 LF 하나로만 되어 있습니다. 모든 줄은 CRLF로 끝나야 "
        "합니다",
    ),
    MessageRule(
        id="mime-boundary",
        severity=Severity.ERROR,
        certainty=Certainty.RFC,
        source="RFC 2046 §5.1.1",
        check=_check_boundaries,
        text="the multipart with the boundary {boundary} is not delimited by it; each part must "
        "begin with a line of -- and the boundary, the end with one more --",
        text_ko="바운더리가 {boundary}인 멀티파트가 제대로 구분되지 않았습니다. 각 파트는 "
        "--바운더리 줄로 시작하고 마지막은 --바운더리-- 줄로 끝나야 합니다",
    ),
    MessageRule(
        id="mime-no-boundary",
        severity=Severity.ERROR,
        certainty=Certainty.RFC,
        source="RFC 2046 §5.1",
        check=_check_missing_boundaries,
        text="a multipart has no boundary parameter in its Content-Type; it must have one",
        text_ko="멀티파트의 Content-Type에 boundary 매개변수가 없습니다. 반드시 있어야 합니다",
    ),
    MessageRule(
        id="mime-charset",
        severity=Severity.ERROR,
        certainty=Certainty.RFC,
        source="RFC 2046 §4.1.2",
        check=_check_charsets,
        text="the text of part {part} is not in its character set {label}; write the charset "
        "that it is in (example: charset=utf-8)",
        text_ko="파트 {part}의 본문이 표시된 문자 집합 {label}(와)과 다릅니다. 실제 문자 집합을 "
        "쓰세요(예: charset=utf-8)",
    ),
    MessageRule(
        id="mime-encoding",
        severity=Severity.ERROR,
        certainty=Certainty.RFC,
        source="RFC 2045 §6",
        check=_check_encodings,
        text="part {part} cannot be decoded as {encoding}; Content-Transfer-Encoding must name "
        "the encoding that its content is in",
        text_ko="파트 {part}을(를) {encoding}(으)로 디코딩할 수 없습니다. "
        "Content-Transfer-Encoding에 실제 인코딩을 쓰세요",
    ),
    MessageRule(
        id="html-only",
        severity=Severity.WARNING,
        certainty=Certainty.ADVICE,
        source="RFC 2046 §5.1.4",
        check=_check_html_only,
        text="the message has HTML and no text; send both as multipart/alternative, the text first",
        text_ko="HTML 본문만 있고 텍스트 본문이 없습니다. multipart/alternative로 텍스트와 "
        "HTML을 함께 보내세요(텍스트 먼저)",
    ),
)
