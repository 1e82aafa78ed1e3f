"""A `Dialogue` with faults: at every stage the script is asked first, then the dialogue."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fakesmtp.faults.effects import alter, apply, is_replaced, slow_down
from fakesmtp.faults.facts import Facts
from fakesmtp.faults.kinds import OLD_TLS
from fakesmtp.faults.stages import STAGE_OF_VERB, Stage
from fakesmtp.protocol.actions import (
    Awaiting,
    CallHook,
    Discard,
    Note,
    SendReply,
    StartHandshake,
    StartTls,
    Wait,
)
from fakesmtp.protocol.command import Command
from fakesmtp.protocol.sasl import MalformedResponse, decode_text, parse_plain

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from fakesmtp.faults.rules import Rule
    from fakesmtp.faults.script import FaultScript
    from fakesmtp.protocol.actions import Actions
    from fakesmtp.protocol.dialogue import Dialogue

#: Commands with credentials or addresses, which a client should not send in plaintext.
_REVEALING = frozenset({"AUTH", "MAIL"})
#: Commands with which a client that checks certificates can end the session in order.
_HARMLESS = frozenset({"QUIT", "NOOP", "RSET"})
_ABORT = b"*\r\n"
_SHAKE_HANDS = StartHandshake()
#: What the next line is after AUTH with this mechanism.
_FIRST_STEP = {"PLAIN": Awaiting.PLAIN, "LOGIN": Awaiting.LOGIN_USER}
_BLANKS = "".join(map(chr, range(0x21)))


class FaultyDialogue:
    """One session: a `Dialogue` that also has the stages of the connection, TLS and message data.

    `port` is the port of the real endpoint, `session` identifies the session for counters,
    `connections` returns the number of open connections.
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
        self._body_applied = -1
        self._bad_tls = ""
        self._tls_withheld = False

    @property
    def awaiting(self) -> Awaiting:
        """What the next line is expected to be."""
        return self._dialogue.awaiting

    # -- stages before the client sends anything -----------------------------------------------

    def connect(self, *, implicit_tls: bool) -> Actions:
        """Return the actions of a new connection: the greeting, or a TLS handshake."""
        proceed = self.shake_hands if implicit_tls else self.greet
        return self._ask(Stage.CONNECT, self._facts(), lambda rules: apply(rules, proceed))

    def greet(self) -> Actions:
        """Return the greeting (220)."""
        return self._apply_rules(Stage.GREETING, self._dialogue.greet)

    def shake_hands(self) -> Actions:
        """Return the actions of a TLS handshake, which can be faulty."""
        actions = self._apply_rules(Stage.TLS_HANDSHAKE, lambda: (_SHAKE_HANDS,))
        return alter(actions, self._remember_flaw)

    def _remember_flaw(self, actions: Actions) -> Actions:
        self._bad_tls = next((a.flaw for a in actions if isinstance(a, StartHandshake)), "")
        return actions

    # -- lines ---------------------------------------------------------------------------------

    def receive_line(self, line: bytes, *, more_behind: bool = False) -> Actions:
        """Reply to one line, line end included, as `Dialogue.receive_line` does."""
        is_command = self.awaiting is Awaiting.COMMAND
        command = Command.parse(line) if is_command else Command("", "")

        def proceed() -> Actions:
            return self._shake_after(self._dialogue.receive_line(line, more_behind=more_behind))

        notes = self._make_notes(command.verb)
        if not is_command or command.verb == "AUTH":
            return (*notes, *self._authenticate(line, command, proceed))
        facts = self._facts(**_read_facts(command))
        return (*notes, *self._apply_rules(STAGE_OF_VERB.get(command.verb), proceed, facts))

    def receive_long_line(self) -> Actions:
        """Reply as the dialogue does. No fault has this stage."""
        return self._slowly(self._dialogue.receive_long_line())

    def _make_notes(self, verb: str) -> list[Note]:
        """Return notes on a client that continues where a careful client would stop."""
        notes = []
        # A client accepts a TLS version by the handshake, a certificate by the commands after it.
        if self._bad_tls and (self._bad_tls == OLD_TLS or verb not in _HARMLESS):
            notes.append(_describe_bad_tls(self._bad_tls))
            self._bad_tls = ""
        if self._tls_withheld and verb in _REVEALING:
            if not self._dialogue.tls:
                text = "the client went on in plaintext when STARTTLS was withheld (RFC 3207 §6)"
                notes.append(Note(text))
            self._tls_withheld = False
        return notes

    def _shake_after(self, actions: Actions) -> Actions:
        """Apply the faults of the handshake after the reply to STARTTLS."""
        last = actions[-1] if actions else None
        if not isinstance(last, StartTls):
            return actions
        shaking = self.shake_hands()
        return actions if shaking == (_SHAKE_HANDS,) else (SendReply(last.reply), *shaking)

    # -- AUTH ----------------------------------------------------------------------------------

    def _authenticate(
        self, line: bytes, command: Command, proceed: Callable[[], Actions]
    ) -> Actions:
        """Apply the faults of `auth` if the line completes the credentials."""
        user_name = self._read_user(line, command)
        if user_name is None:
            return self._slowly(proceed())
        app_key, mark, mail_type = user_name.partition("#")
        facts = self._facts(app_key=app_key, mail_type=mail_type if mark else "normal")
        return self._apply_rules(Stage.AUTH, proceed, facts)

    def _read_user(self, line: bytes, command: Command) -> str | None:
        """Return the user name if the credentials are complete with this line, else None."""
        awaiting, response = self.awaiting, line.rstrip(b"\r\n")
        if awaiting is Awaiting.COMMAND:
            mechanism, _, initial = command.argument.partition(" ")
            response = initial.strip().encode("ascii", "replace")
            if not response or mechanism.upper() not in _FIRST_STEP:
                return None
            awaiting = _FIRST_STEP[mechanism.upper()]
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

    # -- messages ------------------------------------------------------------------------------

    def cut_body(self, data: bytes) -> tuple[bytes, bytes]:
        """Split message data at the next byte after which a fault can apply."""
        cut = min((mark - self._body for mark in self._marks()), default=len(data))
        return data[:cut], data[cut:]

    def receive_body(self, size: int) -> Actions:
        """Apply the faults of `data-body` after `size` more bytes of an unfinished message."""
        is_due = self._body + size in self._marks()
        self._body += size
        slowly = (Wait(size / self._rate),) if self._rate and size else ()
        if not is_due:
            return slowly
        self._body_applied = self._body
        facts = self._facts(body_bytes=self._body)
        return self._apply_rules(Stage.DATA_BODY, lambda: slowly, facts)

    def _marks(self) -> list[int]:
        """Return the numbers of bytes of this message after which a rule is yet to be asked."""
        marks = (
            rule.options["after_bytes"]
            for rule in self._script.rules
            if rule.where is Stage.DATA_BODY
        )
        return [mark for mark in marks if mark > self._body_applied]

    def receive_message(self, raw: bytes) -> Actions:
        """Reply to a whole message, as `Dialogue.receive_message` does."""
        self._end_body()
        facts = self._facts(message=raw)
        return self._ask(Stage.END_OF_DATA, facts, lambda rules: self._finish(raw, rules))

    def _finish(self, raw: bytes, rules: Sequence[Rule]) -> Actions:
        came = (Discard(len(raw)),) if is_replaced(rules) else ()
        actions = apply(rules, lambda: self._dialogue.receive_message(raw))
        return (*came, *self._slowly(actions))

    def refuse_big_message(self) -> Actions:
        """Reply as the dialogue does. No fault has this stage."""
        self._end_body()
        return self._slowly(self._dialogue.refuse_big_message())

    def _end_body(self) -> None:
        self._body, self._body_applied = 0, -1

    # -- asking the script ---------------------------------------------------------------------

    def _apply_rules(
        self, stage: Stage | None, proceed: Callable[[], Actions], facts: Facts | None = None
    ) -> Actions:
        facts = facts or self._facts()
        return self._ask(stage, facts, lambda rules: self._slowly(apply(rules, proceed)))

    def _ask(
        self, stage: Stage | None, facts: Facts, then: Callable[[Sequence[Rule]], Actions]
    ) -> Actions:
        """Return what `then` makes of the rules that apply, perhaps after a pause."""
        chosen = self._script._apply(stage, facts)
        if isinstance(chosen, tuple):
            return then(self._remember(stage, chosen))

        async def ask() -> Actions:
            rules, note = await chosen()
            notes = (Note(note),) if note else ()
            return (*notes, *then(self._remember(stage, rules)))

        return (CallHook("the count of planned faults", ask),)

    def _remember(self, stage: Stage | None, rules: Sequence[Rule]) -> Sequence[Rule]:
        """Remember the effects of rules that outlast their stage; return the rules."""
        for rule in rules:
            self._rate = rule.options.get("bytes_per_second", self._rate)
            self._tls_withheld |= rule.kind.withholds_tls
        if is_replaced(rules):
            self._abandon(stage)
        return rules

    def _abandon(self, stage: Stage | None) -> None:
        """Bring the dialogue into the state it has after a refusal of its own."""
        if stage is Stage.AUTH and self.awaiting is not Awaiting.COMMAND:
            self._dialogue.receive_line(_ABORT)
        elif stage is Stage.END_OF_DATA:
            # Whatever the reply is, the transaction is over (RFC 5321 §4.1.1.4).
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
        return Note("the client accepts TLS 1.0, which is deprecated (RFC 8996 §2)")
    text = f"the client went on with a bad certificate: {flaw}; it does not check (RFC 7817 §3)"
    return Note(text)


def _read_facts(command: Command) -> dict[str, Any]:
    """Return the facts in a command, valid or not, before it is executed."""
    verb, argument = command
    if verb in {"EHLO", "HELO"}:
        return {"ehlo": argument}
    if verb == "MAIL":
        return {"sender": _read_path(argument), "recipients": ()}
    return {"recipients": (_read_path(argument),)} if verb == "RCPT" else {}


def _read_path(argument: str) -> str:
    """Return the text between the angle brackets, or in their place if they are missing."""
    path = argument.partition(":")[2].strip(_BLANKS)
    return path[1:].partition(">")[0].strip(_BLANKS) if path.startswith("<") else path
