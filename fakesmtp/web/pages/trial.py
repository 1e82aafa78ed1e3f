"""Test messages, sent over SMTP to the server itself."""

from __future__ import annotations

import smtplib
from collections.abc import Mapping
from email.message import EmailMessage
from email.utils import formatdate, make_msgid
from typing import NamedTuple

from fakesmtp.options import fresh_pair
from fakesmtp.protocol.credentials import MailType
from fakesmtp.storage.folding import fold
from fakesmtp.storage.query import MessageId
from fakesmtp.web.serving import Serving

#: Maximum time for a reply (seconds): a planned fault may delay it.
_PATIENCE = 10.0
#: The port that most clients use.
_PREFERRED = 587
_DOMAIN = "shop.example.com"


class Sample(NamedTuple):
    """A message of a mail type."""

    subject: str
    text: str
    html: str


SAMPLES: Mapping[MailType, Sample] = {
    MailType.NORMAL: Sample(
        "주문이 접수되었습니다 (No. 20261127-0042)",
        "홍길동 님, 주문해 주셔서 감사합니다.\n배송 조회: https://shop.example.com/orders/42\n",
        "<p>홍길동 님, 주문해 주셔서 감사합니다.</p>"
        '<p><a href="https://shop.example.com/orders/42">배송 조회</a></p>',
    ),
    MailType.AUTH: Sample(
        "이메일 인증번호 안내",
        "인증번호: 482913\n10분 안에 입력해 주세요.\n",
        "<p>아래 인증번호를 10분 안에 입력해 주세요.</p><h1>482913</h1>",
    ),
    MailType.AD: Sample(
        "(광고) 겨울 세일 최대 50% 할인",
        "겨울 세일이 시작되었습니다.\nhttps://shop.example.com/sale\n\n"
        "한빛상점 | 서울특별시 중구 세종대로 110 | 전화 02-1234-5678\n"
        "수신을 원하지 않으시면 수신거부를 눌러 주세요: https://shop.example.com/unsubscribe\n"
        "If you do not want to receive this message, unsubscribe here: "
        "https://shop.example.com/unsubscribe\n",
        "<h1>겨울 세일</h1><p>최대 50% 할인</p>"
        '<p><a href="https://shop.example.com/sale">보러 가기</a></p>'
        "<p>한빛상점 | 서울특별시 중구 세종대로 110 | 전화 02-1234-5678</p>"
        '<p>수신을 원하지 않으시면 <a href="https://shop.example.com/unsubscribe">수신거부</a>를 '
        "눌러 주세요. If you do not want to receive this message, "
        '<a href="https://shop.example.com/unsubscribe">unsubscribe</a>.</p>',
    ),
}


class Trial(NamedTuple):
    """What came of a test message: its id and its session's, or why it was not accepted."""

    message_id: str = ""
    session_id: str = ""
    problem: str = ""


def send_sample(here: Serving, mail_type: MailType) -> Trial:
    """Send the sample of a mail type; return what came of it."""
    message = _make(SAMPLES[mail_type])
    try:
        _send(here, message, mail_type)
    except (OSError, smtplib.SMTPException) as error:
        return Trial(problem=_explain(error))
    wanted = MessageId(fold(message["Message-ID"].strip("<>")))
    rows = here.archive.store.page(wanted, limit=1).rows
    if not rows:
        return Trial(problem="the server replied 250 and did not keep the message")
    return Trial(rows[0].record.id, rows[0].record.session_id)


def _explain(error: Exception) -> str:
    """Return the reply that the server refused with, or what else went wrong."""
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        return "; ".join(_show_reply(*reply) for reply in error.recipients.values())
    if isinstance(error, smtplib.SMTPResponseException):
        return _show_reply(error.smtp_code, error.smtp_error)
    return str(error) or type(error).__name__


def _show_reply(code: int, text: bytes | str) -> str:
    return f"{code} {text.decode(errors='replace') if isinstance(text, bytes) else text}"


def _make(sample: Sample) -> EmailMessage:
    message = EmailMessage()
    message["From"] = f"한빛상점 <no-reply@{_DOMAIN}>"
    message["To"] = "홍길동 <hong@example.com>"
    message["Subject"] = sample.subject
    message["Date"] = formatdate(localtime=True)
    message["Message-ID"] = make_msgid(domain=_DOMAIN)
    message.set_content(sample.text)
    message.add_alternative(sample.html, subtype="html")
    return message


def _send(here: Serving, message: EmailMessage, mail_type: MailType) -> None:
    app_key, secret_key = here.allowed[0] if here.allowed else fresh_pair()
    with _connect(here) as client:
        client.login(f"{app_key}#{mail_type}", secret_key)
        client.send_message(message)


def _connect(here: Serving) -> smtplib.SMTP:
    """Return a client inside TLS: by STARTTLS on port 587, else on any port that is open."""
    context = here.smtp.client_context()
    listener = min(here.smtp.listeners, key=lambda each: each.port != _PREFERRED)
    address = here.smtp.host, listener.local_port
    if listener.implicit_tls:
        return smtplib.SMTP_SSL(*address, timeout=_PATIENCE, context=context)
    client = smtplib.SMTP(*address, timeout=_PATIENCE)
    try:
        client.starttls(context=context)
    except (OSError, smtplib.SMTPException):
        client.close()
        raise
    return client
