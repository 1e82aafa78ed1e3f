"""Messages that break no rule, and variants of them. All persons and companies are invented."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING

from fakesmtp.findings import MessageReading
from fakesmtp.messages import Envelope
from fakesmtp.protocol.credentials import MailType

if TYPE_CHECKING:
    from collections.abc import Mapping

    from fakesmtp.findings import Rules

CRLF = "\r\n"
FOOTER = """\
㈜가나다상점 | 대표: 김가나 | 사업자등록번호: 123-45-67890
주소: 서울특별시 강남구 테헤란로 123, 4층
전화: 02-1234-5678 | 이메일: help@example.com
수신을 원하지 않으시면 수신거부를 눌러 주세요: https://www.example.com/unsubscribe
If you do not want to receive this email, unsubscribe here: https://www.example.com/unsubscribe
"""
AD_BODY = f"안녕하세요. 봄맞이 할인을 안내해 드립니다.\n\n{FOOTER}"
AD_SUBJECT = "(광고) 봄맞이 할인 안내"
_ONE_CLICK = {
    "List-Unsubscribe": "<https://www.example.com/u/1>",
    "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
}
_HEADER = {
    "Date": "Thu, 26 Nov 2026 10:00:00 +0900",
    "From": f"{'=?utf-8?b?6rCA64KY64uk?='} <news@example.com>",
    "To": "kim@example.kr",
    "Message-ID": "<1@example.com>",
    "MIME-Version": "1.0",
}


def encode(text: str) -> str:
    """Return a header value as encoded words if it is not ASCII."""
    if text.isascii():
        return text
    words = [text[start : start + 15] for start in range(0, len(text), 15)]
    return f"{CRLF} ".join(
        f"=?utf-8?b?{base64.b64encode(word.encode()).decode()}?=" for word in words
    )


def message(
    mail_type: MailType | None = MailType.NORMAL,
    *,
    subject: str | None = "주문이 접수되었습니다",
    body: str | bytes = "안녕하세요. 주문하신 상품을 준비하고 있습니다.\n",
    content_type: str = "text/plain; charset=utf-8",
    header: Mapping[str, str | None] | None = None,
    more: str = "",
    mail_from: str = "news@example.com",
    rcpt_tos: tuple[str, ...] = ("kim@example.kr",),
    parameters: tuple[str, ...] = (),
    dropped_lines: int = 0,
) -> MessageReading:
    """Return a message. `header` changes fields, None removes one; `more` precedes the body."""
    fields: dict[str, str | None] = {
        **_HEADER,
        "Subject": None if subject is None else encode(subject),
        "Content-Type": content_type,
        "Content-Transfer-Encoding": None if "multipart" in content_type else "8bit",
        **(header or {}),
    }
    top = "".join(f"{name}: {value}{CRLF}" for name, value in fields.items() if value is not None)
    content = body if isinstance(body, bytes) else body.replace("\n", CRLF).encode()
    return MessageReading(
        f"{top}{more}{CRLF}".encode() + content,
        mail_type=mail_type,
        envelope=Envelope(mail_from, rcpt_tos, parameters),
        dropped_lines=dropped_lines,
    )


def ad(subject: str = AD_SUBJECT, body: str = AD_BODY, **changes: object) -> MessageReading:
    """Return an advertising message."""
    header = {**_ONE_CLICK, **changes.pop("header", {})}
    return message(MailType.AD, subject=subject, body=body, header=header, **changes)


def auth(**changes: object) -> MessageReading:
    """Return a verification message."""
    given = {"subject": "인증번호 안내", "body": "인증번호는 123456입니다.\n", **changes}
    return message(MailType.AUTH, **given)


def html(body: str, **changes: object) -> MessageReading:
    """Return a message with a text and this HTML."""
    return parts(
        "Content-Type: text/plain\n\nHello\n", part("text/html; charset=utf-8", body), **changes
    )


def part(content_type: str, body: str = "x\n", header: str = "") -> str:
    """Return a part for `parts`."""
    return f"Content-Type: {content_type}\n{header}\n{body}"


def parts(
    *each: str, end: str = "--b--\n", mail_type: MailType = MailType.NORMAL, **changes: object
) -> MessageReading:
    """Return a message with these parts."""
    body = "".join(f"--b\n{each}\n" for each in each) + end
    given = {"content_type": "multipart/mixed; boundary=b", **changes}
    return message(mail_type, body=body, **given)


def file(name: str = "a.pdf", body: str = "x\n", kind: str = "application/pdf") -> str:
    """Return an attached part for `parts`."""
    return part(kind, body, f'Content-Disposition: attachment; filename="{name}"\n')


TEXT = part("text/plain; charset=utf-8", "안녕하세요\n")


def ids_of(rules: Rules, reading: MessageReading) -> list[str]:
    """Return the ids of the rules that a message breaks."""
    return [finding.rule for finding in rules.check_message(reading)]
