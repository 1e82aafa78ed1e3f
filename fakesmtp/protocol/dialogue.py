"""The dialogue: the state of one SMTP session, without the connection.

Lines and messages go in, actions come out. The state is small, because the endpoint's software
checks the order of few commands: MAIL needs HELO or EHLO before it, RCPT needs MAIL, DATA needs
both. Other commands may come at any time. The table `_CHECKS` lists what is checked before a
command is performed, and in which order.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, ClassVar

from fakesmtp.protocol.actions import (
    Actions,
    Awaiting,
    Close,
    Deliver,
    Envelope,
    SendReply,
    StartHandshake,
    StartTls,
)
from fakesmtp.protocol.address import AddressError, parse_address
from fakesmtp.protocol.authentication import Authentication
from fakesmtp.protocol.command import (
    Command,
    inside_brackets,
    parse_parameter,
    parse_path_argument,
)
from fakesmtp.protocol.reasons import because

if TYPE_CHECKING:
    from collections.abc import Callable

    from fakesmtp.protocol.accounts import Accounts
    from fakesmtp.protocol.credentials import Login
    from fakesmtp.protocol.nhn import Profile
    from fakesmtp.protocol.policy import AuthPoint, Policy
    from fakesmtp.protocol.refused_paths import Part
    from fakesmtp.protocol.rows import Row

_CLOSE = Close(asked=False)
GOOD_BYE = Close(asked=True)
_INTEGER = re.compile(r"[+-]?[0-9]+")
_LARGEST_SIZE = 2**31 - 1
_SMALLEST_SIZE = -(2**31)
_TAKEN_WITHOUT_AUTH = ("postmaster", "abuse")
_BEFORE_TLS = frozenset({"EHLO", "HELO", "NOOP", "QUIT", "STARTTLS"})


def _is_bad_size(parameter: str) -> bool:
    """Return whether this is a SIZE (RFC 1870) that does not fit a 32-bit integer."""
    name, value = parse_parameter(parameter)
    if name != "SIZE":
        return False
    return not (_INTEGER.fullmatch(value) and _SMALLEST_SIZE <= int(value) <= _LARGEST_SIZE)


def _refuse(row: Row, part: Part, text: str) -> Actions:
    """Return the reply to a wrong argument of MAIL or RCPT, with the reason in a note before it."""
    from fakesmtp.protocol.refused_paths import explain  # noqa: PLC0415 - lazily: only after a mistake

    return (because(explain(part, text)), *row.actions)


def _second_mail(dialogue: Dialogue, _command: Command) -> bool:
    """Return whether a sender is set; remove it, as every refused MAIL does (recorded)."""
    given, dialogue.mail_from = dialogue.mail_from is not None, None
    return given


def _no_sender(dialogue: Dialogue, _command: Command) -> bool:
    return dialogue.mail_from is None


def _has_argument(_dialogue: Dialogue, command: Command) -> bool:
    return command.argument != ""


def _has_tls(dialogue: Dialogue, _command: Command) -> bool:
    return dialogue.tls


def _is_logged_in(dialogue: Dialogue, _command: Command) -> bool:
    return dialogue.login is not None


#: verb: the checks before it is performed, in this order, and the reply if a check applies.
_CHECKS: dict[str, tuple[tuple[Callable[[Dialogue, Command], bool], str], ...]] = {
    "STARTTLS": (
        (_has_tls, "starttls_when_active"),
        (_has_argument, "starttls_with_argument"),
        (_is_logged_in, "starttls_after_auth"),
    ),
    "AUTH": (
        (_is_logged_in, "auth_twice"),
        (lambda _, command: not command.argument, "auth_without_argument"),
    ),
    "MAIL": (
        (_second_mail, "mail_twice"),
        (lambda dialogue, _: dialogue.helo is None, "mail_before_helo"),
        (lambda dialogue, _: dialogue.lacks_auth("mail"), "auth_required_at_mail"),
    ),
    "RCPT": ((_no_sender, "rcpt_before_mail"),),
    "DATA": (
        (_has_argument, "data_with_argument"),
        (_no_sender, "data_before_mail"),
        (lambda dialogue, _: not dialogue.rcpt_tos, "data_before_rcpt"),
    ),
    "RSET": ((_has_argument, "rset_with_argument"),),
}


class Dialogue:
    """One SMTP session's state (RFC 5321 §3).

    `client_ip` is shown in the reply to HELO and EHLO. Not thread-safe: one dialogue belongs to one
    connection.
    """

    __slots__ = (
        "_authentication",
        "_client_ip",
        "_commands_behind",
        "_policy",
        "_profile",
        "_unproven_rcpt",
        "_wants_tls",
        "expects_message",
        "helo",
        "mail_from",
        "mail_parameters",
        "rcpt_tos",
        "tls",
    )

    def __init__(
        self,
        profile: Profile,
        policy: Policy,
        accounts: Accounts,
        client_ip: str,
        *,
        tls: bool = False,
    ) -> None:
        self._profile = profile
        self._policy = policy
        self._wants_tls = policy.require_tls
        self._authentication = Authentication(profile, policy, accounts)
        self._client_ip = client_ip
        self._commands_behind = False
        self.tls = tls
        #: Whether message data up to CRLF.CRLF is expected (RFC 5321 §4.1.1.4), not a line.
        self.expects_message = False
        self.helo: str | None = None
        self.mail_from: str | None = None
        self._reset()

    @property
    def awaiting(self) -> Awaiting:
        """What the next line is expected to be. Does not apply to lines of a message."""
        return self._authentication.awaiting

    @property
    def is_idle(self) -> bool:
        """Whether the client is outside a transaction and an AUTH exchange."""
        in_transaction = self.mail_from is not None or bool(self.rcpt_tos) or self.expects_message
        return not in_transaction and self.awaiting is Awaiting.COMMAND

    @property
    def login(self) -> Login | None:
        """The login of the client, None before AUTH."""
        return self._authentication.login

    def connect(self, *, implicit_tls: bool) -> Actions:
        """Return the first actions: the greeting, or the TLS handshake for implicit TLS."""
        return (StartHandshake(),) if implicit_tls else self.greet()

    def greet(self) -> Actions:
        """Return the greeting (220)."""
        return self._profile.greeting_actions

    def receive_line(self, line: bytes, *, more_behind: bool = False) -> Actions:
        """Return the actions for one line with its end. `more_behind`: unread bytes follow it."""
        if self._authentication.awaiting is not Awaiting.COMMAND:
            return self._authentication.receive_response(line)
        verb, argument = command = Command.parse(line)
        if self._wants_tls and not self.tls and verb not in _BEFORE_TLS:
            return self._profile.tls_required.actions
        for applies, row_name in _CHECKS.get(verb, ()):
            if applies(self, command):
                row: Row = getattr(self._profile, row_name)
                return row.actions
        self._commands_behind = more_behind
        return self._COMMANDS.get(verb, Dialogue._unknown)(self, verb, argument)

    def receive_long_line(self) -> Actions:
        """Reply to an over-long line that was discarded. State is unchanged."""
        return self._profile.line_too_long.actions

    def cut_body(self, data: bytes) -> tuple[bytes, bytes]:
        """Split message data before a planned fault. Here it is never split."""
        return data, b""

    def receive_body(self, size: int) -> Actions:
        """Return the actions after `size` more bytes of an unfinished message: here none."""
        del size
        return ()

    def receive_message(self, raw: bytes) -> Actions:
        """Return the actions for a complete message without dot-stuffing."""
        self.expects_message = False
        envelope = Envelope(self.mail_from or "", tuple(self.rcpt_tos), self.mail_parameters)
        self._reset()
        return (Deliver(envelope, raw, self.login), *self._profile.message_accepted.actions)

    def refuse_big_message(self) -> Actions:
        """Reply to a message over the size limit that was discarded."""
        self.expects_message = False
        self._reset()
        return self._profile.message_too_big.actions

    def tls_started(self) -> None:
        """Set TLS as active after the handshake; HELO and login are kept, as recorded."""
        self.tls = True

    def _reset(self) -> None:
        self.mail_from = None
        self.mail_parameters: tuple[str, ...] = ()
        self.rcpt_tos: list[str] = []
        self._unproven_rcpt = False

    # -- HELO, EHLO, STARTTLS, AUTH ----------------------------------------------------------------

    def _hello(self, verb: str, argument: str) -> Actions:
        self._reset()
        if not argument:
            return (SendReply(self._profile.helo_without_domain.reply(verb=verb)),)
        self.helo = argument
        return self._profile.hello_actions(
            verb, self._echo(argument), self._client_ip, tls=self.tls
        )

    def _starttls(self, _verb: str, _argument: str) -> Actions:
        if self._commands_behind and not self._policy.unsafe_commands_behind_starttls:
            reason = "plaintext commands came after STARTTLS (RFC 3207 §6, CVE-2011-0411)"
            return (because(reason), *self._profile.starttls_with_commands_behind.actions, _CLOSE)
        self._reset()
        return (StartTls(self._profile.starttls_ready.actions[0].reply),)

    def _auth(self, _verb: str, argument: str) -> Actions:
        return self._authentication.begin(argument)

    # -- the transaction (RFC 5321 §3.3) -----------------------------------------------------------

    def _mail(self, _verb: str, argument: str) -> Actions:
        parsed = parse_path_argument(argument, "FROM", cut_at_last=False)
        if parsed is None:
            return _refuse(self._profile.mail_usage, "argument", argument)
        if any(_is_bad_size(parameter) for parameter in parsed.parameters):
            return self._profile.mail_bad_size.actions
        inside = inside_brackets(parsed.path)
        if inside is None:
            return _refuse(self._profile.mail_syntax, "path", parsed.path)
        try:
            address = "" if inside in {"", "@"} else parse_address(inside)
        except AddressError:
            return _refuse(self._profile.mail_bad_address, "address", inside)
        return self._take_sender(address, parsed.parameters)

    def _take_sender(self, address: str, parameters: tuple[str, ...]) -> Actions:
        self.mail_from = address
        self.mail_parameters = parameters
        return (SendReply(self._profile.mail_accepted.reply(address=self._echo(address))),)

    def _rcpt(self, _verb: str, argument: str) -> Actions:
        parsed = parse_path_argument(argument, "TO", cut_at_last=True)
        if parsed is None:
            return _refuse(self._profile.rcpt_usage, "argument", argument)
        inside = inside_brackets(parsed.path)
        if inside is None:
            return _refuse(self._profile.rcpt_syntax, "path", parsed.path)
        try:
            address = parse_address(inside)
        except AddressError:
            return _refuse(self._profile.rcpt_bad_address, "address", inside)
        if parsed.parameters:
            name, _ = parse_parameter(parsed.parameters[0])
            return (SendReply(self._profile.rcpt_unknown_parameter.reply(name=self._echo(name))),)
        words = argument.split(" ")
        if len(words) != len(set(words)):
            return self._profile.rcpt_repeated_word.actions
        return self._take_recipient(address)

    def _take_recipient(self, address: str) -> Actions:
        if self.login is None and self.lacks_auth("rcpt"):
            if address.partition("@")[0].lower() not in _TAKEN_WITHOUT_AUTH:
                return self._profile.auth_required.actions
            self._unproven_rcpt = not self._policy.unsafe_postmaster_without_auth
        if len(self.rcpt_tos) >= self._policy.max_recipients:
            return self._profile.rcpt_too_many.actions
        self.rcpt_tos.append(address)
        return (SendReply(self._profile.rcpt_accepted.reply(address=self._echo(address))),)

    def _data(self, _verb: str, _argument: str) -> Actions:
        if self._unproven_rcpt and self.login is None:
            return self._profile.auth_required_at_data.actions
        self.expects_message = True
        return self._profile.data_ready.actions

    def lacks_auth(self, point: AuthPoint) -> bool:
        """Return whether the policy requires AUTH at `point` and the client has not logged in."""
        return self.login is None and self._policy.auth_required_at == point

    # -- the rest ----------------------------------------------------------------------------------

    def _rset(self, _verb: str, _argument: str) -> Actions:
        self._reset()
        return self._profile.rset_done.actions

    def _noop(self, _verb: str, _argument: str) -> Actions:
        return self._profile.noop_done.actions

    def _not_supported(self, verb: str, _argument: str) -> Actions:
        return (SendReply(self._profile.not_supported.reply(verb=verb)),)

    def _quit(self, _verb: str, argument: str) -> Actions:
        if argument:
            return (*self._profile.quit_with_argument.actions, GOOD_BYE)
        return (*self._profile.quit_actions, GOOD_BYE)

    def _unknown(self, verb: str, _argument: str) -> Actions:
        return (SendReply(self._profile.unknown_command.reply(verb=self._echo(verb))),)

    def _echo(self, text: str) -> str:
        """Return a client's text for use in a reply: a raw CR would start a new line."""
        if "\r" not in text or self._policy.unsafe_echo_of_cr:
            return text
        return text.replace("\r", "?")

    _COMMANDS: ClassVar[dict[str, Callable[[Any, str, str], Actions]]] = {
        "HELO": _hello,
        "EHLO": _hello,
        "STARTTLS": _starttls,
        "AUTH": _auth,
        "MAIL": _mail,
        "RCPT": _rcpt,
        "DATA": _data,
        "RSET": _rset,
        "NOOP": _noop,
        "VRFY": _not_supported,
        "EXPN": _not_supported,
        "HELP": _not_supported,
        "QUIT": _quit,
    }
