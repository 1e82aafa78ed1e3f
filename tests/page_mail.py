"""Messages for tests of the page, and a client that sends them."""

from __future__ import annotations

import smtplib
from email.message import EmailMessage
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from fakesmtp import FakeSMTP

PNG = bytes.fromhex(
    "89504e470d0a1a0a0000000d4948445200000001000000010806000000"
    "1f15c4890000000d49444154789c63f8cfc0f01f00050001ff56c72fe60000000049454e44ae426082"
)
CODE = "482913"
HTML = f"""<html><body><h1>한빛상점</h1><p>인증번호 {CODE}</p>
<a href="https://shop.example/verify?t=abc">이메일 인증</a>
<img id="logo" src="cid:logo"><img src="https://track.example/open.gif"></body></html>"""


def make_message(
    subject: str = "이메일 인증번호 안내",
    *,
    html: str | None = HTML,
    text: str = f"인증번호: {CODE}\nhttps://shop.example/verify?t=abc\nhttps://shop.example/help\n",
    files: tuple[tuple[str, bytes], ...] = (),
) -> EmailMessage:
    """Return a message with text, HTML, a picture in it, and files."""
    message = EmailMessage()
    message["From"] = "한빛상점 <no-reply@shop.example>"
    message["To"] = "홍길동 <hong@example.com>"
    message["Subject"] = subject
    message.set_content(text)
    if html is not None:
        message.add_alternative(html, subtype="html")
        body = message.get_payload()[1]  # type: ignore[index]
        body.add_related(PNG, "image", "png", cid="<logo>")  # type: ignore[union-attr]
    for name, content in files:
        message.add_attachment(
            content, maintype="application", subtype="octet-stream", filename=name
        )
    return message


def send(smtp: FakeSMTP, content: EmailMessage | bytes, mail_type: str = "auth") -> None:
    """Send a message over STARTTLS, with one recipient that is not in its header."""
    with smtplib.SMTP("localhost", smtp.port(587)) as client:
        client.starttls(context=smtp.client_context())
        client.login(f"{smtp.account.app_key}#{mail_type}", smtp.account.secret_key)
        raw = content if isinstance(content, bytes) else content.as_bytes()
        client.sendmail("bounce@shop.example", ["hong@example.com", "bcc@example.com"], raw)
