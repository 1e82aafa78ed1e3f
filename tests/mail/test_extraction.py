"""Links and visible text."""

from __future__ import annotations

import pytest

from fakesmtp.mail.extraction import read_page
from fakesmtp.mail.links import find_urls


@pytest.mark.parametrize(
    ("text", "urls"),
    [
        ("see https://a.example/b.", ["https://a.example/b"]),
        ("(https://a.example/b_(c))", ["https://a.example/b_(c)"]),
        ("<https://a.example/?x=1&y=%EA>", ["https://a.example/?x=1&y=%EA"]),
        ("https://a.example/b로 가세요", ["https://a.example/b"]),
        (
            "http://[::1]:8080/#top, HTTPS://B.example!",
            ["http://[::1]:8080/#top", "HTTPS://B.example"],
        ),
        ("https:// xhttps://a ftp://a https://...", []),
        ("https://a https://a", ["https://a", "https://a"]),
    ],
)
def test_urls(text: str, urls: list[str]) -> None:
    """A URL ends where the sentence goes on."""
    assert find_urls(text) == urls


@pytest.mark.parametrize(
    ("html", "links"),
    [
        ('<a href=" https://a ">x</a><AREA HREF=b>', ("https://a", "b")),
        ('<a name=x>x</a><a href>y</a><img src="c"><link href="d">', ()),
        ('<a href="mailto:a@example.com">', ("mailto:a@example.com",)),
        ("<a href='#a'><![if x]><![1]>", ("#a",)),
    ],
)
def test_links(html: str, links: tuple[str, ...]) -> None:
    """The links of a page are what its anchors and areas lead to."""
    assert read_page(html).links == links


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("a &amp; <b>b</b>c\n d", "a & bc d"),
        ("<p>one</p>\n\n<p>two<br/>three</p>", "one\ntwo\nthree"),
        ("<table><tr><td>1<td>2</table>", "1\n2"),
        ("<head><title>t</title><style>s</style><meta x></head><body>b<script>1<2</script>", "b"),
        ("<head><title>never closed</title><body>b", "b"),
        ("a</p>b<", "a\nb<"),
        ("x\0y", "xy"),
    ],
)
def test_visible_text(html: str, text: str) -> None:
    """The text of a page is what is seen, one line a block."""
    assert read_page(html).text == text
