"""The facts of a session as text, for the command line, the HTML page and test reports."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from fakesmtp.text import show

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fakesmtp.sessions.base import BaseSession


class Fact(NamedTuple):
    """One fact: a short name, and a text that is clear without the name."""

    name: str
    text: str


def describe_facts(session: BaseSession) -> Iterator[Fact]:
    """Return the facts of a session in order, without those that it does not have."""
    local = f" (local port {session.local_port})" if session.local_port else ""
    yield Fact("session", session.id)
    yield Fact("started", f"{session.started_at:%Y-%m-%d %H:%M:%S.%f} UTC")
    yield Fact("client", session.peer)
    if session.proxy:
        yield Fact("load balancer", f"through {session.proxy}")
    yield Fact("port", f"{session.port}{local}")
    yield from _describe_tls(session)
    yield Fact("login", _describe_login(session))
    yield Fact("end", _describe_end(session))
    if session.end and session.end.detail:
        yield Fact("detail", show(session.end.detail))
    yield Fact("refusals", f"refused: {session.refused}" if session.refused else "nothing refused")
    if session.cut:
        yield Fact("not kept", f"{session.cut} events")


def _describe_tls(session: BaseSession) -> Iterator[Fact]:
    tls = session.tls
    if tls is None:
        yield Fact("TLS", "TLS failed" if session.tls_failure else "no TLS")
        return
    yield Fact("TLS", f"{tls.version} {tls.cipher}")
    yield Fact("handshake", f"{tls.handshake * 1000:.1f} ms")
    if tls.sni:
        yield Fact("server name", tls.sni)
    if tls.alpn:
        yield Fact("ALPN", tls.alpn)


def _describe_login(session: BaseSession) -> str:
    if session.login is None:
        return "no login"
    app_key, mail_type = session.login.app_key, session.login.mail_type
    return f"AppKey {app_key} ({mail_type}) by AUTH {session.mechanism}"


def _describe_end(session: BaseSession) -> str:
    if session.end is None or session.duration is None:
        return session._without_end
    return f"{session.end.closed_by} after {session.duration * 1000:.1f} ms"
