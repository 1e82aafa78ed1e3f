"""Rules about header fields: which there must be, how often, and in which characters (RFC 5322)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fakesmtp.findings.finding import Certainty, Severity
from fakesmtp.findings.reading import CANNOT_DECODE
from fakesmtp.findings.rule import MessageRule, hit
from fakesmtp.text import quote

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from fakesmtp.findings.reading import MessageReading
    from fakesmtp.findings.rule import Hit

_RFC = "RFC 5322 §3.6"
#: Fields that a header may have once (RFC 5322 §3.6; RFC 2045 §3).
_ONCE = (
    *("bcc", "cc", "content-description", "content-id", "content-transfer-encoding"),
    *("content-type", "date", "from", "in-reply-to", "message-id", "mime-version"),
    *("references", "reply-to", "sender", "subject", "to"),
)


def _lacks(name: str) -> Callable[[MessageReading], Iterator[Hit]]:
    """Return the check that yields a hit where there is no field of this name."""

    def check(message: MessageReading) -> Iterator[Hit]:
        if message.field(name) is None:
            yield hit()

    return check


def _check_repeated(message: MessageReading) -> Iterator[Hit]:
    for name in _ONCE:
        fields = message.fields_named(name)
        if len(fields) > 1:
            yield hit(message.at_field(fields[1]), name=fields[1].name, number=len(fields))


def _check_eight_bit(message: MessageReading) -> Iterator[Hit]:
    parameters = message.envelope.mail_parameters if message.envelope else ()
    if "SMTPUTF8" not in map(str.upper, parameters):
        for field in message.fields:
            if not field.value.isascii():
                yield hit(message.at_field(field), name=field.name, value=quote(field.text))


def _check_encoded_words(message: MessageReading) -> Iterator[Hit]:
    for field in message.fields:
        if "=?" in field.value and CANNOT_DECODE in field.text and CANNOT_DECODE not in field.value:
            offset = field.text.index(CANNOT_DECODE)
            yield hit(
                message.at_field(field, offset, len(field.text) - offset),
                name=field.name,
                value=quote(field.value),
            )


def _check_bcc(message: MessageReading) -> Iterator[Hit]:
    field = message.field("bcc")
    if field is not None:
        yield hit(message.at_field(field), value=quote(field.text))


RULES = (
    MessageRule(
        id="from-missing",
        severity=Severity.ERROR,
        certainty=Certainty.RFC,
        source=f"{_RFC}; NHN error code -2002",
        check=_lacks("from"),
        text="the message has no From header; write one with the sender's address",
        text_ko="From 헤더가 없습니다. 발신자 주소가 있는 From 헤더를 쓰세요",
    ),
    MessageRule(
        id="date-missing",
        severity=Severity.WARNING,
        certainty=Certainty.RFC,
        source=f"{_RFC}; RFC 6409 §8.2",
        check=_lacks("date"),
        text="the message has no Date header; write one: submission servers are not required to "
        "add it",
        text_ko="Date 헤더가 없습니다. 발송 서버가 추가해 준다는 보장이 없으므로 직접 쓰세요",
    ),
    MessageRule(
        id="message-id-missing",
        severity=Severity.WARNING,
        certainty=Certainty.RFC,
        source=f"{_RFC}.4; RFC 6409 §8.3",
        check=_lacks("message-id"),
        text="the message has no Message-ID header; write a unique one: submission servers are "
        "not required to add it",
        text_ko="Message-ID 헤더가 없습니다. 발송 서버가 추가해 준다는 보장이 없으므로 고유한 "
        "값을 직접 쓰세요",
    ),
    MessageRule(
        id="header-repeated",
        severity=Severity.ERROR,
        certainty=Certainty.RFC,
        source=f"{_RFC}; RFC 2045 §3",
        check=_check_repeated,
        text="the header {name} is there {number} times; it is allowed once",
        text_ko="{name} 헤더가 {number}번 있습니다. 한 번만 쓸 수 있습니다",
    ),
    MessageRule(
        id="header-8bit",
        severity=Severity.ERROR,
        certainty=Certainty.RFC,
        source="RFC 5322 §2.2; RFC 6531 §3.1 (NHN does not offer SMTPUTF8)",
        check=_check_eight_bit,
        text="the header {name} has characters that are not ASCII and not encoded, {value}; "
        "write them as encoded words (RFC 2047)",
        text_ko="{name} 헤더에 인코딩하지 않은 비 ASCII 문자가 있습니다: {value}. RFC 2047 "
        "형식(=?UTF-8?B?…?=)으로 인코딩하세요",
    ),
    MessageRule(
        id="header-encoding",
        severity=Severity.ERROR,
        certainty=Certainty.RFC,
        source="RFC 2047 §2",
        check=_check_encoded_words,
        text="an encoded word in the header {name} cannot be decoded, {value}; its text must be "
        "in the character set that it names",
        text_ko="{name} 헤더의 인코딩된 값을 해석할 수 없습니다: {value}. 표시한 문자 집합으로 "
        "인코딩해야 합니다",
    ),
    MessageRule(
        id="bcc-header",
        severity=Severity.ERROR,
        certainty=Certainty.RFC,
        source="RFC 5322 §3.6.3",
        check=_check_bcc,
        text="the message has a Bcc header, which shows the hidden recipients {value} to "
        "everyone; remove it and give these recipients in the envelope alone (RCPT TO)",
        text_ko="메일에 Bcc 헤더가 남아 있어 숨은 참조 {value}이(가) 모든 수신자에게 보입니다. "
        "헤더를 지우고 봉투(RCPT TO)에만 넣으세요",
    ),
)
