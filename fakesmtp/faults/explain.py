"""A rule in words: what will happen, to whom, when."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fakesmtp.faults.words import What, Where

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from fakesmtp.faults.rules import Rule

_PLACES: Mapping[str, str] = {
    Where.CONNECT: "when a client connects",
    Where.TLS_HANDSHAKE: "at the TLS handshake",
    Where.GREETING: "in place of the greeting",
    Where.AUTH: "when the credentials have come",
    Where.DATA_BODY: "in the middle of a message, after {after_bytes} bytes of it",
    Where.END_OF_DATA: "when a whole message has come",
    Where.ANY: "at any command, the greeting and the end of data",
}

_DEEDS: Mapping[str, str] = {
    What.REPLY: "it is answered {reply!r} and not obeyed{closed}",
    What.DELAY: "the reply comes {seconds:g} s late",
    What.STALL: "nothing more is said or read{until}",
    What.DROP: "the connection is closed without a reply",
    What.RESET: "the connection is reset (RST)",
    What.HALF_REPLY: "it is obeyed, half of the reply is sent and the connection is closed",
    What.GARBAGE: "it is answered by bytes that are no reply, and not obeyed{closed}",
    What.SLOW_LINK: "from then on the connection has {bytes_per_second:g} bytes a second",
    What.REFUSE_STARTTLS: "STARTTLS is refused, as if TLS could not be had just now",
    What.STRIP_STARTTLS: "STARTTLS is taken out of what EHLO offers",
    What.BAD_CERTIFICATE: "the certificate shown is bad: {certificate}",
    What.OLD_TLS: "only TLS 1.0 can be spoken",
    What.LOSE_REPLY: "the message is kept, but the reply is lost and the connection closed",
    What.KEEP_NOTHING: "the message is accepted, and not kept",
}

_WHO: Mapping[str, str] = {
    "app_key": "whose AppKey is {app_key}",
    "mail_type": "whose mail type is {mail_type}",
    "port": "on port {port}",
    "ehlo": "who says EHLO {ehlo}",
    "sender": "from {sender}",
    "to": "to {to}",
    "subject": "with the subject {subject}",
    "over_rate": "with more than {over_rate} a second",
    "over_recipients": "with more than {over_recipients} recipients",
    "over_connections": "with more than {over_connections} connections open",
    "over_size": "with more than {over_size} bytes",
}

_PER: Mapping[str, str] = {
    "account": " for each AppKey",
    "recipient": " for each recipient",
    "session": " in each session",
}


def explain(rule: Rule) -> str:
    """Say in a sentence what a rule does."""
    who = ", ".join(_who(rule))
    when = ", ".join(_when(rule))
    place = _fill(_PLACES.get(rule.where, "at {where}"), rule)
    text = f"{place[0].upper()}{place[1:]}{', ' + who if who else ''}: {describe(rule)}"
    return f"{text}; {when}." if when else f"{text}; always."


def describe(rule: Rule) -> str:
    """Say what happens when the rule strikes."""
    return _fill(_DEEDS[rule.what], rule)


def _fill(text: str, rule: Rule) -> str:
    until = f", for {rule.seconds:g} s; then it is closed" if rule.seconds else " until it gives up"
    closed = ", and the connection is closed" if rule.close else ""
    return text.format(**{**rule.given, "where": rule.where}, until=until, closed=closed)


def _who(rule: Rule) -> Iterator[str]:
    given = rule.given
    if rule.tls is not None:
        yield "inside TLS" if rule.tls else "in clear"
    for word, text in _WHO.items():
        if word in given:
            yield text.format(**given)
    for name, pattern in dict(rule.headers or ()).items():
        yield f"with {name}: {pattern}"


def _between(rule: Rule) -> str:
    begin, end = rule.between or ("", "")
    if isinstance(begin, str):
        return f"from {begin} to {end} o'clock"
    return f"from {begin:g} to {end:g} s after the rules were loaded"


def _ordinal(number: int | None) -> str:
    number = number or 0
    is_teen = number // 10 % 10 == 1
    ending = {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number}{'th' if is_teen else ending}"


#: word: how it is said. Each counts moments that fit.
_WHEN: Mapping[str, Callable[[Rule], str]] = {
    "nth": lambda rule: f"the {_ordinal(rule.nth)} time",
    "times": lambda rule: "once" if rule.times == 1 else f"the first {rule.times} times",
    "every": lambda rule: f"every {_ordinal(rule.every)} time",
    "after": lambda rule: f"after the first {rule.after}",
    "between": _between,
    "probability": lambda rule: f"{rule.probability:.0%} of the times, by the seed {rule.seed}",
}


def _when(rule: Rule) -> Iterator[str]:
    given = rule.given
    said = [say(rule) for word, say in _WHEN.items() if word in given]
    if said:
        yield ", ".join(said) + _PER.get(rule.per or "", "")
    if "times" in given:
        yield "then it is healed"
