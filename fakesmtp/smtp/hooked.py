"""A `Dialogue` that calls the hooks of an aiosmtpd handler after it has accepted something."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple

from aiosmtpd.smtp import SMTP, Envelope, Session

from fakesmtp.protocol.actions import CallHook, Close, Deliver, Discard, LogIn, SendReply
from fakesmtp.protocol.command import Command, inside_brackets
from fakesmtp.protocol.credentials import MailType
from fakesmtp.protocol.dialogue import Dialogue

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable

    from fakesmtp.protocol.accounts import Accounts
    from fakesmtp.protocol.actions import Actions
    from fakesmtp.protocol.credentials import Login
    from fakesmtp.protocol.nhn import Profile
    from fakesmtp.protocol.policy import Policy
    from fakesmtp.protocol.reply import Reply
    from fakesmtp.smtp.hooks import Hooks

#: The null sender in aiosmtpd (RFC 5321 §4.5.5).
_NULL_SENDER = "<>"
_CLOSE = Close(asked=False)


class AuthData(NamedTuple):
    """The login as a hook's `session.auth_data`, without the SecretKey.

    `login` is the user name, `b"AppKey#ad"`; aiosmtpd uses this attribute name.
    """

    login: bytes
    app_key: str
    mail_type: MailType

    @classmethod
    def of(cls, login: Login) -> AuthData:
        """Convert a login. The user name has no mail type if the type is `normal`."""
        mark = "" if login.mail_type is MailType.NORMAL else f"#{login.mail_type}"
        return cls(f"{login.app_key}{mark}".encode(), login.app_key, login.mail_type)


def _nothing() -> None:
    """Do nothing."""


class _Call(NamedTuple):
    """One call of a hook: its arguments, the default behaviour, how to undo after a refusal."""

    name: str
    arguments: tuple[object, ...] = ()
    by_default: Callable[[], None] = _nothing
    when_refused: Callable[[], None] = _nothing


class HookedDialogue(Dialogue):
    """The dialogue of one connection, `server`, whose handler has `hooks`.

    The dialogue decides first. If it accepts, the hook is called and its reply is sent instead. A
    refusal undoes what was accepted. `server` has the attributes that hooks of aiosmtpd read:
    `session`, `envelope`, `hostname`, `event_handler`. `peer` is the client's address.
    """

    __slots__ = ("_envelope", "_hooks", "_is_insecure", "_server", "_session")

    def __init__(
        self,
        profile: Profile,
        policy: Policy,
        accounts: Accounts,
        client_ip: str,
        *,
        tls: bool = False,
        hooks: Hooks,
        server: SMTP,
        peer: tuple[str, int],
    ) -> None:
        self._hooks = hooks
        self._server = server
        #: Whether `handle_STARTTLS` has refused the negotiated TLS (RFC 3207 §4.1).
        self._is_insecure = False
        server.hostname, server.event_handler = profile.host_name, hooks.handler
        self._begin_session(peer)
        super().__init__(profile, policy, accounts, client_ip, tls=tls)

    def _begin_session(self, peer: Any) -> None:  # noqa: ANN401 - a tuple, also in aiosmtpd
        self._session = self._server.session = Session(self._server.loop)
        self._session.peer = peer

    def _use(self, envelope: Envelope) -> None:
        self._envelope = self._server.envelope = envelope

    def _reset(self) -> None:
        super()._reset()
        self._use(Envelope())

    # -- calling hooks -----------------------------------------------------------------------------

    def _consult(self, planned: Actions, call: _Call) -> Actions:
        """Return the action that calls a hook; without a hook, `planned`."""
        if call.name not in self._hooks:
            call.by_default()
            return planned
        return (CallHook(f"handle_{call.name}", partial(self._ask, planned, call)),)

    async def _ask(self, planned: Actions, call: _Call) -> Actions:
        """Call a hook; return `planned`, changed by the hook's reply."""
        reply = await self._hooks.call(call.name, self._server, *call.arguments)
        if reply is None:
            call.by_default()
            return planned
        if reply.is_refusal:
            call.when_refused()
            planned = _refuse(planned)
        if self._server.transport is None or self._server.transport.is_closing():
            # The hook has closed the connection, so nothing can be sent.
            return (*(each for each in planned if not isinstance(each, SendReply)), _CLOSE)
        return tuple(SendReply(reply) if isinstance(each, SendReply) else each for each in planned)

    # -- lines -------------------------------------------------------------------------------------

    def receive_line(self, line: bytes, *, more_behind: bool = False) -> Actions:
        """Take one line with its end, as `Dialogue.receive_line` does."""
        if self._is_insecure and Command.parse(line).verb != "QUIT":
            return self._profile.tls_refused.actions
        planned = super().receive_line(line, more_behind=more_behind)
        if self.mail_from is None:
            # A refused second MAIL removes the sender, too.
            self._drop_sender()
        return self._welcome(planned)

    def _welcome(self, planned: Actions) -> Actions:
        """Call the hook of AUTH after a login, which may have to be looked up first."""
        first, last = planned[0], planned[-1]
        if isinstance(first, LogIn):
            return self._logged_in(planned, first)
        if isinstance(last, CallHook):
            return (*planned[:-1], last.then(self._welcome))
        return planned

    def _hello(self, verb: str, argument: str) -> Actions:
        before = self.helo
        planned = super()._hello(verb, argument)
        if not argument:
            return planned
        self._session.extended_smtp = verb == "EHLO"
        lines = _reply_of(planned).wire.decode().splitlines()
        call = _Call(
            verb,
            (argument, lines) if verb == "EHLO" else (argument,),
            by_default=partial(setattr, self._session, "host_name", argument),
            when_refused=partial(setattr, self, "helo", before),
        )
        return self._consult(planned, call)

    def _noop(self, verb: str, argument: str) -> Actions:
        call = _Call("NOOP", (argument.strip() or None,))
        return self._consult(super()._noop(verb, argument), call)

    def _vrfy(self, verb: str, argument: str) -> Actions:
        planned = self._not_supported(verb, argument)
        address = argument.strip()
        if not address:
            return planned
        return self._consult(planned, _Call("VRFY", (inside_brackets(address) or address,)))

    def _rset(self, verb: str, argument: str) -> Actions:
        return self._consult(super()._rset(verb, argument), _Call("RSET"))

    def _quit(self, verb: str, argument: str) -> Actions:
        planned = super()._quit(verb, argument)
        return planned if argument else self._consult(planned, _Call("QUIT"))

    # -- TLS and AUTH ------------------------------------------------------------------------------

    def tls_started(self) -> None:
        """Begin a new session, as aiosmtpd does. A handler may refuse the negotiated TLS."""
        was_plaintext = not self.tls
        super().tls_started()
        self._begin_session(self._session.peer)
        ssl_object: ssl.SSLObject | None = getattr(self._server, "ssl_object", None)
        if ssl_object is not None:
            self._session.ssl = _describe(ssl_object)
        self._is_insecure = was_plaintext and not self._hooks.accepts_tls(self._server)

    def _logged_in(self, planned: Actions, action: LogIn) -> Actions:
        self._set_login(AuthData.of(action.login))
        return self._consult(
            planned, _Call("AUTH", ([action.mechanism],), when_refused=self._log_out)
        )

    def _log_out(self) -> None:
        self._authentication.login = None
        self._set_login(None)

    def _set_login(self, data: Any) -> None:  # noqa: ANN401 - aiosmtpd declares it as None
        self._session.authenticated = None if data is None else True
        self._session.auth_data = data

    # -- the transaction ---------------------------------------------------------------------------

    def _take_sender(self, address: str, parameters: tuple[str, ...]) -> Actions:
        planned = super()._take_sender(address, parameters)
        sender, options = address or _NULL_SENDER, [each.upper() for each in parameters]

        def fill() -> None:
            self._envelope.mail_from = sender
            self._envelope.mail_options.extend(options)

        return self._consult(planned, _Call("MAIL", (sender, options), fill, self._drop_sender))

    def _drop_sender(self) -> None:
        self.mail_from, self.mail_parameters = None, ()
        self._envelope.mail_from = None
        self._envelope.mail_options.clear()

    def _take_recipient(self, address: str) -> Actions:
        before = list(self._envelope.rcpt_tos)
        planned = super()._take_recipient(address)
        if _reply_of(planned).is_refusal:
            return planned

        def drop() -> None:
            self.rcpt_tos.pop()
            self._envelope.rcpt_tos[:] = before

        def fill() -> None:
            self._envelope.rcpt_tos.append(address)

        return self._consult(planned, _Call("RCPT", (address, []), fill, drop))

    def receive_message(self, raw: bytes) -> Actions:
        """Take a whole message, as `Dialogue.receive_message` does."""
        envelope = self._envelope
        envelope.content = envelope.original_content = raw
        planned = super().receive_message(raw)
        if "DATA" not in self._hooks:
            return planned
        return (CallHook("handle_DATA", partial(self._ask_about, envelope, planned)),)

    async def _ask_about(self, envelope: Envelope, planned: Actions) -> Actions:
        """Call `handle_DATA` with the envelope of the received message."""
        self._use(envelope)
        try:
            return await self._ask(planned, _Call("DATA"))
        finally:
            self._use(Envelope())

    _COMMANDS: ClassVar[dict[str, Callable[[Any, str, str], Actions]]] = {
        **Dialogue._COMMANDS,  # noqa: SLF001 - of the parent
        "HELO": _hello,
        "EHLO": _hello,
        "NOOP": _noop,
        "VRFY": _vrfy,
        "RSET": _rset,
        "QUIT": _quit,
    }


def _reply_of(planned: Actions) -> Reply:
    return next(each.reply for each in planned if isinstance(each, SendReply))


def _refuse(planned: Actions) -> Actions:
    """Return the actions without those that only an accepted command has."""
    kept = (each for each in planned if not isinstance(each, LogIn))
    return tuple(Discard(len(each.raw)) if isinstance(each, Deliver) else each for each in kept)


def _describe(tls: ssl.SSLObject) -> dict[str, object]:
    """Return facts about TLS with the keys that asyncio provides to aiosmtpd."""
    return {
        "ssl_object": tls,
        "sslcontext": tls.context,
        "peercert": tls.getpeercert(),
        "cipher": tls.cipher(),
        "compression": tls.compression(),
    }
