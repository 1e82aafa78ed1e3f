"""A session as one HTML file: no script, no external resources, everything escaped."""

from __future__ import annotations

from functools import cache
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING

from fakesmtp.sessions.describing import describe_facts
from fakesmtp.sessions.events import Note
from fakesmtp.sessions.listing import ListedSession
from fakesmtp.sessions.timeline import read_shares, read_spans
from fakesmtp.text import plural, show_lines

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fakesmtp.sessions.events import Event
    from fakesmtp.sessions.facts import Refusal
    from fakesmtp.sessions.session import Session
    from fakesmtp.sessions.timeline import Share
    from fakesmtp.sessions.transactions import Transaction

#: Facts that are in the head of the page, or in their own sections.
_IN_HEAD = {"session", "started", "refusals"}
_SHOWN_DIGEST = 16
_POLICY = "default-src 'none'; style-src 'unsafe-inline'"


def render_html(session: Session) -> str:
    """Return the complete HTML file."""
    title = _text(f"SMTP session {session.id}")
    parts = [
        _head(session),
        _facts(session),
        _refusals(session),
        _notes(session),
        _times(session),
        _transactions(session),
        _events(session),
    ]
    body = "\n".join(part for part in parts if part)
    return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="{_POLICY}">
<title>{title}</title>
<style>
{_style()}</style>
</head>
<body>
{body}
<footer>Recorded by fakesmtp. Secrets were masked before anything was kept.</footer>
</body>
</html>
"""


@cache
def _style() -> str:
    return Path(__file__).with_name("session.css").read_text(encoding="utf-8")


def _text(text: object) -> str:
    """Escape any text for the page, also characters that change the text direction."""
    return escape(show_lines(str(text)))


def _section(title: str, content: str, kind: str = "") -> str:
    attribute = f' class="{kind}"' if kind else ""
    return f"<section{attribute}>\n<h2>{title}</h2>\n{content}\n</section>"


def _milliseconds(microseconds: float) -> str:
    return f"{microseconds / 1000:,.1f} ms"


# -- the parts -------------------------------------------------------------------------------------


def _head(session: Session) -> str:
    outcome = ListedSession.of(session).outcome
    is_bad = outcome.startswith(("refused", "TLS failed"))
    messages = plural(session.message_count, "message")
    badges = [
        ("bad" if is_bad else "good" if session.message_count else "", messages),
        ("", f"port {session.port}"),
        ("", session.tls.version if session.tls else "no TLS"),
        ("", session.app_key or "not logged in"),
        ("", _milliseconds(_length(session))),
    ]
    listed = "".join(f'<li class="{kind}">{_text(text)}</li>' for kind, text in badges)
    began = f"{session.started_at:%Y-%m-%d %H:%M:%S.%f} UTC"
    return f"""<header>
<p class="kicker">SMTP session {_text(session.id)} · {_text(began)}</p>
<h1>{_text(outcome[:1].upper() + outcome[1:])}</h1>
<ul class="badges">{listed}</ul>
</header>"""


def _facts(session: Session) -> str:
    rows = [
        f"<div><dt>{fact.name[0].upper()}{fact.name[1:]}</dt><dd>{_text(fact.text)}</dd></div>"
        for fact in describe_facts(session)
        if fact.name not in _IN_HEAD
    ]
    return f"<section>\n<dl>{''.join(rows)}</dl>\n</section>"


def _refusals(session: Session) -> str:
    numbers = [number for number, event in enumerate(session.events) if event.is_refusal]
    rows = [
        f'<li><a href="#e{number}"><code>{_text(refusal.command)}</code></a>'
        f" → <code>{_text(refusal.reply)}</code>{_reason(refusal)}</li>"
        for number, refusal in zip(numbers, session.refusals, strict=True)
    ]
    return _section("What was refused", f"<ul>{''.join(rows)}</ul>", "refusals") if rows else ""


def _reason(refusal: Refusal) -> str:
    return f"<br>{_text(refusal.reason)}" if refusal.reason else ""


def _notes(session: Session) -> str:
    rows = [
        f'<li><a href="#e{number}">{_text(event.text)}</a></li>'
        for number, event in enumerate(session.events)
        if isinstance(event, Note)
    ]
    return _section("Noted about the client", f"<ul>{''.join(rows)}</ul>", "notes") if rows else ""


def _times(session: Session) -> str:
    total = _length(session)
    bars = "".join(
        f'<span class="{span.phase.value}" style="flex-grow:{span.length}" '
        f'title="{span.phase.value}: {_milliseconds(span.length)}"></span>'
        for span in read_spans(session)
    )
    rows = "\n".join(_share_row(share, total) for share in read_shares(session.events))
    return _section(
        "Where the time went",
        f"""<div class="bar">{bars}</div>
<div class="scale"><span>0</span><span>{_milliseconds(total / 2)}</span>\
<span>{_milliseconds(total)}</span></div>
<table>
<tr><th>Phase</th><th class="wide"></th><th class="number">client</th>\
<th class="number">server</th><th class="number">total</th></tr>
{rows}
</table>""",
    )


def _share_row(share: Share, total: int) -> str:
    percent = 100 * share.length / total
    return (
        f'<tr class="{share.phase.value}"><td><span class="dot"></span>{share.phase.label}</td>'
        f'<td class="wide" style="width:40%"><div class="meter">'
        f'<span style="width:{percent:.2f}%"></span></div></td>'
        f'<td class="number">{_milliseconds(share.client)}</td>'
        f'<td class="number">{_milliseconds(share.server)}</td>'
        f'<td class="number">{_milliseconds(share.length)}</td></tr>'
    )


def _transactions(session: Session) -> str:
    rows = [_transaction_row(session, each) for each in session.transactions]
    heads = '<tr><th>From</th><th>To</th><th>Outcome</th><th class="number">Bytes</th></tr>'
    return _section("Transactions", f"<table>{heads}{''.join(rows)}</table>") if rows else ""


def _transaction_row(session: Session, each: Transaction) -> str:
    message = each.message
    digest = session.digest(message) if message else None
    message_id = message.message_id if message else ""
    kept = f"<br><code>message {_text(message_id)}</code>" if message_id else ""
    sha256 = _digest(digest) if digest else ""
    return (
        f"<tr><td><code>{_text(each.mail_from or '<>')}</code></td>"
        f"<td><code>{_text(', '.join(each.rcpt_tos) or '-')}</code></td>"
        f"<td>{each.outcome.value}{kept}{sha256}</td>"
        f'<td class="number">{f"{message.size:,}" if message else "-"}</td></tr>'
    )


def _digest(digest: str) -> str:
    start = f"{digest[:_SHOWN_DIGEST]}…"
    return f'<br><code class="wide" title="{_text(digest)}">SHA-256 {_text(start)}</code>'


def _events(session: Session) -> str:
    rows = "\n".join(_event_rows(session))
    return _section("Dialogue", f'<ol class="events">\n{rows}\n</ol>')


def _event_rows(session: Session) -> Iterator[str]:
    total, before = _length(session), 0
    for number, event in enumerate(session.events):
        left = 100 * before / total
        width = 100 * (event.at - before) / total
        yield (
            f'<li id="e{number}" class="{_classes(event)}">'
            f'<span class="time" title="{event.phase.value}">{_milliseconds(event.at)}</span>'
            f'<span class="track"><span style="left:{left:.2f}%;width:{width:.2f}%"></span></span>'
            f'<span class="who">{event.mark or "--"}</span>'
            f'<span class="text">{_text(event.text)}</span></li>'
        )
        before = event.at


def _classes(event: Event) -> str:
    look = "refused" if event.is_refusal else "note" if isinstance(event, Note) else event.side
    return f"{event.phase.value} {look}"


def _length(session: Session) -> int:
    """Return the duration in microseconds, at least 1."""
    return max([1, *(event.at for event in session.events[-1:])])
