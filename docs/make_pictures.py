"""Take the pictures of `page.md`, with a server, messages and Debian's Chromium.

Run it after changing the page: `python docs/make_pictures.py`. It needs Playwright and Chromium.
"""

from __future__ import annotations

import smtplib
from contextlib import contextmanager, suppress
from email.message import EmailMessage
from email.utils import formatdate
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from PIL import Image
from playwright.sync_api import sync_playwright

from fakesmtp import FakeSMTP
from fakesmtp.web.server import HttpServer

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser

FOLDER = Path(__file__).with_name("page")
KEYS = ("Wn3vQ9xTB2mLs0aK", "SecretKey")
CODE = """<div style="font-family:sans-serif;max-width:460px;margin:24px auto;padding:24px;
border:1px solid #ddd;border-radius:8px"><h2 style="margin:0 0 12px">이메일 인증</h2>
<p>아래 인증번호를 10분 안에 입력해 주세요.</p>
<p style="font:bold 32px monospace;letter-spacing:8px">482913</p>
<p><a href="https://shop.example/verify?t=abc123">링크로 인증하기</a></p>
<img src="https://track.example/open.gif" alt=""></div>"""


class Mail(NamedTuple):
    """A message to send: `files` are names."""

    subject: str
    text: str
    mail_type: str = "normal"
    sender: str = "한빛상점 <no-reply@shop.example>"
    to: str = "홍길동 <hong@example.com>"
    port: int = 587
    html: str = ""
    files: tuple[str, ...] = ()


MAILS = (
    Mail("Your data export is ready", "Download it: https://app.example/export/9\n"),
    Mail("환불이 완료되었습니다", "환불 금액: 59,000원\n"),
    Mail("Build #4211 failed", "2 of 1,204 tests failed.\n", sender="Build Bot <ci@dev.example>"),
    Mail("배송이 시작되었습니다", "송장 번호: 6012-3344-5566\nhttps://shop.example/orders/42\n"),
    Mail("New sign-in from Chrome", "Was it you?\n", "auth", "Account Team <id@app.example>"),
    Mail("12월 정기 점검 안내", "12월 6일(일) 02:00~06:00\n", sender="운영팀 <ops@example.co.kr>"),
    Mail(
        "Your order has shipped", "Dear Minji, your parcel is on its way.\n", to="minji@example.com"
    ),
    Mail("비밀번호 재설정", "https://shop.example/reset?t=b1946ac92492\n", "auth", port=465),
    Mail("(광고) 겨울 세일 최대 50% 할인", "겨울 세일: http://shop.example/sale\n", "ad"),
    Mail(
        "Invoice 2026-11-0093",
        "Dear Ms. Kim, please find the invoice attached.\n",
        sender="Billing <billing@saas.example>",
        to="kim@example.com",
        files=("invoice-2026-11-0093.pdf", "사용 내역.xlsx"),
    ),
    Mail("[한빛은행] 인증번호 안내", "인증번호 [739204]를 입력해 주세요.\n", "auth", port=465),
    Mail("이메일 인증번호 안내", "인증번호: 482913\n", "auth", html=CODE, files=("이용약관.pdf",)),
)


class Picture(NamedTuple):
    """A picture: its name, the path of the page, and how a reader sees it."""

    name: str
    path: str
    size: tuple[int, int] = (1280, 780)
    theme: str = "light"
    language: str = "en-US"


PICTURES = (
    Picture("inbox", "/"),
    Picture("messages", "/view/latest"),
    Picture("sessions", "/sessions/{refused}", theme="dark"),
    Picture("faults", "/faults?where=rcpt&what=reply&reply=550+5.1.1+User+unknown"),
    Picture("findings", "/view/{ad}?tab=findings"),
    Picture("connect", "/connect?client=nodemailer"),
    Picture("phone", "/view/latest", (390, 780), language="ko-KR"),
)


def send(smtp: FakeSMTP, mail: Mail) -> None:
    """Send a message as a client of NHN Cloud Email does."""
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = mail.sender, mail.to, mail.subject
    message["Date"] = formatdate(localtime=True)
    message.set_content(mail.text)
    if mail.html:
        message.add_alternative(mail.html, subtype="html")
    for name in mail.files:
        message.add_attachment(b"x" * 48_000, "application", "octet-stream", filename=name)
    context = smtp.client_context()
    kind = smtplib.SMTP if mail.port == 587 else smtplib.SMTP_SSL  # noqa: PLR2004 - STARTTLS
    options = {} if kind is smtplib.SMTP else {"context": context}
    with kind("localhost", smtp.port(mail.port), **options) as client:
        if kind is smtplib.SMTP:
            client.starttls(context=context)
        client.login(f"{KEYS[0]}#{mail.mail_type}", KEYS[1])
        client.send_message(message)


def fail(smtp: FakeSMTP) -> None:
    """Connect as clients do that bring no message."""
    with suppress(OSError), smtplib.SMTP_SSL("localhost", smtp.port(465)):
        pass  # the client does not trust the CA
    for login in (("Wn3vQ9xTB2mLs0aK#promo", "x"), ("Wn3vQ9xTB2mLs0aK", "wrong")):
        with smtplib.SMTP("localhost", smtp.port(587)) as client, suppress(smtplib.SMTPException):
            client.starttls(context=smtp.client_context())
            client.login(*login)
    with suppress(smtplib.SMTPException):
        send(smtp, Mail("refused", "x", to="kim@slow.example"))


@contextmanager
def serving() -> Iterator[tuple[FakeSMTP, str]]:
    """Run a server with messages, sessions and rules."""
    with FakeSMTP(ports={587: 0, 465: 0}, accounts=[KEYS]) as smtp, HttpServer(smtp) as http:
        for mail in MAILS:
            send(smtp, mail)
        smtp.faults.fault("rcpt", reply="451 4.7.1 Try later", to="*@slow.example", times=1)
        smtp.faults.fault("mail", reply="550 5.7.1 Refused", mail_type="ad")
        fail(smtp)
        yield smtp, http.url


def take(browser: Browser, url: str, picture: Picture, ids: dict[str, str]) -> None:
    """Take a picture, in a few colours: the file is a third as large."""
    width, height = picture.size
    page = browser.new_page(
        base_url=url,
        viewport={"width": width, "height": height},
        color_scheme=picture.theme,  # type: ignore[arg-type]
        locale=picture.language,
        timezone_id="Asia/Seoul",
    )
    page.goto(picture.path.format(**ids))
    page.get_by_test_id("live").and_(page.locator(".on")).wait_for()
    path = FOLDER / f"{picture.name}.png"
    page.screenshot(path=path)
    page.close()
    Image.open(path).convert("RGB").quantize(256).save(path, optimize=True)


def main() -> None:
    """Take all pictures."""
    with serving() as (smtp, url), sync_playwright() as playwright:
        refused = next(each.id for each in smtp.sessions if each.refused)
        advertisement = next(each.id for each in smtp.messages if each.mail_type == "ad")
        ids = {"refused": refused, "ad": advertisement}
        browser = playwright.chromium.launch(
            executable_path="/usr/bin/chromium", args=["--no-sandbox"]
        )
        for picture in PICTURES:
            take(browser, url, picture, ids)


if __name__ == "__main__":
    main()
