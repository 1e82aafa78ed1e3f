"""URLs in plain text."""

from __future__ import annotations

import pytest

from fakesmtp.messages.links import find_urls


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
        ("[여기](https://a.example/b)", ["https://a.example/b"]),
        ("[여기](https://a.example/b_(c)).", ["https://a.example/b_(c)"]),
        (
            "[https://a.example](https://b.example/?x=[1])",
            ["https://a.example", "https://b.example/?x=[1]"],
        ),
        ("![](https://a.example/b.png)[c]", ["https://a.example/b.png"]),
        ("**https://a.example/b**", ["https://a.example/b"]),
        (
            "`https://a.example/b`, 'https://a.example/c'",
            ["https://a.example/b", "https://a.example/c"],
        ),
        ("https://a.example/b(참고)", ["https://a.example/b"]),
        (
            "https://a.example/b[1], https://a.example/(b]",
            ["https://a.example/b[1]", "https://a.example/(b"],
        ),
        (
            "https://a.example/?a=1&timestamp=9&region=kr;",
            ["https://a.example/?a=1&timestamp=9&region=kr"],
        ),
    ],
)
def test_urls(text: str, urls: list[str]) -> None:
    """A URL ends where the sentence continues, and at a closing bracket that encloses it."""
    assert find_urls(text) == urls
