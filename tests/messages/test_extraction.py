"""Links and visible text of HTML."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from made_messages import make_message

from fakesmtp.messages.extraction import read_page


@pytest.mark.parametrize(
    ("html", "links"),
    [
        ('<a href=" https://a ">x</a><AREA HREF=b>', ("https://a", "b")),
        ('<a name=x>x</a><a href>y</a><img src="c"><link href="d">', ()),
        ('<a href="mailto:a@example.com">', ("mailto:a@example.com",)),
        ("<a href='#a'><![if x]><![1]>", ("#a",)),
        (
            '<a href="https://a/?a=1&timestamp=9&currency=KRW&region=kr&copy=2&lang=ko&notin=x">',
            ("https://a/?a=1&timestamp=9&currency=KRW&region=kr&copy=2&lang=ko&notin=x",),
        ),
        ('<a href="?a=1&amp;b=&#50;&#x33;&lt;&eacute;">', ("?a=1&b=23<é",)),
        ("<a href=https://a/?x=1&reg=2>", ("https://a/?x=1&reg=2",)),
        ('<![foo]><a href="x"><!foo><a href="y"><?php ?><a href="z">', ("x", "y", "z")),
        ('<a href="x" href="y"><a\nHREF = z>', ("x", "z")),
        ("<!-- <a href=x> --><script><a href=y></script><title><a href=z></title>", ()),
        ('<div hidden><a href="unsubscribe">', ("unsubscribe",)),
    ],
)
def test_links(html: str, links: tuple[str, ...]) -> None:
    """The links of a page are the targets of its anchors and areas."""
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
        ("a<![foo]>b<!x>c<![CDATA[d]]>e<!-->f<!--g--!>h</>i</ j>k", "abcefhik"),
        ("a<!--[if mso]>b<![endif]-->c<![if !mso]>d<![endif]>", "acd"),
        ("1 < 2 &lt; 3 &amp;copy; &#9999999999; &#0065; &copy2", "1 < 2 < 3 &copy; \ufffd A ©2"),
        ("&#" + "9" * 5000 + ";&#x" + "0" * 5000 + "41;", "\ufffdA"),
        ("<textarea>a &amp; <b></textarea><xmp>&amp;</xmp>", "a & <b>\n&amp;"),
        ("a<template>b<template>c</template>d</template>e", "a\ne"),
        ("a<script>never closed</p>b", "a"),
    ],
)
def test_visible_text(html: str, text: str) -> None:
    """The visible text of a page has one line for each block."""
    assert read_page(html).text == text


SEEN = "code 123456"


@pytest.mark.parametrize(
    "hidden",
    [
        '<div style="display:none">000000</div>',
        '<DIV STYLE="color: red; DISPLAY : None !important;">000000</DIV>',
        "<p hidden>000000</p>",
        '<span hidden="until-found">000000<b>0</b></span>',
        '<span style="visibility:hidden">000000</span>',
        '<span style="opacity:0.0">000000</span>',
        '<div style="max-height:0px; overflow:hidden">000000</div>',
        "<p hidden>000000<p>",
        "<ul><li hidden>000000<ul><li>0</ul><li></ul>",
        "<table><tr hidden><td>000000<tr><td></table>",
        "<table><tr><td style='display:none'>0<table><tr><td>0</table>0<td></table>",
        '<div style="display:none"><table><td></div>000000</table></div>',
        "<span hidden><div>000000</span>0</div></span>",
        '<style>.a, p.preheader{color:#fff;display:none}</style><p class="x preheader">000000</p>',
        "<style>/* .a{} */ #top{visibility:hidden}</style><b id=top>000000</b>",
        "<style>@media print{.b{}} .a{display:none}</style><p class=a>000000</p>",
        "<datalist><option>000000</datalist>",
    ],
)
def test_hidden_text(hidden: str) -> None:
    """A number in a hidden preheader is not found, however it is hidden."""
    message = make_message(f"Content-Type: text/html\r\n\r\n{hidden}{SEEN}".encode())
    assert message.html_text == SEEN
    assert message.find_code(r"\d{6}") == "123456"


@pytest.mark.parametrize(
    "shown",
    [
        '<div style="display:block">123456</div>',
        '<div style="font-size:0"><b style="font-size:12px">123456</b></div>',
        '<div style="max-height:0">123456</div>',
        "<style>.a{display:none}.a{display:block}</style><p class=a>123456</p>",
        "<style>.a{display:none}</style><p class=a style='display:block'>123456</p>",
        "<style>@media print{.a{display:none}}</style><p class=a>123456</p>",
        "<style>.b .a{display:none}</style><p class=a>123456</p>",
        "<input hidden>123456",
        "<p hidden>0</p></p>123456",
        "<noscript>123456</noscript>",
    ],
)
def test_text_that_is_not_hidden(shown: str) -> None:
    """Visible text is kept, also next to something that resembles hiding."""
    assert "123456" in read_page(shown).text


PIECES = (
    "< > </ <! <!-- --> <![ & &# &#x 9 ; = ' \" / hidden <p <p> </p> <table> <td> </td> <ul><li>"
    " <style> </style> { } .a <script> </script> style=display:none a"
)


@given(st.lists(st.sampled_from(PIECES.split())).map("".join))
def test_any_html_can_be_parsed(html: str) -> None:
    """Any HTML can be parsed, and the text before it is kept."""
    page = read_page("seen<br>" + html)
    assert page.text.startswith("seen")
    page.text.encode()
