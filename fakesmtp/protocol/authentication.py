"""AUTH: the exchange between the command and its success or failure (RFC 4954).

A refusal comes with a note that says why. The client only gets the reply of the profile.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, ClassVar

from fakesmtp.errors import FakeSMTPError
from fakesmtp.protocol.actions import (
    Actions,
    Awaiting,
    CallHook,
    Close,
    LogIn,
    SendReply,
)
from fakesmtp.protocol.credentials import Credentials, Login
from fakesmtp.protocol.reasons import (
    because,
    explain_looked_up,
    explain_mail_type,
    explain_mechanism,
)
from fakesmtp.protocol.sasl import MalformedResponse, check_user_name, decode_text, parse_plain

if TYPE_CHECKING:
    from collections.abc import Callable

    from fakesmtp.protocol.accounts import Accounts, Directory
    from fakesmtp.protocol.nhn import Profile
    from fakesmtp.protocol.policy import Policy
    from fakesmtp.protocol.rows import Row

_CLOSE = Close(asked=False)


class Authentication:
    """The AUTH exchange of one session, and its login."""

    __slots__ = ("_accounts", "_policy", "_profile", "_user_name", "awaiting", "login")

    def __init__(self, profile: Profile, policy: Policy, accounts: Accounts) -> None:
        self._profile = profile
        self._policy = policy
        self._accounts = accounts
        self._user_name = ""
        self.awaiting = Awaiting.COMMAND
        self.login: Login | None = None

    def begin(self, argument: str) -> Actions:
        """Reply to AUTH; `argument` is a mechanism and an optional initial response."""
        mechanism, _, response = argument.partition(" ")
        first_step = self._MECHANISMS.get(mechanism.upper())
        if first_step is None:
            reason = because(explain_mechanism(argument))
            return (reason, *self._profile.auth_unknown_mechanism.actions)
        self.awaiting, challenge = first_step
        if response := response.strip():
            # A malformed initial response fails the command, a malformed later line closes.
            return self._respond(response.encode("ascii", "replace"), hang_up=())
        row: Row = getattr(self._profile, challenge)
        return row.actions

    def receive_response(self, line: bytes) -> Actions:
        """Reply to the response to a challenge, a line with its line end."""
        if line == b"*\r\n":
            self.awaiting = Awaiting.COMMAND
            return self._profile.auth_aborted.actions
        # A bare LF is not removed, so it makes the response malformed (recorded).
        response = line[:-2] if line.endswith(b"\r\n") else line
        return self._respond(response, hang_up=(_CLOSE,))

    def _respond(self, response: bytes, hang_up: Actions) -> Actions:
        awaiting, self.awaiting = self.awaiting, Awaiting.COMMAND
        try:
            return self._RESPONSES[awaiting](self, response)
        except MalformedResponse as error:
            reason = because(str(error), response)
            if awaiting is Awaiting.LOGIN_PASSWORD:
                return (reason, *self._profile.auth_malformed_login_password.actions)
            return (reason, *self._profile.auth_malformed.actions, *hang_up)

    def _plain_response(self, response: bytes) -> Actions:
        return self._judge("PLAIN", *parse_plain(response), response)

    def _login_user(self, response: bytes) -> Actions:
        self._user_name = check_user_name(decode_text(response))
        self.awaiting = Awaiting.LOGIN_PASSWORD
        return self._profile.auth_login_password_challenge.actions

    def _login_password(self, response: bytes) -> Actions:
        user_name, self._user_name = self._user_name, ""
        return self._judge("LOGIN", user_name, decode_text(response), response)

    def _judge(self, mechanism: str, user_name: str, password: str, response: bytes) -> Actions:
        credentials = Credentials.parse(user_name, password, self._policy)
        if credentials is None:
            reason = explain_mail_type(user_name.partition("#")[2])
            return (because(reason), *self._profile.auth_failed.actions)
        app_key, mail_type, secret_key = credentials
        any_case = self._policy.unsafe_user_name_in_any_case
        account = self._accounts.verify(app_key, secret_key, any_case=any_case)
        if account is not None:
            return self._log_in(Login(account, mail_type), mechanism)
        reason = self._accounts.explain(app_key, secret_key, any_case=any_case)
        refusal = (because(reason, response), *self._profile.auth_failed.actions)
        app_key = app_key.lower() if any_case else app_key
        directory = self._accounts.directory_for(app_key)
        if directory is None:
            return refusal
        wanted = LogIn(Login(app_key, mail_type), mechanism)
        look_up = partial(self._look_up, directory, wanted, secret_key, refusal)
        return (CallHook("the lookup of the account", look_up),)

    async def _look_up(
        self, directory: Directory, wanted: LogIn, secret_key: str, refusal: Actions
    ) -> Actions:
        """Return the actions after an AppKey was looked up that is not known here."""
        app_key = wanted.login.app_key
        try:
            is_right = await directory.verify(app_key, secret_key)
        except FakeSMTPError as error:
            reason = because(f"the account could not be looked up: {error}")
            return (reason, SendReply(self._profile.internal_error.reply()))
        if is_right:
            return self._log_in(wanted.login, wanted.mechanism)
        if is_right is None:
            return refusal
        reason = because(explain_looked_up(app_key, secret_key))
        return (reason, *self._profile.auth_failed.actions)

    def _log_in(self, login: Login, mechanism: str) -> Actions:
        self.login = login
        return (LogIn(login, mechanism), *self._profile.auth_succeeded.actions)

    #: By mechanism: what the client must send next, and the challenge for it.
    _MECHANISMS: ClassVar[dict[str, tuple[Awaiting, str]]] = {
        "PLAIN": (Awaiting.PLAIN, "auth_plain_challenge"),
        "LOGIN": (Awaiting.LOGIN_USER, "auth_login_user_challenge"),
    }

    _RESPONSES: ClassVar[dict[Awaiting, Callable[[Authentication, bytes], Actions]]] = {
        Awaiting.PLAIN: _plain_response,
        Awaiting.LOGIN_USER: _login_user,
        Awaiting.LOGIN_PASSWORD: _login_password,
    }
