"""Messages with all the facts that Mailpit's API returns."""

from __future__ import annotations

import base64

_PIXEL = (
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8BQDwAEhQGAhKmM"
    "IQAAAABJRU5ErkJggg=="
)
PIXEL = base64.b64decode(_PIXEL)
_PDF = base64.b64encode(b"%PDF-1.4 not really").decode()

PLAIN = """\
From: Sender Name <from@example.com>
To: First <first@example.com>, second@example.com
Cc: "Kim, Chul" <kim@example.com>
Reply-To: reply@example.com
Subject: Plain text
Date: Fri, 27 Nov 2026 10:00:00 +0900
Message-ID: <plain.1@example.com>

Hello there.
A second line.
"""

KOREAN = """\
From: =?utf-8?B?7ZmN6ri464+ZKOyduOyCrO2MgCk=?= <hong@example.com>
To: =?utf-8?B?6rmA7LKg7IiY?= <kim@example.com>
Subject: =?utf-8?B?7J247KadIOuyiO2YuCDslYjrgrQ=?=
Date: Fri, 27 Nov 2026 10:00:00 +0900
Message-ID: <korean.1@example.com>
MIME-Version: 1.0
Content-Type: text/plain; charset=utf-8
Content-Transfer-Encoding: base64

7J247KadIOuyiO2YuOuKlCAxMjM0NTYg7J6F64uI64ukLg==
"""

RICH = f"""\
From: Shop <shop@example.com>
To: buyer@example.com
Subject: Your order
Date: Fri, 27 Nov 2026 01:00:00 +0000
Message-ID: <rich.1@example.com>
List-Unsubscribe: <https://example.com/u?id=1>, <mailto:leave@example.com>
List-Unsubscribe-Post: List-Unsubscribe=One-Click
MIME-Version: 1.0
Content-Type: multipart/mixed; boundary=outer

--outer
Content-Type: multipart/related; boundary=related

--related
Content-Type: multipart/alternative; boundary=inner

--inner
Content-Type: text/plain; charset=utf-8

Your order in text.
--inner
Content-Type: text/html; charset=utf-8

<html><head></head><body><p>Your <b>order</b> <img src="cid:logo@example.com"></p>
<a href="https://example.com/orders/1">See it</a></body></html>
--inner--
--related
Content-Type: image/png; name=logo.png
Content-Transfer-Encoding: base64
Content-ID: <logo@example.com>
Content-Disposition: inline; filename=logo.png

{_PIXEL}
--related--
--outer
Content-Type: application/pdf; name="invoice.pdf"
Content-Transfer-Encoding: base64
Content-Disposition: attachment; filename="invoice.pdf"

{_PDF}
--outer
Content-Type: text/html; name="page.html"
Content-Disposition: attachment; filename="page.html"

<script>alert(1)</script>
--outer--
"""

ONLY_HTML = """\
From: shop@example.com
To: buyer@example.com
Subject: Only HTML
Date: Fri, 27 Nov 2026 01:00:00 +0000
Message-ID: <html.1@example.com>
MIME-Version: 1.0
Content-Type: text/html; charset=utf-8

<p>Only <i>this</i></p>
"""

BARE = """\
Subject: bare

no other header field
"""

TAGGED = """\
X-Tags: Order, 2026 ,order,, a.b
From: shop@example.com
To: buyer@example.com
Subject: Tagged
Date: Fri, 27 Nov 2026 01:00:00 +0000
Message-ID: <tagged.1@example.com>

This has tags.
"""

SAMPLES = {
    "plain": PLAIN,
    "korean": KOREAN,
    "rich": RICH,
    "only-html": ONLY_HTML,
    "bare": BARE,
    "tagged": TAGGED,
}


def raw_of(name: str) -> bytes:
    """Return the bytes of a sample as sent over SMTP."""
    return SAMPLES[name].replace("\n", "\r\n").encode()
