"""`Profile`: the replies of `smtp-mail.nhncloudservice.com`, and how each is known.

*documented*: NHN Cloud's SMTP guide, https://docs.nhncloud.com/ko/Notification/Email/ko/smtp-guide/.
*derived*: the guide's transcripts are those of the SMTP protocol library of Apache James 3; the
rest was recorded from that software, release 3.6.2 (`tests/golden`, groups named as source).
*assumed*: no source says it.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING, Any

from fakesmtp.protocol.actions import SendReply
from fakesmtp.protocol.rows import Capability, Provenance, Row

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

#: The endpoint's ports (SMTP guide, "SMTP 도메인"): whether they use implicit TLS.
ENDPOINT_PORTS: Mapping[int, bool] = {25: False, 587: False, 2587: False, 465: True, 2465: True}
#: How many replies to HELO and EHLO are kept for other sessions.
_HELLOS = 64

_GUIDE = "SMTP guide, printed transcripts"


def _documented(code: int, text: str, source: str = _GUIDE, note: str = "") -> Row:
    return Row(code, text, Provenance.DOCUMENTED, source, note)


def _derived(code: int, text: str, group: str, note: str = "") -> Row:
    return Row(code, text, Provenance.DERIVED, f"recorded: {group}", note)


def _tabled(code: int, text: str, note: str = "") -> Row:
    """Make a row of the software's reply table that no recording contains."""
    return Row(code, text, Provenance.DERIVED, "reply table of the recorded software", note)


def _assumed(code: int, text: str, source: str, note: str = "") -> Row:
    return Row(code, text, Provenance.ASSUMED, source, note)


def _capability(line: str, *, only_before_tls: bool = False) -> Capability:
    return Capability(line, Provenance.DOCUMENTED, _GUIDE, only_before_tls)


# Compared by identity, with its own `__init__`: what `dataclass` generates for sixty fields is not
# needed, and takes longer at every start than the rest of this module.
@dataclass(frozen=True, init=False, eq=False, repr=False)
class Profile:
    """All replies of a server, NHN's unless given. A field is a situation."""

    name: str = "nhn-cloud-email"
    host_name: str = "smtp-mail.nhncloudservice.com"
    software_name: str = "NHN Cloud Email SMTP"
    capabilities: tuple[Capability, ...] = (
        _capability("PIPELINING"),
        _capability("ENHANCEDSTATUSCODES"),
        _capability("8BITMIME"),
        _capability("STARTTLS", only_before_tls=True),
        _capability("AUTH LOGIN PLAIN"),
        _capability("AUTH=LOGIN PLAIN"),
    )

    greeting: Row = _documented(220, "{host} SMTP Server ({software}) ready")
    helo_accepted: Row = _derived(
        250,
        "{host} Hello {argument} [{ip}])",
        "helo",
        "The unmatched bracket is part of the reply. Any argument is accepted and repeated.",
    )
    ehlo_accepted: Row = _documented(
        250,
        "{host} Hello {argument} [{ip}])\n{capabilities}",
        note="STARTTLS is listed before TLS only (recorded: starttls, implicit-tls).",
    )
    helo_without_domain: Row = _derived(
        501,
        "5.5.4 Domain address required: {verb}",
        "helo",
        "The transaction is discarded anyway.",
    )

    starttls_ready: Row = _derived(220, "2.0.0 Ready to start TLS", "starttls")
    starttls_with_argument: Row = _derived(
        501, "Syntax", "starttls", "The whole reply: the software cuts its text by mistake."
    )
    starttls_after_auth: Row = _derived(501, "Syntax", "starttls", "Cut as with an argument.")
    starttls_when_active: Row = _derived(
        500, "5.5.1 TLS already active RFC2487 5.2", "starttls, implicit-tls"
    )
    starttls_with_commands_behind: Row = _tabled(
        451,
        "Unable to process request",
        "The software's own guard against injected commands. The connection is closed. "
        "`unsafe_commands_behind_starttls` follows the recording, in which the guard was off.",
    )
    tls_required: Row = _assumed(
        530, "5.7.0 Must issue a STARTTLS command first", "RFC 3207 §4", "Only with `require_tls`."
    )
    tls_refused: Row = _assumed(
        554,
        "5.7.0 Command refused due to lack of security",
        "RFC 3207 §4.1",
        "Every command but QUIT, after a handler's `handle_STARTTLS` refused the TLS connection.",
    )

    auth_succeeded: Row = _documented(
        235,
        "Authentication Successful",
        note="Without an enhanced code. The recorded software says `Succesfull`, as the guide did "
        "in 2022: `AS_RECORDED`. Clients must not read the text.",
    )
    auth_failed: Row = _derived(535, "Authentication Failed", "auth-plain, auth-login, auth-type")
    auth_without_argument: Row = _tabled(501, "5.5.4 Usage: AUTH (authentication type) <challenge>")
    auth_unknown_mechanism: Row = _derived(504, "Unrecognized Authentication Type", "auth-misc")
    auth_twice: Row = _derived(
        503,
        "5.5.0 User has previously authenticated.  Further authentication is not required!",
        "auth-misc",
    )
    auth_aborted: Row = _derived(501, "5.7.1 Authentication aborted", "auth-plain, auth-login")
    auth_malformed: Row = _derived(
        451,
        "Unable to process request",
        "auth-plain, auth-login",
        "The connection stays open after an initial response and is closed after a later one.",
    )
    auth_malformed_login_password: Row = _derived(
        501, "Could not decode parameters for AUTH LOGIN", "auth-login"
    )
    auth_plain_challenge: Row = _derived(334, "OK. Continue authentication", "auth-plain")
    auth_login_user_challenge: Row = _documented(334, "VXNlcm5hbWU6", note="`Username:`")
    auth_login_password_challenge: Row = _documented(334, "UGFzc3dvcmQ6", note="`Password:`")
    auth_required: Row = _derived(530, "5.7.1 Authentication Required", "relay")
    auth_required_at_mail: Row = _assumed(
        530,
        "5.7.1 Authentication Required",
        "the text recorded at RCPT",
        'Only with `auth_required_at="mail"`.',
    )
    auth_required_at_data: Row = _assumed(
        530,
        "5.7.1 Authentication Required",
        "the text recorded at RCPT",
        "After RCPT to postmaster@ or abuse@ was accepted without AUTH, as recorded. The message "
        "itself is taken with `unsafe_postmaster_without_auth` only.",
    )

    mail_accepted: Row = _derived(
        250, "2.1.0 Sender <{address}> OK", "mail-address, mail-parameter"
    )
    mail_before_helo: Row = _derived(503, "5.5.0 Need HELO or EHLO before MAIL", "order")
    mail_twice: Row = _derived(
        503,
        "5.5.0 Sender already specified",
        "order",
        "The sender is removed, the recipients are kept.",
    )
    mail_usage: Row = _derived(501, "5.5.4 Usage: MAIL FROM:<sender>", "mail-syntax")
    mail_syntax: Row = _derived(501, "5.1.7 Syntax error in MAIL command", "mail-syntax")
    mail_bad_address: Row = _derived(501, "5.1.7 Syntax error in sender address", "mail-address")
    mail_bad_size: Row = _derived(
        501, "5.5.4 Syntactically incorrect value for SIZE parameter", "mail-parameter"
    )

    rcpt_accepted: Row = _derived(250, "2.1.5 Recipient <{address}> OK", "rcpt-address")
    rcpt_before_mail: Row = _derived(503, "5.5.0 Need MAIL before RCPT", "order")
    rcpt_usage: Row = _derived(501, "5.5.2 Usage: RCPT TO:<recipient>", "rcpt-syntax")
    rcpt_syntax: Row = _derived(501, "5.5.2 Syntax error in parameters or arguments", "rcpt-syntax")
    rcpt_bad_address: Row = _derived(553, "5.1.3 Syntax error in recipient address", "rcpt-address")
    rcpt_unknown_parameter: Row = _derived(
        504, "Unrecognized or unsupported option: {name}", "rcpt-parameter"
    )
    rcpt_repeated_word: Row = _derived(
        451,
        "Unable to process request",
        "rcpt-syntax",
        "The software fails when the argument has the same word twice, separated by spaces.",
    )
    rcpt_too_many: Row = _tabled(
        452,
        "4.5.3 Requested action not taken: max recipients reached",
        "The limit is assumed: `max_recipients`.",
    )

    data_ready: Row = _derived(354, "Ok Send data ending with <CRLF>.<CRLF>", "data")
    data_with_argument: Row = _tabled(500, "5.5.4 Unexpected argument provided with DATA command")
    data_before_mail: Row = _derived(503, "5.5.0 No sender specified", "order")
    data_before_rcpt: Row = _derived(503, "5.5.0 No recipients specified", "order")
    message_accepted: Row = _derived(
        250, "Command accepted", "data", "The software's text where the service sets none."
    )
    message_too_big: Row = _tabled(
        552,
        "Quota exceeded",
        "The limit is assumed: `max_message_size`.",
    )
    message_against_rule: Row = _assumed(
        550,
        "5.7.1 Message refused by rule {rule}",
        "RFC 5321 §4.3.2, RFC 3463 §3.8",
        "Only for rules of `docs/findings.md` that are set to `reject`; NHN's API has error codes.",
    )

    rset_done: Row = _derived(250, "2.0.0 OK", "rset")
    rset_with_argument: Row = _derived(
        500, "5.5.4 Unexpected argument provided with RSET command", "rset"
    )
    noop_done: Row = _derived(250, "2.0.0 OK", "noop")
    not_supported: Row = _derived(502, "5.3.3 {verb} is not supported", "vrfy-expn-help")
    unknown_command: Row = _derived(500, "5.5.1 Command {verb} unrecognized.", "unknown")
    line_too_long: Row = _derived(
        500,
        "Line length exceeded. See RFC 2821 #4.5.3.1.",
        "line-length",
        "More than 8192 bytes before the line end. The line is dropped, also in a message.",
    )
    internal_error: Row = _tabled(
        451,
        "Unable to process request",
        "Only when fakesmtp has a bug; the connection is closed and the bug is raised in the test.",
    )
    shutting_down: Row = _assumed(
        421,
        "4.3.2 {host} Service not available, closing transmission channel",
        "RFC 5321 §3.8, §4.2.3",
        "Only while `fakesmtp serve` drains after SIGTERM, to a client outside a transaction.",
    )
    quit_done: Row = _derived(221, "2.0.0 {host} Service closing transmission channel", "quit")
    quit_with_argument: Row = _derived(
        500,
        "5.5.4 Unexpected argument provided with QUIT command",
        "quit",
        "The connection is closed anyway.",
    )

    def __init__(self, **changes: Any) -> None:  # noqa: ANN401 - a text, capabilities or a row
        """Change fields by name. Raises `TypeError` if one is unknown."""
        unknown = changes.keys() - {field.name for field in fields(self)}
        if unknown:
            raise TypeError(f"unknown fields of a profile: {', '.join(sorted(unknown))}")
        vars(self).update(changes)

    def rows(self) -> Iterator[tuple[str, Row]]:
        """Return every situation with its row, in the order of a session."""
        for situation in fields(self):
            value = getattr(self, situation.name)
            if isinstance(value, Row):
                yield situation.name, value

    @cached_property
    def greeting_actions(self) -> tuple[SendReply]:
        """The actions of the greeting (220), made once."""
        return (SendReply(self.greeting.reply(host=self.host_name, software=self.software_name)),)

    @cached_property
    def quit_actions(self) -> tuple[SendReply]:
        """The actions that reply to QUIT, made once."""
        return (SendReply(self.quit_done.reply(host=self.host_name)),)

    @cached_property
    def shutting_down_actions(self) -> tuple[SendReply]:
        """The actions that tell a client to connect again later (421), made once."""
        return (SendReply(self.shutting_down.reply(host=self.host_name)),)

    def hello_actions(self, verb: str, argument: str, ip: str, *, tls: bool) -> tuple[SendReply]:
        """Return the actions that reply to HELO or EHLO: the same ones for the same client."""
        return self._make_hello(verb, argument, ip, tls)

    @cached_property
    def _make_hello(self) -> Callable[[str, str, str, bool], tuple[SendReply]]:
        """Return the function that `hello_actions` calls; it caches its last replies.

        Most sessions of a server have the same one: idle connections share its memory.
        """

        @lru_cache(maxsize=_HELLOS)
        def make(verb: str, argument: str, ip: str, tls: bool) -> tuple[SendReply]:  # noqa: FBT001 - as `lru_cache` calls it
            row = {"HELO": self.helo_accepted, "EHLO": self.ehlo_accepted}[verb]
            capabilities = self._keyword_lines(inside_tls=tls)
            reply = row.reply(
                host=self.host_name, capabilities=capabilities, argument=argument, ip=ip
            )
            return (SendReply(reply),)

        return make

    def _keyword_lines(self, *, inside_tls: bool) -> str:
        """Return the EHLO keyword lines, separated by newlines."""
        return "\n".join(
            c.line for c in self.capabilities if not (inside_tls and c.only_before_tls)
        )


NHN_CLOUD_EMAIL = Profile()
#: The same endpoint with the spelling that the software has, and the guide printed in 2022.
AS_RECORDED = Profile(
    auth_succeeded=_derived(235, "Authentication Succesfull", "nhn-guide, auth-plain, auth-login")
)
