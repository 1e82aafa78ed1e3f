"""Limits, addresses, headers, structure, links."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING

from finding_cases.making import TEXT, auth, file, html, message, part, parts

if TYPE_CHECKING:
    from collections.abc import Callable

    from fakesmtp.findings import MessageReading

_LONG = "a" * 101
_LONG_ADDRESS = f"{'a' * 60}@{'b' * 40}.kr"
_MEGABYTE = 1024 * 1024


def _to(number: int) -> dict[str, str]:
    return {"To": ",\r\n ".join(f"u{each}@example.com" for each in range(number))}


def _recipients(number: int) -> tuple[str, ...]:
    return tuple(f"u{each}@example.com" for each in range(number))


def _sized(*sizes: int) -> Callable[[], MessageReading]:
    """Return a function that makes a message with files of these sizes, which are large."""
    return lambda: parts(TEXT, *(file(body=_LINE * (size // 1024)) for size in sizes))


_LINE = "x" * 1022 + "\n"
_ALICE = {"From": "Alice <alice@example.com>"}


def _sent_by(address: str) -> dict[str, object]:
    return {"header": {"From": address}}


def _with_header(**fields: str | None) -> dict[str, object]:
    return {"header": {name.replace("_", "-"): value for name, value in fields.items()}}


_GOOD_ADDRESSES = (
    "user@example.com",
    "first.last+tag@mail.example.co.kr",
    '"odd name"@example.com',
    "user@[192.0.2.1]",
    "user@xn--bj0bj06e.kr",
)
_BAD_ADDRESSES = (
    "user",
    "user@",
    "@example.com",
    "user@example..com",
    "user@-example.com",
    "user@exam_ple.com",
    ".user@example.com",
    "us..er@example.com",
    "사용자@example.com",
    f"user@{'a' * 64}.com",
)
_LOCAL_LINKS = (
    "http://localhost/verify",
    "http://localhost:8000/verify?a=1",
    "https://127.0.0.1:8443/",
    "http://192.168.0.10/",
    "http://10.0.0.1/a",
    "http://[::1]:3000/",
    "http://web:8000/",
    "https://app.test/",
    "https://api.internal/x",
    "http://0.0.0.0:5000",
)
_PUBLIC_LINKS = (
    "https://www.example.com/localhost",
    "https://localhost.example.com/",
    "https://8.8.8.8/",
    "https://example.com/?next=http%3A%2F%2Flocalhost",
    "https://test.example.com",
)
_PLACEHOLDERS = (
    "{{name}}",
    "{{ user.name }}",
    "{% if user %}",
    "<%= name %>",
    "${name}",
    "#{이름}",
    "##name##",
    "##고객명##",
    "%(name)s",
    "%%NAME%%",
    "*|FNAME|*",
    "%s",
    "[object Object]",
)
_NOT_PLACEHOLDERS = (
    "100%sure",
    "100 %sale",
    "50%",
    "{name}",
    "{{}}",
    "## 제목 ##",
    "##BLOCK_RECEIVER_LINK##",
    "##JA_BLOCK_RECEIVER_LINK##",
    "$100",
    "#태그 #둘",
    "1 < 2 % 3 > 2",
    "** | **",
)


def _image(cid: str) -> str:
    return part("image/png", header=f"Content-ID: <{cid}>\nContent-Disposition: inline\n")


_HTML = "text/html; charset=utf-8"
_BAD_BASE64 = "SGVsbG8=x\n!!!! this is not Base64 at all, is it? !!!!\n"

TRIGGERS = {
    "auth-recipients": [
        auth(rcpt_tos=("a@example.com", "b@example.com")),
        auth(**_with_header(Cc="b@example.com")),
    ],
    "auth-attachment": [parts(TEXT, file(), mail_type=auth().mail_type)],
    "recipient-count": [
        message(header=_to(1_001)),
        message(header=_to(500), rcpt_tos=("x@example.com", *_recipients(1_000))),
        message(rcpt_tos=_recipients(1_000)),
    ],
    "attachment-count": [parts(TEXT, *[file(f"{n}.pdf") for n in range(11)])],
    "attachment-size": [_sized(31 * _MEGABYTE), _sized(16 * _MEGABYTE, 16 * _MEGABYTE)],
    "attachment-size-advice": [_sized(11 * _MEGABYTE)],
    "file-name-length": [parts(TEXT, file("가" * 97 + ".pdf"))],
    "subject-missing": [message(subject=None), message(subject=""), message(subject="  ")],
    "subject-length": [message(subject="가" * 999)],
    "body-missing": [message(body=""), message(body=" \n\n"), parts(file())],
    "address-form": [message(header={"To": f"<{each}>"}) for each in _BAD_ADDRESSES]
    + [message(rcpt_tos=("user@exam_ple.com",)), message(mail_from="user@@example.com")],
    "address-length": [message(header={"To": _LONG_ADDRESS}), message(mail_from=_LONG_ADDRESS)],
    "address-punycode": [
        message(header={"To": "user@한국.kr"}),
        message(header={"From": "=?utf-8?b?7ZWc6rWt?= <user@=?utf-8?b?7ZWc6rWt?=.kr>"}),
    ],
    "name-length": [
        message(header={"To": f"{_LONG} <a@example.com>"}),
        message(header={"From": f'"{_LONG}, Inc." <a@example.com>'}),
        message(header={"Cc": f"b@example.com, {_LONG} <a@example.com>"}),
    ],
    "sender-domain": [
        message(rcpt_tos=("a@gmail.com",), mail_from="bounce@example.kr"),
        message(rcpt_tos=("a@yahoo.com",), header={"From": "shop@gmail.com"}),
        message(header={"To": "A@GMAIL.COM"}, mail_from="a@notexample.com"),
    ],
    "no-reply-sender": [
        message(**_sent_by("no-reply@example.com")),
        message(**_sent_by("가나다 <NoReply@example.com>")),
    ],
    "from-missing": [message(**_with_header(From=None))],
    "date-missing": [message(**_with_header(Date=None))],
    "message-id-missing": [message(**_with_header(Message_ID=None))],
    "header-repeated": [
        message(more="Date: Thu, 26 Nov 2026 10:00:00 +0900\r\n"),
        message(more="subject: again\r\n"),
        message(more="Content-Type: text/html\r\n"),
    ],
    "header-8bit": [
        message(header={"Subject": "안녕하세요"}),
        message(header={"X-Campaign": "봄"}),
        message(header={"From": "가나다 <news@example.com>"}),
    ],
    "header-encoding": [
        message(header={"Subject": "=?utf-8?b?7JWI64A=?="}),
        message(header={"Subject": "=?x-unknown?q?a?="}),
    ],
    "bcc-header": [message(**_with_header(Bcc="secret@example.com"))],
    "line-length": [
        message(body="a" * 999 + "\n"),
        message(body="ok\n" * 500 + "a" * 2000),
        message(dropped_lines=1),
    ],
    "line-end": [message(body=b"a\nb\r\n"), message(body=b"a\rb\r\n"), message(body=b"a\r\r\nb")],
    "mime-boundary": [
        parts(TEXT, end=""),
        message(body="text\n", content_type="multipart/mixed; boundary=b"),
        message(body="--c\n\nx\n--c--\n", content_type="multipart/mixed; boundary=b"),
    ],
    "mime-no-boundary": [message(body="text\n", content_type="multipart/mixed")],
    "mime-charset": [
        message(content_type="text/plain; charset=ascii"),
        message(content_type="text/plain"),
        message(content_type="text/plain; charset=utf-9"),
        message(body="한글".encode("cp949")),
    ],
    "mime-encoding": [
        message(body=_BAD_BASE64, header={"Content-Transfer-Encoding": "base64"}),
        message(body="hello\n", header={"Content-Transfer-Encoding": "utf-8"}),
        parts(TEXT, part("application/pdf", "x\n", "Content-Transfer-Encoding: zip\n")),
    ],
    "html-only": [
        message(body="<p>안녕</p>\n", content_type=_HTML),
        parts(part(_HTML, "<p>a</p>\n")),
    ],
    "cid-missing": [
        html('<img src="cid:logo">\n'),
        html('<table background="cid:a@example.com"></table>\n'),
        html("<p style=\"background: url('CID:back')\">a</p>\n"),
        parts(part(_HTML, '<img src="cid:logo"><img src="cid:logo2">\n'), _image("logo")),
    ],
    "link-local": [message(body=f"여기: {each} .\n") for each in _LOCAL_LINKS]
    + [html(f'<a href="{each}">여기</a>\n') for each in _LOCAL_LINKS],
    "link-http": [
        message(body="http://www.example.com/a\n"),
        html('<a href="HTTP://example.com/?a=1&amp;b=2">여기</a>\n'),
    ],
    "placeholder": [message(body=f"안녕하세요 {each} 님\n") for each in _PLACEHOLDERS]
    + [html(f"<p>안녕 {each.replace('<', '&lt;')} 님</p>\n") for each in _PLACEHOLDERS]
    + [
        message(subject="{{name}}님, 환영합니다"),
        html('<a href="https://example.com/%7B%7Btoken%7D%7D">여기</a>\n'),
        html('<img src="https://example.com/a.png" alt="${name}">\n'),
    ],
}
NEAR_MISSES = {
    "auth-recipients": [auth(), auth(rcpt_tos=("KIM@example.kr",)), message(header=_to(2))],
    "auth-attachment": [
        auth(),
        parts(TEXT, file()),
        parts(part(_HTML, '<img src="cid:logo">\n'), _image("logo"), mail_type=auth().mail_type),
    ],
    "recipient-count": [
        message(header=_to(1_000), rcpt_tos=_recipients(1_000)),
        message(header=_to(600), rcpt_tos=_recipients(600)),
    ],
    "attachment-count": [
        parts(TEXT, *[file(f"{n}.pdf") for n in range(10)]),
        parts(
            part(_HTML, "".join(f'<img src="cid:{n}">' for n in range(11)) + "\n"),
            *[_image(str(n)) for n in range(11)],
        ),
    ],
    "attachment-size": [_sized(29 * _MEGABYTE)],
    "attachment-size-advice": [_sized(10 * _MEGABYTE - 4096), _sized(31 * _MEGABYTE)],
    "file-name-length": [
        parts(TEXT, file("=?utf-8?b?7JWI" + "AAAA" * 20 + "/w==?=")),
        parts(TEXT, file("가" * 96 + ".pdf")),
        parts(TEXT, part("image/png")),
    ],
    "subject-missing": [message(), message(subject="0")],
    "subject-length": [message(subject="가" * 998)],
    "body-missing": [message(body="."), html("<p>a</p>\n"), parts(file(), TEXT)],
    "address-form": [message(header={"To": f"<{each}>"}) for each in _GOOD_ADDRESSES]
    + [message(mail_from=""), message(header={"To": "user@한국.kr"})],
    "address-length": [message(header={"To": _LONG_ADDRESS[4:]})],
    "address-punycode": [message(header={"To": "user@xn--3e0b707e.kr"})],
    "name-length": [
        message(header={"To": f"{'a' * 100} <a@example.com>"}),
        message(header={"To": ", ".join(f"{'a' * 60} <{n}@example.com>" for n in range(3))}),
        message(
            header={"To": ", ".join(f"u{n}@example.com" for n in range(20)) + ", B <b@example.com>"}
        ),
    ],
    "sender-domain": [
        message(rcpt_tos=("a@gmail.com",)),
        message(rcpt_tos=("a@gmail.com",), mail_from="bounce@mail.example.com"),
        message(rcpt_tos=("a@gmail.com",), mail_from=""),
        message(rcpt_tos=("a@naver.com",), mail_from="bounce@example.kr"),
        message(rcpt_tos=("a@notgmail.com",), mail_from="bounce@example.kr"),
    ],
    "no-reply-sender": [message(), message(**_sent_by("noreply2@example.com"))],
    "from-missing": [message()],
    "date-missing": [message(**_with_header(Date=None, date="Thu, 26 Nov 2026 10:00:00 +0900"))],
    "message-id-missing": [message()],
    "header-repeated": [message(more="Received: a\r\nReceived: b\r\nX-A: 1\r\nX-A: 2\r\n")],
    "header-8bit": [
        message(),
        message(header={"Subject": "안녕하세요"}, parameters=("SMTPUTF8",)),
    ],
    "header-encoding": [
        message(header={"Subject": "=?euc-kr?b?yLjCuA==?= =?utf-8?q?a_b?="}),
        message(subject="what is =?utf-8? and why"),
    ],
    "bcc-header": [message(header={"X-Bcc": "secret@example.com"})],
    "line-length": [message(body="a" * 998 + "\n"), message(body=("a" * 998 + "\n") * 5)],
    "line-end": [message(body="a\n\nb\n"), message(body="")],
    "mime-boundary": [parts(TEXT), parts(TEXT, file()), message(body="--b\n\nx\n")],
    "mime-no-boundary": [parts(TEXT), parts(TEXT, end="")],
    "mime-charset": [
        message(content_type="text/plain; charset=UTF-8"),
        message(body="plain\n", content_type="text/plain"),
        message(body="한글".encode("cp949"), content_type="text/plain; charset=euc-kr"),
        message(body="[cannot be decoded as utf-8] is a message of ours\n"),
    ],
    "mime-encoding": [
        message(
            body=base64.encodebytes("안녕하세요".encode()),
            header={"Content-Transfer-Encoding": "base64"},
        ),
        message(body="=EC=95=88\n", header={"Content-Transfer-Encoding": "Quoted-Printable"}),
        message(header={"Content-Transfer-Encoding": None}),
    ],
    "html-only": [html("<p>a</p>\n"), message(), parts(TEXT, file("a.html", kind="text/html"))],
    "cid-missing": [
        parts(part(_HTML, '<img src="cid:logo">\n'), _image("logo")),
        parts(part(_HTML, '<img src="cid:logo%40example.com">\n'), _image("logo@example.com")),
        html("<p>cid:logo</p>\n"),
        message(body="cid:logo\n"),
    ],
    "link-local": [message(body=f"{each} \n") for each in _PUBLIC_LINKS]
    + [html('<a href="#top">위로</a><a href="mailto:a@localhost">메일</a><a href="/a">a</a>\n')],
    "link-http": [message(body="https://example.com\n"), message(body="http://localhost/\n")],
    "placeholder": [message(body=f"안내 {each} 입니다\n") for each in _NOT_PLACEHOLDERS]
    + [
        html("<style>.a{{color:red}}</style><p>a</p>\n"),
        html("<script>`${name}`</script><p>a</p>\n"),
        html('<a href="https://example.com/?q=%d3%e2">여기</a>\n'),
    ],
}
