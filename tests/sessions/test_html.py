"""The HTML page of a session: one file that loads nothing and escapes everything."""

from __future__ import annotations

import re

from made_sessions import MadeSession

from fakesmtp.protocol.actions import Awaiting, Envelope
from fakesmtp.protocol.reply import Reply
from fakesmtp.sessions import ClosedBy, Session
from fakesmtp.sessions.html import render_html


def make_session() -> Session:
    """Return a session with every kind of event."""
    session = MadeSession.begin()
    session.record_line(b"EHLO <script>alert(1)</script>\xe2\x80\xae\x1b\r\n", Awaiting.COMMAND)
    session.record_reply(Reply(550, ('5.0.0 "no" & <b>',)))
    session.record_line(b"MAIL FROM:<a@example.com>\r\n", Awaiting.COMMAND)
    session.record_reply(Reply(250, ("OK",)))
    session.record_message("m-1", b"\xff\n", Envelope("", ()))
    session.record_reply(Reply(250, ("OK",)))
    session.record_end(ClosedBy.IDLE)
    return session


def test_page_loads_and_runs_nothing() -> None:
    """The page's policy allows only its own style, and the page has no links, scripts or images."""
    page = render_html(make_session())
    assert "default-src 'none'" in page
    assert not re.search(r"<(script|link|img|iframe)|src=|url\(|@import", page)


def test_lines_are_escaped() -> None:
    """Markup, control characters and bidirectional overrides of a client are escaped."""
    page = render_html(make_session())
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page
    assert "&quot;no&quot; &amp; &lt;b&gt;" in page
    assert "\u202e" not in page


def test_refusals_link_to_their_lines() -> None:
    """Each link of the page has an existing line as its target."""
    page = render_html(make_session())
    targets = re.findall(r'href="#(e\d+)"', page)
    assert targets
    assert all(f'id="{target}"' in page for target in targets)


def test_time_is_shown_by_phase() -> None:
    """Every phase has a part of the bar in proportion to its duration."""
    session = make_session()
    page = render_html(session)
    bar = page[page.index('class="bar"') : page.index('class="scale"')]
    parts = [int(width) for width in re.findall(r"flex-grow:(\d+)", bar)]
    assert sum(parts) == session.events[-1].at
    assert re.findall(r'class="(hello|envelope|data)"', bar) == ["hello", "envelope", "data"]


def test_session_that_has_just_begun() -> None:
    """A session without events can be rendered, too."""
    session = MadeSession.begin()
    assert "Still open" in render_html(session)
