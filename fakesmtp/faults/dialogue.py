"""A `Dialogue` with faults: asks the script first, at every place, and the dialogue only then."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fakesmtp.faults.effects import apply, is_replaced, slow_down
from fakesmtp.faults.facts import Facts
from fakesmtp.faults.words import OLD_TLS, What, Where
from fakesmtp.protocol.actions import Discard, Note, Say, ShakeHands, StartTls, Wait
from fakesmtp.protocol.authentication import Awaiting
from fakesmtp.protocol.command import Command
from fakesmtp.protocol.sasl import MalformedResponse, decode_text, parse_plain

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from fakesmtp.faults.rules import Rule
    from fakesmtp.faults.script import FaultScript
    from fakesmtp.protocol.actions import Actions
    from fakesmtp.protocol.dialogue import Dialogue

_PLACES: Mapping[str, Where] = {
    "HELO": Where.EHLO,
    "EHLO": Where.EHLO,
    "STARTTLS": Where.STARTTLS,
    "MAIL": Where.MAIL,
    "RCPT": Where.RCPT,
    "DATA": Where.DATA,
    "RSET": Where.RSET,
    "NOOP": Where.NOOP,
    "QUIT": Where.QUIT,
}
_SAYS_MUCH = frozenset({"AUTH", "MAIL"})
#: A client that does check may still end the session in order.
_SAYS_NOTHING = frozenset({"QUIT", "NOOP", "RSET"})
_NOT_IN_CLEAR = frozenset({What.STRIP_STARTTLS, What.REFUSE_STARTTLS})
_ABORT = b"*\r\n"
_SHAKE_HANDS = ShakeHands()
_BLANKS = "".join(map(chr, range(0x21)))


class FaultyDialogue:
    """One session as the connection sees it: like a `Dialogue`, with three places more.

    `port` is that of the real endpoint, `session` names the session for counters, `connections`
    says how many there are at once.
    """

    def __init__(
        self,
        dialogue: Dialogue,
        script: FaultScript,
        *,
        port: int,
        session: str,
        connections: Callable[[], int],
    ) -> None:
        self._dialogue = dialogue
        self._script = script
        self._port = port
        self._session = session
        self._connections = connections
        self._user_name: str | None = None
        self._rate: float | None = None
        self._body = 0
        self._body_struck = -1
        self._bad_tls = ""
        self._left_in_clear = False

    @property
    def awaiting(self) -> Awaiting:
        """What the next line is."""
        return self._dialogue.awaiting

    # -- places where the client has said nothing --------------------------------------------------

    def connect(self, *, implicit_tls: bool) -> Actions:
        """Begin: greet, or shake hands."""
        rules = self._ask(Where.CONNECT, self._facts())
        return apply(rules, self.shake_hands if implicit_tls else self.greet)

    def greet(self) -> Actions:
        """Say the first words."""
        return self._strike(Where.GREETING, self._dialogue.greet)

    def shake_hands(self) -> Actions:
        """Begin TLS, perhaps badly."""
        actions = self._strike(Where.TLS_HANDSHAKE, lambda: (_SHAKE_HANDS,))
        self._bad_tls = next((a.flaw for a in actions if isinstance(a, ShakeHands)), "")
        return actions

    # -- lines -------------------------------------------------------------------------------------

    def receive_line(self, line: bytes, *, more_behind: bool = False) -> Actions:
        """Take one line with its end, as `Dialogue.receive_line` does."""
        is_command = self.awaiting is Awaiting.COMMAND
        command = Command.parse(line) if is_command else Command("", "")

        def proceed() -> Actions:
            return self._shake_after(self._dialogue.receive_line(line, more_behind=more_behind))

        findings = self._find(command.verb)
        if not is_command or command.verb == "AUTH":
            return (*findings, *self._authenticate(line, command, proceed))
        facts = self._facts(**_read_facts(command))
        return (*findings, *self._strike(_PLACES.get(command.verb), proceed, facts))

    def receive_long_line(self) -> Actions:
        """As the dialogue's own."""
        return self._slowly(self._dialogue.receive_long_line())

    def _find(self, verb: str) -> list[Note]:
        """Tell of a client that goes on where one that checks would not."""
        notes = []
        # Its version is accepted with the handshake, a certificate by what comes after it.
        if self._bad_tls and (self._bad_tls == OLD_TLS or verb not in _SAYS_NOTHING):
            notes.append(_describe_bad_tls(self._bad_tls))
            self._bad_tls = ""
        if self._left_in_clear and verb in _SAYS_MUCH:
            if not self._dialogue.tls:
                text = "the client went on in clear where STARTTLS was kept from it (RFC 3207 §6)"
                notes.append(Note(text))
            self._left_in_clear = False
        return notes

    def _shake_after(self, actions: Actions) -> Actions:
        """Have faults of the handshake strike behind the reply to STARTTLS."""
        last = actions[-1] if actions else None
        if not isinstance(last, StartTls):
            return actions
        shaking = self.shake_hands()
        return actions if shaking == (_SHAKE_HANDS,) else (Say(last.reply), *shaking)

    # -- AUTH --------------------------------------------------------------------------------------

    def _authenticate(
        self, line: bytes, command: Command, proceed: Callable[[], Actions]
    ) -> Actions:
        """Strike when the line came that completes the credentials; else only remember."""
        user_name = self._read_user(line, command)
        if user_name is None:
            return self._slowly(proceed())
        app_key, mark, mail_type = user_name.partition("#")
        facts = self._facts(app_key=app_key, mail_type=mail_type if mark else "normal")
        return self._strike(Where.AUTH, proceed, facts)

    def _read_user(self, line: bytes, command: Command) -> str | None:
        """Give the user name when the credentials are complete."""
        awaiting, response = self.awaiting, line.rstrip(b"\r\n")
        if awaiting is Awaiting.COMMAND:
            mechanism, _, initial = command.argument.partition(" ")
            response = initial.strip().encode("ascii", "replace")
            steps = {"PLAIN": Awaiting.PLAIN, "LOGIN": Awaiting.LOGIN_USER}
            if not response or mechanism.upper() not in steps:
                return None
            awaiting = steps[mechanism.upper()]
        if line == _ABORT:
            return None
        if awaiting is Awaiting.LOGIN_PASSWORD:
            return self._user_name or ""
        try:
            if awaiting is Awaiting.PLAIN:
                return parse_plain(response)[0]
            self._user_name = decode_text(response)
        except MalformedResponse:
            return None
        return None

    # -- messages ----------------------------------------------------------------------------------

    def cut_body(self, data: bytes) -> tuple[bytes, bytes]:
        """Cut the next bytes of a message where the next fault may strike."""
        cut = min((mark - self._body for mark in self._marks()), default=len(data))
        return data[:cut], data[cut:]

    def receive_body(self, size: int) -> Actions:
        """Take note of so many more bytes of a message, which has not ended."""
        is_due = self._body + size in self._marks()
        self._body += size
        slowly = (Wait(size / self._rate),) if self._rate and size else ()
        if not is_due:
            return slowly
        self._body_struck = self._body
        facts = self._facts(body_bytes=self._body)
        return self._strike(Where.DATA_BODY, lambda: slowly, facts)

    def _marks(self) -> list[int]:
        """After how many bytes of this message a rule is to be asked that has not been."""
        return [
            rule.after_bytes
            for rule in self._script.rules
            if rule.where is Where.DATA_BODY
            and rule.after_bytes is not None
            and rule.after_bytes > self._body_struck
        ]

    def receive_message(self, raw: bytes) -> Actions:
        """Take a whole message, as `Dialogue.receive_message` does."""
        self._end_body()
        rules = self._ask(Where.END_OF_DATA, self._facts(message=raw))
        came = (Discard(len(raw)),) if is_replaced(rules) else ()
        actions = apply(rules, lambda: self._dialogue.receive_message(raw))
        return (*came, *self._slowly(actions))

    def refuse_big_message(self) -> Actions:
        """As the dialogue's own."""
        self._end_body()
        return self._slowly(self._dialogue.refuse_big_message())

    def _end_body(self) -> None:
        self._body, self._body_struck = 0, -1

    # -- asking the script -------------------------------------------------------------------------

    def _strike(
        self, where: Where | None, proceed: Callable[[], Actions], facts: Facts | None = None
    ) -> Actions:
        rules = self._ask(where, facts or self._facts())
        return self._slowly(apply(rules, proceed))

    def _ask(self, where: Where | None, facts: Facts) -> Sequence[Rule]:
        """Ask the script, and keep what goes on beyond this place."""
        rules = self._script.strike(where, facts)
        for rule in rules:
            self._rate = rule.bytes_per_second or self._rate
            self._left_in_clear |= rule.what in _NOT_IN_CLEAR
        if is_replaced(rules):
            self._abandon(where)
        return rules

    def _abandon(self, where: Where | None) -> None:
        """End what the dialogue is not asked about any more, as after a refusal of its own."""
        if where is Where.AUTH and self.awaiting is not Awaiting.COMMAND:
            self._dialogue.receive_line(_ABORT)
        elif where is Where.END_OF_DATA:
            # Whatever is answered, the transaction is over (RFC 5321 §4.1.1.4).
            self._dialogue.refuse_big_message()

    def _slowly(self, actions: Actions) -> Actions:
        return slow_down(actions, self._rate) if self._rate else actions

    def _facts(self, **known: Any) -> Facts:  # noqa: ANN401 - the fields of `Facts`
        dialogue = self._dialogue
        login = dialogue.login
        lasting = {
            "app_key": login.app_key if login else None,
            "mail_type": str(login.mail_type) if login else None,
            "ehlo": dialogue.helo,
            "sender": dialogue.mail_from,
            "recipients": tuple(dialogue.rcpt_tos),
            "accepted": len(dialogue.rcpt_tos),
        }
        return Facts(
            port=self._port,
            tls=dialogue.tls,
            session=self._session,
            connections=self._connections,
            **{**lasting, **known},
        )


def _describe_bad_tls(flaw: str) -> Note:
    if flaw == OLD_TLS:
        return Note("the client accepts TLS 1.0, which is obsolete (RFC 8996 §2)")
    text = f"the client went on with a bad certificate: {flaw}; it does not check (RFC 7817 §3)"
    return Note(text)


def _read_facts(command: Command) -> dict[str, Any]:
    """Give what a command tells of itself, right or wrong, before it is obeyed."""
    verb, argument = command
    if verb in {"EHLO", "HELO"}:
        return {"ehlo": argument}
    if verb == "MAIL":
        return {"sender": _read_path(argument), "recipients": ()}
    return {"recipients": (_read_path(argument),)} if verb == "RCPT" else {}


def _read_path(argument: str) -> str:
    """Give what stands between the brackets, or where they should stand."""
    path = argument.partition(":")[2].strip(_BLANKS)
    return path[1:].partition(">")[0].strip(_BLANKS) if path.startswith("<") else path
