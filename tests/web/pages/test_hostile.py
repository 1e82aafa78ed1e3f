"""A hostile message runs nothing and fetches nothing: watched at the network level."""

from __future__ import annotations

import socket
from contextlib import closing
from threading import Thread
from typing import TYPE_CHECKING

import pytest
from page_mail import make_message, send
from playwright.sync_api import expect

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from http_api import Api
    from playwright.sync_api import Page

    Open = Callable[..., Page]


class Trap:
    """A listener that counts every connection, also one in advance without a request."""

    def __init__(self) -> None:
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._socket.getsockname()[1]}"
        self.caught = 0
        Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._socket.accept()
            except OSError:
                return
            self.caught += 1
            connection.close()

    def close(self) -> None:
        """Stop to listen."""
        self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()


@pytest.fixture
def trap() -> Iterator[Trap]:
    """Listen on a port that nothing may connect to."""
    with closing(Trap()) as listening:
        yield listening


def make_html(url: str) -> str:
    """Return HTML that tries everything."""
    return f"""<!doctype html><html><head>
<meta http-equiv="refresh" content="0;url={url}/refresh">
<base href="{url}/base/">
<link rel="preconnect" href="{url}"><link rel="dns-prefetch" href="{url}">
<link rel=prefetch href="{url}/prefetch"><link rel="stylesheet" href="{url}/style.css">
<LINK REL=preload AS=image HREF="{url}/preload">
<script>top.ran = 1; fetch("{url}/script")</script><script src="{url}/src.js"></script>
<style>@import url({url}/import.css); body {{ background: url({url}/background) }}
@font-face {{ font-family: x; src: url({url}/font) }} p {{ font-family: x }}</style></head>
<body onload="top.ran = 2" background="{url}/body">
<p id="shown">shown</p>
<img src="{url}/picture.png" onerror="top.ran = 3"><img srcset="{url}/set.png 1x">
<img src="x" onerror="parent.ran = 4"><svg onload="top.ran = 5"><image href="{url}/svg"/>
<use href="{url}/use#a"/></svg><video src="{url}/video" poster="{url}/poster" autoplay></video>
<audio src="{url}/audio" autoplay></audio><iframe src="{url}/frame"></iframe>
<object data="{url}/object"></object><embed src="{url}/embed">
<form id="form" action="{url}/form" method="post"><button id="send">send</button></form>
<a id="js" href="javascript:top.ran=6">js</a>
<a id="data" href="data:text/html,<script>top.ran=7</script>">data</a>
<a id="top" target="_top" href="{url}/top">top</a>
<a id="ping" ping="{url}/ping" href="#x">ping</a>
<input autofocus onfocus="top.ran = 8"><details open ontoggle="top.ran = 9"></details>
<table>{"<tr>" + "<td>x" * 50}</table>{"<tr><td>" * 2_000}{"<div>" * 10_000}deep
</body></html>"""


def test_nothing_runs_and_nothing_is_fetched(api: Api, open_page: Open, trap: Trap) -> None:
    """Script, handlers, forms, frames, styles, pictures, refresh and links of a message."""
    send(api.smtp, make_message("hostile", html=make_html(trap.url)))
    page = open_page()
    foreign: list[str] = []
    # A request that the policy blocks is an event too, but has no response.
    page.context.on("response", lambda response: foreign.append(response.url))
    page.get_by_test_id("message-row").click()
    frame = page.frame_locator("[data-testid=html-frame]")
    expect(frame.locator("#shown")).to_be_visible()
    for link in ("send", "js", "ping"):
        frame.locator(f"#{link}").dispatch_event("click")
    frame.locator("#top").dispatch_event("click")
    for tab in ("text", "source", "headers", "findings", "session", "html"):
        page.get_by_test_id(f"tab-{tab}").click()
        expect(page.get_by_test_id(f"panel-{tab}")).to_be_visible()
    expect(frame.locator("#shown")).to_be_visible()
    assert page.evaluate("window.ran") is None
    assert [url for url in foreign if not url.startswith((api.http.url, "data:"))] == []
    assert trap.caught == 0
    assert page.url.startswith(api.http.url)


def test_nothing_is_fetched_by_the_html_alone(api: Api, open_page: Open, trap: Trap) -> None:
    """The address of the HTML alone, which clients of Mailpit open, fetches nothing either."""
    send(api.smtp, make_message("hostile", html=make_html(trap.url)))
    page = open_page(f"/view/{api.smtp.messages[0].id}.html")
    expect(page.locator("#shown")).to_be_visible()
    page.wait_for_load_state("networkidle")
    assert trap.caught == 0


def test_remote_content_comes_when_the_reader_asks(api: Api, open_page: Open, trap: Trap) -> None:
    """One button loads the pictures of this message, and script still does not run."""
    send(api.smtp, make_message("remote", html=make_html(trap.url)))
    page = open_page("/view/latest")
    with page.expect_request(f"{trap.url}/picture.png"):
        page.get_by_test_id("load-remote").click()
    expect(page.get_by_text("Remote content is shown.")).to_be_visible()
    assert page.evaluate("window.ran") is None


BROKEN = {
    "no header": b"\r\n\r\n",
    "only a header": b"Subject: x",
    "broken multipart": b"Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Ty",
    "broken Base64": b"Content-Type: text/html\r\nContent-Transfer-Encoding: base64\r\n\r\n====",
    "surrogates": b"Subject: =?utf-8?b?7aCA?=\r\nContent-Type: text/html\r\n\r\n\xed\xa0\x80<b>x",
    "control characters": b"Subject: a\x00b\x1b[31m\r\n\r\n\x00\x07\x1b]0;x\x07",
    "a name from right to left": (
        b"Subject: x\r\nContent-Disposition: attachment; filename*=UTF-8''"
        b"%E2%80%AEgpj.exe\r\nContent-Type: application/x-sh\r\n\r\nx"
    ),
    "HTML in the header": b"Subject: <img src=x onerror=top.ran=1>\r\n\r\n<script>",
}


@pytest.mark.parametrize("raw", BROKEN.values(), ids=BROKEN)
def test_broken_messages_open(api: Api, raw: bytes) -> None:
    """The list and every tab of a broken message are shown."""
    send(api.smtp, raw)
    assert api.get("/").status == 200
    for tab in ("html", "text", "headers", "source", "attachments", "session", "findings"):
        response = api.get(f"/view/{api.smtp.messages[0].id}?tab={tab}")
        assert response.status == 200
        assert b"<img src=x" not in response.body
    assert api.get(f"/page/messages/{api.smtp.messages[0].id}/body").status == 200


def test_files_have_safe_names_and_types(api: Api) -> None:
    """A file is a download of no special type, and its name deceives nobody."""
    names = ("../../etc/passwd", "\u202egpj.exe", 'a"b\r\nX: y', "견적서.html", "...")
    files = tuple((name.replace("\r\n", ""), b"<script>") for name in names)
    send(api.smtp, make_message(files=files))
    message_id = api.smtp.messages[0].id
    for number in range(2, 2 + len(files)):
        response = api.get(f"/view/{message_id}/files/{number}")
        assert response.headers["content-type"] == "application/octet-stream"
        assert response.headers["x-content-type-options"] == "nosniff"
        assert "sandbox" in response.headers["content-security-policy"]
        disposition = response.headers["content-disposition"]
        assert disposition.startswith('attachment; filename="')
        assert not {"/", "\u202e", "\\"} & set(disposition.removeprefix("attachment; "))
    assert api.get(f"/view/{message_id}/files/1").headers["content-type"] == "image/png"
    assert api.get(f"/view/{message_id}/files/99").status == 404
