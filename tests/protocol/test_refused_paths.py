"""Reasons of refused MAIL and RCPT: each mistake has one for the developer."""

from __future__ import annotations

from typing import get_args

import pytest
from refused_lines import refuse

from fakesmtp.protocol.accounts import AnyAccounts
from fakesmtp.protocol.refused_paths import Part, explain

#: What follows MAIL or RCPT, and the reason.
ARGUMENTS = {
    " FROM:<a@b.c>": "more than one space follows the command",
    "FROM :<a@b.c>": "a space is before the colon",
    "FROM=<a@b.c>": "MAIL needs FROM: and a sender, RCPT needs TO: and a recipient",
    "FROM": "MAIL needs FROM: and a sender, RCPT needs TO: and a recipient",
}
PATHS = {
    "": "no address follows the colon",
    "<a@b.c>SIZE=1": "what follows > does not begin with a space",
    "<a@b.c>\tSIZE=1": "what follows > does not begin with a space",
    "<a@b.c": "the > after the address is missing",
    '"Kim" <a@b.c>': "a name or other text is before <; only the address follows the colon",
    ":<a@b.c>": "a name or other text is before <; only the address follows the colon",
    "a@b.c": "the address is not between < and > (RFC 5321 §4.1.2)",
    "a@b.c>": "the address is not between < and > (RFC 5321 §4.1.2)",
    "a@b.c SIZE=1": "the address is not between < and > (RFC 5321 §4.1.2)",
    "a@b.c BODY=8BITMIME AUTH=<>": "the address is not between < and > (RFC 5321 §4.1.2)",
}
_LABEL = "the domain has an empty label"
_HYPHEN = "a label of the domain starts or ends with a hyphen"
_LITERAL = "an address literal must be one of IPv4, like [192.0.2.1]"
_QUOTES = "the local part is not inside its quotes (RFC 5321 §4.1.2)"
_NAME = "only the address, without a name, belongs between < and >"
_CONTROL = "a control character is in the address"
_NOT_ASCII = "the address is not ASCII, and SMTPUTF8 is not offered (RFC 6531 §3.1)"
_CHARACTER = "the domain has a character other than letters, digits, hyphens and dots"
_LIST = "there is more than one address; each recipient has its own RCPT"
ADDRESSES = {
    "@": "no address is between < and >",
    "a@한글.kr": "the domain is not ASCII; SMTP needs its form with xn-- (RFC 5890)",
    "홍길동@b.c": _NOT_ASCII,
    '"\\홍"@b.c': _NOT_ASCII,
    "@a.b,@c.d:e@f.g": "the address has a source route, which the endpoint does not accept",
    "a@b.c,d@e.f": _LIST,
    "a@b.c;d@e.f": _LIST,
    "a@b.c>, <d@e.f": _LIST,
    "mailto:a@b.c": "'mailto:' is before the address",
    "Kim <a@b.c>": _NAME,
    "홍길동 <a@b.c>": _NAME,
    '"홍길동" <a@b.c>': _NAME,
    "a@b.c <a@b.c>": _NAME,
    "a b@c.d": "a space is in the address",
    "a\tb@c.d": _CONTROL,
    '"a\0b"@c.d': _CONTROL,
    '"a\rb c"@c.d': _CONTROL,
    "a@b@c.d": "the address has more than one @",
    "@b.c": "nothing is before the @",
    "@[IPv6:::1]": "nothing is before the @",
    "a@": "no domain is after the @",
    "a@[IPv6:::1]": _LITERAL,
    "a@[300.1.1.1]": _LITERAL,
    "a@b.c.": "the domain ends with a dot",
    "a@b..c": _LABEL,
    "a@.b": _LABEL,
    "a@-b.c": _HYPHEN,
    "a@b.-c": _HYPHEN,
    "a@b-.c": _HYPHEN,
    "a@b.c-": _HYPHEN,
    "a@my_host.c": "the domain has an underscore",
    '"a b@c"@my_host.c': "the domain has an underscore",
    r"a\ \@\<@my_host.c": "the domain has an underscore",
    " \ta@my_host.c ": "the domain has an underscore",
    "a@[192.0.2.1].my_host": "the domain has an underscore",
    "a@b!c": _CHARACTER,
    "a@[192.0.2.1].b!c": _CHARACTER,
    f"a@{'b' * 254}": "the domain is longer than 253 characters",
    ".a@b.c": "the local part starts with a dot",
    "a.@b.c": "the local part ends with a dot",
    "a.": "the local part ends with a dot",
    "a(x)@b.c": "the local part has a character that is only allowed in quotes",
    "a:b@c.d": "the local part has a character that is only allowed in quotes",
    '"a"b@c.d': _QUOTES,
    '"a@my_host"b@c.d': _QUOTES,
    '"a b@c.d': _QUOTES,
    '""@c.d': _QUOTES,
}


@pytest.mark.parametrize(("argument", "reason"), ARGUMENTS.items())
def test_what_follows_the_command(argument: str, reason: str) -> None:
    """The keyword and its colon."""
    assert refuse_mail(argument) == (["501 5.5.4 Usage: MAIL FROM:<sender>"], reason)
    rcpt = argument.replace("FROM", "TO")
    assert refuse_rcpt(rcpt) == (["501 5.5.2 Usage: RCPT TO:<recipient>"], reason)


@pytest.mark.parametrize(("path", "reason"), PATHS.items())
def test_paths(path: str, reason: str) -> None:
    """The brackets around the address."""
    assert refuse_mail(f"FROM:{path}") == (["501 5.1.7 Syntax error in MAIL command"], reason)


def test_the_path_of_a_recipient() -> None:
    """Its reply has other words."""
    reason = PATHS["a@b.c"]
    expected = (["501 5.5.2 Syntax error in parameters or arguments"], reason)
    assert refuse_rcpt("TO:a@b.c") == expected


@pytest.mark.parametrize(("address", "reason"), ADDRESSES.items())
def test_addresses(address: str, reason: str) -> None:
    """What is between the brackets."""
    expected = (["553 5.1.3 Syntax error in recipient address"], reason)
    assert refuse_rcpt(f"TO:<{address}>") == expected


def test_the_address_of_a_sender() -> None:
    """Its reply has other words."""
    expected = (["501 5.1.7 Syntax error in sender address"], ADDRESSES["a@my_host.c"])
    assert refuse_mail("FROM:<a@my_host.c>") == expected


@pytest.mark.parametrize("part", get_args(Part))
@pytest.mark.parametrize("repeated", ["@", "@,", "<", "a@.", '"', "\\", "-.", ",@", " ", "<>"])
def test_long_lines(part: Part, repeated: str) -> None:
    """A line of any length has a reason at once. A pattern that starts anew everywhere does not."""
    assert explain(part, repeated * 100_000)


def refuse_mail(argument: str) -> tuple[list[str], str]:
    """Send MAIL with this argument; return the replies and the reason."""
    return refuse(b"EHLO me", f"MAIL {argument}".encode(), accounts=AnyAccounts())


def refuse_rcpt(argument: str) -> tuple[list[str], str]:
    """Send RCPT with this argument; return the replies and the reason."""
    mail = (b"EHLO me", b"MAIL FROM:<>")
    return refuse(*mail, f"RCPT {argument}".encode(), accounts=AnyAccounts())
