"""Rules about sessions, checked on sessions of real clients and a real server."""

from __future__ import annotations

import base64
import ssl
from functools import partial
from queue import SimpleQueue
from typing import TYPE_CHECKING

import pytest
from raw_client import PATIENCE, RawClient

from fakesmtp import FakeSMTP, FaultScript, ReceivedMessage, Session
from fakesmtp.findings import Rules, SessionRule, SessionsRule
from fakesmtp.findings.catalogue import RULES

if TYPE_CHECKING:
    from collections.abc import Callable

    from fakesmtp.options import AccountsOption

    Play = Callable[[RawClient, FakeSMTP], None]

ALL = Rules({}, RULES)
MESSAGE = "Subject: hi\r\n\r\nhello\r\n."


def _run(
    play: Play,
    *,
    port: int = 587,
    faults: FaultScript | None = None,
    accounts: AccountsOption = "any",
) -> Session:
    """Let a client connect to a server; return its session when it has ended."""
    ended: SimpleQueue[Session] = SimpleQueue()
    with FakeSMTP(accounts=accounts, faults=faults) as server:
        server.on_session_end(ended.put)
        context = server.client_context() if port == 465 else None
        with RawClient(server.port(port), context) as client:
            client.read_reply()
            play(client, server)
        return ended.get(timeout=PATIENCE)


def _auth(client: RawClient) -> None:
    client.ask("AUTH PLAIN " + base64.b64encode(b"\0AppKey\0SecretKey").decode())


def _send(client: RawClient, *recipients: str) -> None:
    client.ask("MAIL FROM:<a@example.com>")
    for recipient in recipients or ("b@example.com",):
        client.ask(f"RCPT TO:<{recipient}>")
    client.ask("DATA")
    client.ask(MESSAGE)


def _start_tls(client: RawClient, context: ssl.SSLContext) -> None:
    client.ask("EHLO a")
    client.ask("STARTTLS")
    client.start_tls(context)
    client.ask("EHLO a")


def _in_plaintext(client: RawClient, _server: FakeSMTP) -> None:
    client.ask("EHLO a")
    _auth(client)
    _send(client)
    client.ask("QUIT")


def _without_auth(client: RawClient, _server: FakeSMTP) -> None:
    client.ask("EHLO a")
    client.ask("MAIL FROM:<a@example.com>")
    client.ask("QUIT")


def _without_ehlo(client: RawClient, _server: FakeSMTP) -> None:
    client.ask("HELO a")
    client.ask("MAIL FROM:<a@example.com>")
    client.ask("QUIT")


def _well(client: RawClient, server: FakeSMTP, *recipients: str) -> None:
    _start_tls(client, server.client_context())
    _auth(client)
    _send(client, *recipients)
    client.ask("QUIT")


def _well_in_tls(client: RawClient, _server: FakeSMTP) -> None:
    client.ask("EHLO a")
    _auth(client)
    _send(client)
    client.ask("QUIT")


def _unverified(client: RawClient, _server: FakeSMTP) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    _start_tls(client, context)
    client.ask("QUIT")


def _bare_lf(client: RawClient, _server: FakeSMTP) -> None:
    client.send(b"EHLO a\n")
    client.read_reply()
    client.ask("QUIT")


def _long_command(client: RawClient, _server: FakeSMTP, length: int = 513) -> None:
    client.ask("NOOP " + "x" * (length - 7))
    client.ask("QUIT")


def _leave(client: RawClient, _server: FakeSMTP) -> None:
    client.ask("EHLO a")


def _say_nothing(client: RawClient, _server: FakeSMTP) -> None:
    del client


def _expired() -> FaultScript:
    faults = FaultScript()
    faults.fault("tls-handshake", certificate="expired")
    return faults


def _sends_to(*recipients: str) -> Callable[[], Session]:
    return partial(_run, lambda client, server: _well(client, server, *recipients))


TRIGGERS = {
    "auth-plaintext": [partial(_run, _in_plaintext)],
    "tls-unverified": [lambda: _run(_unverified, faults=_expired())],
    "starttls-unused": [partial(_run, _in_plaintext), partial(_run, _without_auth)],
    "command-line-end": [partial(_run, _bare_lf)],
    "command-length": [partial(_run, _long_command)],
    "recipient-repeated": [_sends_to("b@example.com", "c@example.com", "b@example.com")],
    "quit-missing": [partial(_run, _leave)],
}
NEAR_MISSES = {
    "auth-plaintext": [
        partial(_run, _well),
        partial(_run, _well_in_tls, port=465),
        partial(_run, _without_auth),
    ],
    "tls-unverified": [partial(_run, _unverified), partial(_run, _well)],
    "starttls-unused": [
        partial(_run, _well),
        partial(_run, _without_ehlo),
        partial(_run, _well_in_tls, port=465),
    ],
    "command-line-end": [partial(_run, _in_plaintext)],
    "command-length": [partial(_run, partial(_long_command, length=512))],
    "recipient-repeated": [_sends_to("b@example.com", "c@example.com")],
    "quit-missing": [partial(_run, _well), partial(_run, _say_nothing)],
}


def _cases(cases: dict[str, list[Callable[[], Session]]]) -> list[object]:
    return [
        pytest.param(rule, run, id=f"{rule}-{number}")
        for rule, each in cases.items()
        for number, run in enumerate(each)
    ]


@pytest.mark.parametrize(("rule", "run"), _cases(TRIGGERS))
def test_broken_rule_is_found(rule: str, run: Callable[[], Session]) -> None:
    """A session in which the client breaks a rule has a finding of that rule."""
    session = run()
    assert rule in [each.rule for each in ALL.check_session(session)], session.transcript()


@pytest.mark.parametrize(("rule", "run"), _cases(NEAR_MISSES))
def test_near_miss_is_not_found(rule: str, run: Callable[[], Session]) -> None:
    """A session that only resembles one that breaks the rule has no finding of that rule."""
    session = run()
    assert rule not in [each.rule for each in ALL.check_session(session)], session.transcript()


def test_every_rule_has_cases() -> None:
    """Each rule about sessions has cases that break it and near misses."""
    ids = {rule.id for rule in RULES if isinstance(rule, SessionRule)}
    assert (TRIGGERS.keys(), NEAR_MISSES.keys()) == (ids, ids)
    assert [rule.id for rule in RULES if isinstance(rule, SessionsRule)] == ["connection-burst"]


@pytest.mark.parametrize("run", [partial(_run, _well), partial(_run, _well_in_tls, port=465)])
def test_good_session_has_no_findings(run: Callable[[], Session]) -> None:
    """A client without mistakes has no findings."""
    assert run().findings == ()


def _sessions_of(number: int, messages: int) -> list[Session]:
    """Return the sessions of `number` connections with `messages` messages each."""
    with FakeSMTP(accounts="any") as server:
        for _ in range(number):
            with RawClient(server.port(587)) as client:
                client.read_reply()
                client.ask("EHLO a")
                _auth(client)
                for _ in range(messages):
                    _send(client)
                client.ask("QUIT")
                client.read_to_end()
        return server.sessions


def test_burst_of_connections_is_found() -> None:
    """Five connections with one message each are a burst; the finding names the first and last."""
    sessions = _sessions_of(5, 1)
    (finding,) = ALL.check_sessions(sessions)
    assert finding.rule == "connection-burst"
    assert "5 messages came in a connection each" in finding.text
    assert f"(sessions {sessions[0].id} to {sessions[4].id})" in finding.text


@pytest.mark.parametrize(("number", "messages"), [(4, 1), (5, 2), (5, 0)])
def test_other_connections_are_not_a_burst(number: int, messages: int) -> None:
    """Fewer connections, several messages each, or none, are not a burst."""
    assert ALL.check_sessions(_sessions_of(number, messages)) == ()


def test_findings_never_show_a_secret() -> None:
    """No finding about a session shows a SecretKey, wherever the client sent it."""

    def careless(client: RawClient, _server: FakeSMTP) -> None:
        client.ask("EHLO a")
        _auth(client)
        client.ask("NOOP " + "SecretKey" * 80)
        _send(client, "SecretKey@example.com", "SecretKey@example.com")

    findings = _run(careless, accounts=[("AppKey", "SecretKey")]).findings
    assert "auth-plaintext" in [each.rule for each in findings]
    assert "SecretKey@" not in repr(findings)
    assert "SecretKeySecretKey" not in repr(findings)


def test_messages_and_sessions_have_findings() -> None:
    """A received message and its session have findings."""
    with FakeSMTP(accounts="any") as server:
        with RawClient(server.port(587)) as client:
            client.read_reply()
            _in_plaintext(client, server)
        message: ReceivedMessage = server.wait_for(findings="date-missing")
    assert [each.rule for each in message.findings][:1] == ["from-missing"]
    assert message.findings is message.findings
    assert "auth-plaintext" in [each.rule for each in message.session.findings]
