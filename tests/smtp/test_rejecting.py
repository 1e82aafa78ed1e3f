"""Rules with the level `reject`: the server refuses messages, and other clients do not wait."""

from __future__ import annotations

import threading
from base64 import b64encode
from typing import TYPE_CHECKING, Any

import pytest
from loops import LOOPS
from raw_client import RawClient

from fakesmtp import ConfigurationError, FakeSMTP
from fakesmtp.findings import Certainty, MessageRule, Rules, Severity, hit

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable, Iterator

    from fakesmtp.findings import Hit, MessageReading

AD = "From: a@example.com\r\nSubject: {}\r\n\r\nhello\r\n."
REFUSAL = "550 5.7.1 Message refused by rule ad-subject-prefix"
REJECT = {"ad-subject-prefix": "reject"}
ACCOUNT = ("AppKey", "SecretKey")


def _log_in(client: RawClient, user: str = "AppKey#ad") -> None:
    client.read_reply()
    client.ask("EHLO a")
    client.ask("AUTH LOGIN")
    client.ask(_encode(user))
    assert client.ask(_encode("SecretKey")).startswith("235")


def _encode(text: str) -> str:
    return b64encode(text.encode()).decode()


def _begin(client: RawClient) -> None:
    client.ask("MAIL FROM:<a@example.com>")
    client.ask("RCPT TO:<b@example.com>")
    assert client.ask("DATA").startswith("354")


def _send(client: RawClient, message: str) -> str:
    _begin(client)
    return client.ask(message)


@pytest.mark.parametrize("loop_factory", LOOPS.values(), ids=LOOPS)
def test_message_that_breaks_the_rule_is_refused(
    loop_factory: Callable[[], asyncio.AbstractEventLoop] | None,
) -> None:
    """The refusal is a reply of the profile, the message is not kept, the session continues."""
    options: dict[str, Any] = {"findings": REJECT, "accounts": [ACCOUNT]}
    with (
        FakeSMTP(loop_factory=loop_factory, **options) as server,
        RawClient(server.port(587)) as client,
    ):
        _log_in(client)
        assert _send(client, AD.format("Sale")) == REFUSAL
        assert _send(client, AD.format("(AD) Sale")) == "250 Command accepted"
        assert client.ask("QUIT").startswith("221 2.0.0 ")
        (message,) = server.messages
        (session,) = server.sessions
    assert message.subject == "(AD) Sale"
    assert "(광고)" in session.refusals[0].reason
    assert str(session.refusals[0]).startswith(f"end of data -> {REFUSAL} (it breaks the rule")


def test_pipelined_commands_wait_for_the_check() -> None:
    """Commands that follow a message in the same packet get their replies after it, in order."""
    with (
        FakeSMTP(findings=REJECT, accounts=[ACCOUNT]) as server,
        RawClient(server.port(587)) as client,
    ):
        _log_in(client)
        _begin(client)
        client.send(f"{AD.format('Sale')}\r\nMAIL FROM:<c@example.com>\r\nNOOP\r\n".encode())
        replies = [client.read_reply() for _ in range(3)]
    assert replies == [REFUSAL, "250 2.1.0 Sender <c@example.com> OK", "250 2.0.0 OK"]


def test_other_types_and_other_levels_are_accepted() -> None:
    """A rule rejects only messages of its mail types; a rule with the level `error` never does."""
    with (
        FakeSMTP(findings={**REJECT, "placeholder": "error"}, accounts=[ACCOUNT]) as server,
        RawClient(server.port(587)) as client,
    ):
        _log_in(client, "AppKey")
        assert _send(client, AD.format("{{name}}")) == "250 Command accepted"


def test_others_are_served_during_a_check() -> None:
    """A slow check delays only its own client."""
    entered, leave = threading.Event(), threading.Event()

    def check(message: MessageReading) -> Iterator[Hit]:
        if message.subject == "slow":
            entered.set()
            leave.wait(20)
            yield hit()

    rules = Rules({"slow": "reject"}, [_rule("slow", check)])
    with (
        FakeSMTP(findings=rules, accounts="any") as server,
        RawClient(server.port(587)) as slow,
        RawClient(server.port(587)) as quick,
    ):
        _log_in(slow)
        _log_in(quick)
        _begin(slow)
        slow.send(AD.format("slow").encode() + b"\r\n")
        assert entered.wait(20)
        assert _send(quick, AD.format("quick")) == "250 Command accepted"
        leave.set()
        assert slow.read_reply() == "550 5.7.1 Message refused by rule slow"


def test_exception_of_a_rule_is_raised_in_the_test() -> None:
    """The client gets a temporary error without the exception's text; the test gets the error."""

    def check(_: MessageReading) -> Iterator[Hit]:
        raise ValueError("a bug in my rule")

    rules = Rules({"mine": "reject"}, [_rule("mine", check)])
    with pytest.raises(ValueError, match="a bug in my rule"):  # noqa: PT012, SIM117 - the server raises it
        with FakeSMTP(findings=rules, accounts="any") as server:
            with RawClient(server.port(587)) as client:
                _log_in(client)
                reply = _send(client, AD.format("x"))
            assert reply == "451 Unable to process request"
            assert server.messages == []


def _rule(name: str, check: Callable[[MessageReading], Iterator[Hit]]) -> MessageRule:
    return MessageRule(
        id=name,
        severity=Severity.ERROR,
        certainty=Certainty.ADVICE,
        source="a test",
        text="no",
        text_ko="아니오",
        check=check,
    )


class Handler:
    """A handler that keeps the messages that it is called with."""

    def __init__(self) -> None:
        self.contents: list[bytes] = []

    async def handle_DATA(self, _server: object, _session: object, envelope: Any) -> str:  # noqa: ANN401, N802
        """Accept every message."""
        self.contents.append(envelope.content)
        return "250 taken"


def test_handler_gets_only_accepted_messages() -> None:
    """The hooks of a handler are called after the rules, and only for accepted messages."""
    handler = Handler()
    with FakeSMTP(findings=REJECT, accounts=[ACCOUNT], handler=handler) as server:
        with RawClient(server.port(587)) as client:
            _log_in(client)
            assert _send(client, AD.format("Sale")) == REFUSAL
            assert _send(client, AD.format("(AD) Sale")) == "250 taken"
        assert len(server.messages) == 1
    assert [b"(AD)" in content for content in handler.contents] == [True]


def test_planned_fault_replaces_a_refusal() -> None:
    """A fault at the end of data changes the reply, also when a rule refuses the message."""
    with FakeSMTP(findings=REJECT, accounts=[ACCOUNT]) as server:
        server.faults.fail("end-of-data", reply="452 4.3.1 Full", times=1)
        with RawClient(server.port(587)) as client:
            _log_in(client)
            assert _send(client, AD.format("Sale")) == "452 4.3.1 Full"
            assert _send(client, AD.format("Sale")) == REFUSAL


@pytest.mark.parametrize(
    ("findings", "message"),
    [
        ({"ad-subjekt": "off"}, r"there is no rule 'ad-subjekt'; did you mean 'ad-subject-"),
        ({"ad-phone": "no"}, r"'ad-phone' must be one of off, on, info, .*, reject, not 'no'"),
        ({"quit-missing": "reject"}, r"'quit-missing' is about sessions and cannot be 'reject'"),
        ("error", r"findings must be a mapping of rules to levels .*, not 'error' \(example: "),
    ],
)
def test_wrong_levels_are_errors(findings: Any, message: str) -> None:  # noqa: ANN401 - wrong on purpose
    """An unknown rule, an unknown level and a rule that does not support `reject` are errors."""
    with pytest.raises(ConfigurationError, match=message):
        FakeSMTP(findings=findings)


def test_findings_use_the_rules_of_the_server() -> None:
    """Rules that the server switches off have no findings in its messages and sessions."""
    levels = {"date-missing": "off", "message-id-missing": "error", "auth-plaintext": "off"}
    with FakeSMTP(findings=levels, accounts=[ACCOUNT]) as server:
        with RawClient(server.port(587)) as client:
            _log_in(client, "AppKey")
            _send(client, AD.format("hi"))
            client.ask("QUIT")
            client.read_to_end()
        (message,) = server.messages
    found = {each.rule: each.severity for each in (*message.findings, *message.session.findings)}
    assert found == {"message-id-missing": Severity.ERROR, "starttls-unused": Severity.WARNING}
