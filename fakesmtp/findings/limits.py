"""Rules about what NHN limits and requires: recipients, attachments, subject and body."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fakesmtp.findings.finding import Certainty, Severity
from fakesmtp.findings.reading import CANNOT_DECODE
from fakesmtp.findings.rule import MessageRule, hit
from fakesmtp.protocol.credentials import MailType
from fakesmtp.text import quote

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fakesmtp.findings.reading import File, MessageReading
    from fakesmtp.findings.rule import Hit

_AUTH = frozenset({MailType.AUTH})
MOST_RECIPIENTS = 1_000
MOST_ATTACHMENTS = 10
LONGEST_SUBJECT = 998
LONGEST_FILE_NAME = 100
_MEGABYTE = 1024 * 1024
#: Bytes; NHN does not say whether its MB are these or 1,000,000 bytes, so the larger ones count.
LARGEST_ATTACHMENTS = 30 * _MEGABYTE
ADVISED_ATTACHMENTS = 10 * _MEGABYTE


def _check_recipients(message: MessageReading) -> Iterator[Hit]:
    number = len(message.recipients)
    if number > MOST_RECIPIENTS:
        yield hit(message.at_field(message.field("to")), number=f"{number:,}")


# -- attachments -----------------------------------------------------------------------------------


def _attached(message: MessageReading) -> list[File]:
    """Return the files, without those that the HTML shows as its pictures."""
    shown = message.shown_cids
    return [file for file in message.files if file.attachment.content_id not in shown]


def _check_number(message: MessageReading) -> Iterator[Hit]:
    files = _attached(message)
    if len(files) > MOST_ATTACHMENTS:
        yield hit(message.at_part(files[MOST_ATTACHMENTS].number), number=len(files))


def _check_size(message: MessageReading) -> Iterator[Hit]:
    total = _total(message)
    if total > LARGEST_ATTACHMENTS:
        yield hit(message.at_part(message.files[0].number), size=_megabytes(total))


def _check_advised_size(message: MessageReading) -> Iterator[Hit]:
    total = _total(message)
    if ADVISED_ATTACHMENTS < total <= LARGEST_ATTACHMENTS:
        yield hit(message.at_part(message.files[0].number), size=_megabytes(total))


def _total(message: MessageReading) -> int:
    return sum(len(file.attachment.content) for file in message.files)


def _megabytes(size: int) -> str:
    return f"{size / _MEGABYTE:.1f} MB"


def _check_file_names(message: MessageReading) -> Iterator[Hit]:
    for number, attachment in message.files:
        name = attachment.filename or ""
        if len(name) > LONGEST_FILE_NAME and not name.startswith(CANNOT_DECODE):
            yield hit(message.at_part(number), name=quote(name), length=len(name))


# -- subject and body ------------------------------------------------------------------------------


def _check_subject(message: MessageReading) -> Iterator[Hit]:
    if not message.subject:
        yield hit(message.at_field(message.field("subject")))


def _check_subject_length(message: MessageReading) -> Iterator[Hit]:
    length = len(message.subject)
    if length > LONGEST_SUBJECT:
        yield hit(message.at_field(message.field("subject")), length=f"{length:,}")


def _check_body(message: MessageReading) -> Iterator[Hit]:
    if not any(body.text and not body.text.isspace() for body in message.bodies):
        yield hit()


# -- messages for verification ---------------------------------------------------------------------


def _check_auth_recipients(message: MessageReading) -> Iterator[Hit]:
    number = len(message.recipients)
    if number != 1:
        yield hit(message.at_field(message.field("to")), number=f"{number:,}")


def _check_auth_attachments(message: MessageReading) -> Iterator[Hit]:
    files = _attached(message)
    if files:
        first = files[0].attachment
        name = quote(first.filename or first.content_type)
        yield hit(message.at_part(files[0].number), name=name, number=len(files))


RULES = (
    MessageRule(
        id="auth-recipients",
        severity=Severity.ERROR,
        certainty=Certainty.API,
        source="NHN API guide v2.1, sender/auth-mail",
        mail_types=_AUTH,
        check=_check_auth_recipients,
        text="a verification message must have exactly one recipient, not {number}",
        text_ko="인증 메일의 수신자는 정확히 한 명이어야 합니다. 현재 {number}명입니다",
    ),
    MessageRule(
        id="auth-attachment",
        severity=Severity.ERROR,
        certainty=Certainty.API,
        source="NHN API guide v2.1, sender/auth-mail",
        mail_types=_AUTH,
        check=_check_auth_attachments,
        text="a verification message cannot have attachments; this one has {number}, the first "
        "is {name}",
        text_ko="인증 메일에는 파일을 첨부할 수 없습니다. 첨부 파일 {number}개, 첫 번째는 "
        "{name}입니다",
    ),
    MessageRule(
        id="recipient-count",
        severity=Severity.ERROR,
        certainty=Certainty.API,
        source="NHN error code -2012",
        check=_check_recipients,
        text="the message has {number} recipients in To, Cc and the envelope; "
        f"{MOST_RECIPIENTS:,} are allowed",
        text_ko=f"To, Cc, 봉투를 합한 수신자가 {{number}}명입니다. 최대 {MOST_RECIPIENTS:,}명까지 "
        "보낼 수 있습니다",
    ),
    MessageRule(
        id="attachment-count",
        severity=Severity.ERROR,
        certainty=Certainty.API,
        source="NHN error code -2014",
        check=_check_number,
        text=f"the message has {{number}} attachments; {MOST_ATTACHMENTS} are allowed",
        text_ko=f"첨부 파일이 {{number}}개입니다. 최대 {MOST_ATTACHMENTS}개까지 첨부할 수 있습니다",
    ),
    MessageRule(
        id="attachment-size",
        severity=Severity.ERROR,
        certainty=Certainty.API,
        source="NHN error codes -2013 and -2021",
        check=_check_size,
        text="the attachments have {size} together; 30 MB are allowed for each and for all",
        text_ko="첨부 파일이 모두 {size}입니다. 개별 및 전체 최대 30 MB까지 첨부할 수 있습니다",
    ),
    MessageRule(
        id="attachment-size-advice",
        severity=Severity.INFO,
        certainty=Certainty.API,
        source="NHN console guide, attachments",
        check=_check_advised_size,
        text="the attachments have {size} together; receiving servers may reject more than 10 MB",
        text_ko="첨부 파일이 모두 {size}입니다. 10 MB를 넘으면 수신 서버가 거부할 수 있습니다",
    ),
    MessageRule(
        id="file-name-length",
        severity=Severity.WARNING,
        certainty=Certainty.WEAK,
        source="NHN error code -2041 (the guide no longer has the figure)",
        check=_check_file_names,
        text=f"the file name {{name}} has {{length}} characters; {LONGEST_FILE_NAME} are allowed",
        text_ko=f"파일 이름 {{name}}은(는) {{length}}자입니다. 최대 {LONGEST_FILE_NAME}자까지 쓸 "
        "수 있습니다",
    ),
    MessageRule(
        id="subject-missing",
        severity=Severity.ERROR,
        certainty=Certainty.API,
        source="NHN error code -2015",
        check=_check_subject,
        text="the message has no subject; write a Subject header with some text",
        text_ko="메일에 제목이 없습니다. Subject 헤더에 제목을 쓰세요",
    ),
    MessageRule(
        id="subject-length",
        severity=Severity.ERROR,
        certainty=Certainty.API,
        source="NHN error code -2034",
        check=_check_subject_length,
        text=f"the subject has {{length}} characters; {LONGEST_SUBJECT} are allowed",
        text_ko=f"제목이 {{length}}자입니다. 최대 {LONGEST_SUBJECT}자까지 쓸 수 있습니다",
    ),
    MessageRule(
        id="body-missing",
        severity=Severity.ERROR,
        certainty=Certainty.API,
        source="NHN error code -2016",
        check=_check_body,
        text="the message has no body; write a text or an HTML part that is not empty",
        text_ko="메일에 본문이 없습니다. 비어 있지 않은 텍스트나 HTML 파트를 넣으세요",
    ),
)
