"""What is obeyed in one go is obeyed as it would be line by line."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from driver import Driver
from hypothesis import given, settings
from hypothesis import strategies as st

from fakesmtp.protocol.actions import ReadMessage
from fakesmtp.protocol.address import LONGEST_DOMAIN
from fakesmtp.protocol.framing import LONGEST_LINE, MessageReader, cut_ordinary_message
from fakesmtp.protocol.nhn import NHN_CLOUD_EMAIL
from fakesmtp.protocol.policy import Policy
from fakesmtp.protocol.profile import Profile, Provenance, Row

if TYPE_CHECKING:
    from collections.abc import Sequence

    from fakesmtp.protocol.quick import QuickDialogue


MAIL, RCPT, DATA = b"MAIL FROM:<a@example.com>\r\n", b"RCPT TO:<b@example.org>\r\n", b"DATA\r\n"
LOGIN = b"AUTH PLAIN AEFwcEtleQBTZWNyZXRLZXk=\r\n"
LONG_NAME = b"a" * (LONGEST_DOMAIN - len(b"MAIL FROM:<@b.c>\r\n"))
ORDINARY = [MAIL, RCPT, DATA]
UNUSUAL = [
    *(b"QUIT\r\n", b"QUIT now\r\n", b"EHLO\r\n", b"EHLO a b\r\n", b"ehlo c\r\n", b"EHLO \x01\r\n"),
    *(b"RSET\r\n", b"NOOP\r\n", b"EHLO c\r\n", LOGIN),
    *(b"mail from:<A.b+c@EXAMPLE.com>\r\n", b"rcpt TO:<x'y@Sub.Example.ORG>\r\n", b"data\r\n"),
    *(b"MAIL FROM:<>\r\n", b"MAIL FROM:<a@example.com> BODY=8BITMIME\r\n", b"RCPT TO:<a>\r\n"),
    *(b"MAIL FROM:<a..b@c>\r\n", b"RCPT TO:<a@-b.c>\r\n", b"RCPT TO:<postmaster@b.c>\r\n"),
    *(b"x" * (LONGEST_LINE + 9), b"MAIL FROM", b":<a@b.c>\r\n", b"x" * LONGEST_LINE + b"\r\r\n"),
    *(b"MAIL FROM:<a@b.c>\n", b"DATA x\r\n", b" DATA\r\n", b"MAIL FROM: <a@b.c>\r\n"),
    *(b"MAIL FROM:<" + LONG_NAME + b"@b.c>\r\n", b"RCPT TO:<a" + LONG_NAME + b"@b.c>\r\n"),
]
POLICIES = [
    Policy(auth_required_at="never"),
    Policy(),
    Policy(auth_required_at="mail"),
    Policy(require_tls=True),
    Policy(auth_required_at="never", unsafe_postmaster_without_auth=True),
]


class InOneGo(Driver):
    """Has ordinary lines obeyed in one go, as the connection does."""

    def _read_lines(self, data: bytes) -> bytes | None:
        if self.lines.is_between_lines:
            end, replies, actions = self.dialogue.receive_ordinary_lines(data)
            self.said += b"".join(replies).decode().split("\r\n")[:-1]
            data = data[end:]
            self.perform(actions)
            if self.message is not None:
                return data
        return super()._read_lines(data)


def state_of(dialogue: QuickDialogue) -> Sequence[object]:
    """What a dialogue remembers."""
    names = ("helo", "mail_from", "mail_parameters", "rcpt_tos", "tls", "login")
    return [getattr(dialogue, name) for name in names]


LINES = st.sampled_from(ORDINARY) | st.sampled_from(ORDINARY) | st.sampled_from(UNUSUAL)


@settings(max_examples=1000)
@given(
    policy=st.sampled_from(POLICIES),
    chunks=st.lists(st.lists(LINES, max_size=3).map(b"".join), max_size=8),
)
def test_in_one_go_is_line_by_line(policy: Policy, chunks: list[bytes]) -> None:
    """The replies, the state and the mails are the same, whatever order the lines come in."""
    one, other = Driver(policy), InOneGo(policy)
    for chunk in (b"EHLO client\r\n", *chunks):
        assert other.send(chunk) == one.send(chunk)
        assert state_of(other.dialogue) == state_of(one.dialogue)
        if one.message is not None:
            assert other.send(b"hello\r\n.\r\n") == one.send(b"hello\r\n.\r\n")
    assert other.delivered == one.delivered


def test_a_whole_transaction_is_obeyed_in_one_go() -> None:
    """MAIL, RCPT and DATA of an ordinary client need nothing else."""
    driver = InOneGo(Policy(auth_required_at="never"))
    driver.send(b"EHLO client\r\n")
    data = MAIL + RCPT + RCPT + DATA + b"hello"
    end, replies, actions = driver.dialogue.receive_ordinary_lines(data)
    assert (data[end:], actions) == (b"hello", (ReadMessage(),))
    assert [reply[:3] for reply in replies] == [b"250", b"250", b"250", b"354"]


@pytest.mark.parametrize("before", [b"", b"EHLO c\r\n"], ids=["no EHLO", "no AUTH"])
def test_whoever_may_not_send_is_left_to_the_full_way(before: bytes) -> None:
    """Nothing is obeyed in one go before EHLO, nor before an AUTH that is asked for."""
    driver = InOneGo()
    driver.send(before)
    assert driver.dialogue.receive_ordinary_lines(MAIL + RCPT) == (0, [], ())


@pytest.mark.parametrize("line", [b"EHLO client.example\r\n", b"ehlo [127.0.0.1]\r\n", b"QUIT\r\n"])
def test_lines_alone_are_obeyed_in_one_go(line: bytes) -> None:
    """EHLO and QUIT are, with nothing behind them."""
    assert InOneGo().dialogue.receive_ordinary_lines(line)[0] == len(line)
    assert InOneGo().dialogue.receive_ordinary_lines(line + b"NOOP\r\n")[0] == 0


@pytest.mark.parametrize(
    "text", ["OK", "{address} it is", "first\n{address} and {address}", "{address!r} {{}}"]
)
def test_a_profile_may_say_anything(text: str) -> None:
    """A row's own text is filled in, wherever it has the address, and how many lines it has."""
    row = Row(250, text, Provenance.ASSUMED, "a test")
    fields = {**vars(NHN_CLOUD_EMAIL), "mail_accepted": row, "rcpt_accepted": row}
    profile = Profile(**{name: fields[name] for name in Profile.__annotations__})
    policy = Policy(auth_required_at="never")
    one, other = Driver(policy, profile), InOneGo(policy, profile)
    for driver in (one, other):
        driver.send(b"EHLO c\r\n")
    assert other.send(MAIL + RCPT) == one.send(MAIL + RCPT)


@pytest.mark.parametrize("verb", ["HELO", "EHLO"])
@pytest.mark.parametrize("text", ["{host} greets {argument} at {ip}", "{argument!r} {ip:>12} {{}}"])
def test_a_profile_may_greet_anyhow(verb: str, text: str) -> None:
    """The answer to HELO and EHLO is the row's own text, formatted as it asks for."""
    row = Row(250, text, Provenance.ASSUMED, "a test")
    fields = {**vars(NHN_CLOUD_EMAIL), "helo_accepted": row, "ehlo_accepted": row}
    profile = Profile(**{name: fields[name] for name in Profile.__annotations__})
    (say,) = profile.says_hello(verb, "client", "127.0.0.1", tls=False)
    values = {"host": profile.host_name, "argument": "client", "ip": "127.0.0.1"}
    assert say.reply.wire == f"250 {text.format(**values)}\r\n".encode()


PIECES = st.sampled_from(
    [b"\r\n.\r\n", b"\r\n", b"\n", b".", b"..", b"\r", b"a", b"\r\n..", b"\n.\r\n", b"x" * 4000]
)


@given(data=st.lists(PIECES, max_size=12).map(b"".join))
def test_an_ordinary_message_is_cut_as_any_other(data: bytes) -> None:
    """What is cut in one go is what a reader of messages makes of the same bytes."""
    ordinary = cut_ordinary_message(data, LONGEST_LINE)
    if ordinary is not None:
        raw, end = ordinary
        reader = MessageReader(LONGEST_LINE)
        assert (reader.feed(data), reader.raw(), reader.long_lines) == (data[end:], raw, 0)


@pytest.mark.parametrize(
    "data",
    [
        b".\r\n",
        b"..\r\n.\r\n",
        b"hello\r\n",
        b"hello\n.\r\n",
        b"x" * LONGEST_LINE + b"\r\n.\r\n",
    ],
)
def test_other_messages_are_left_to_the_reader(data: bytes) -> None:
    """A message that begins with a dot, is not whole or may have a long line is not ordinary."""
    assert cut_ordinary_message(data, 2**20) is None


def test_an_ordinary_message_is_not_over_the_limit() -> None:
    """A message over the limit is left to the reader, which refuses it."""
    assert cut_ordinary_message(b"hello\r\n.\r\n", 10) == (b"hello\r\n", 10)
    assert cut_ordinary_message(b"hello\r\n.\r\n", 9) is None
