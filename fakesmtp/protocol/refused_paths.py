"""Why the argument of MAIL or RCPT was refused. The client only gets the reply.

The texts continue "refused because". What is accepted is decided elsewhere (`command`, `address`);
here a refused text is compared with the mistakes of real clients.
"""

from __future__ import annotations

import re
from typing import Literal

from fakesmtp.protocol.address import LONGEST_DOMAIN, match_local_part
from fakesmtp.protocol.command import BLANKS

Part = Literal["argument", "path", "address"]
#: Patterns and what they mean. The first one that is found counts. While a text may have many `<`
#: or `@`, its start is part of the pattern: a search from each of them could take minutes.
_Mistakes = tuple[tuple[str, str], ...]

_ARGUMENTS: _Mistakes = (
    (r"^ ", "more than one space follows the command"),
    (r"^\w+ +:", "a space is before the colon"),
    (r"", "MAIL needs FROM: and a sender, RCPT needs TO: and a recipient"),
)
_NO_BRACKETS = "the address is not between < and > (RFC 5321 §4.1.2)"
_PATHS: _Mistakes = (
    (r"^$", "no address follows the colon"),
    (r"^<.*>.", "what follows > does not begin with a space"),
    (r"^<", "the > after the address is missing"),
    (r"^[^<]* [\w-]+=<", _NO_BRACKETS),
    (r"^[^<]*<.*>", "a name or other text is before <; only the address follows the colon"),
    (r"", _NO_BRACKETS),
)
_QUOTES = "the local part is not inside its quotes (RFC 5321 §4.1.2)"
# A byte that is not ASCII was decoded as U+FFFD.
_ADDRESSES: _Mistakes = (
    (r"^[\s@]*$", "no address is between < and >"),
    (r"^@[^:\[]+:", "the address has a source route, which the endpoint does not accept"),
    (r'^[^@"]*@[^,;<]*[,;].*@', "there is more than one address; each recipient has its own RCPT"),
    (r"^mailto:", "'mailto:' is before the address"),
    (r"[<>]", "only the address, without a name, belongs between < and >"),
    (r'^[^@"]*@.*\ufffd', "the domain is not ASCII; SMTP needs its form with xn-- (RFC 5890)"),
    (r"\ufffd", "the address is not ASCII, and SMTPUTF8 is not offered (RFC 6531 §3.1)"),
    (r"[\0-\x1f\x7f]", "a control character is in the address"),
    (r'^[^@]*"', _QUOTES),
    (r" ", "a space is in the address"),
    (r"^[^@]*@.*@", "the address has more than one @"),
    (r"^@", "nothing is before the @"),
    (r"@$", "no domain is after the @"),
    (r"@\[[^\]]*\]?$", "an address literal must be one of IPv4, like [192.0.2.1]"),
    (r"@.*\.$", "the domain ends with a dot"),
    (r"@(?:.*\.)?\.", "the domain has an empty label"),
    (r"@(?:.*\.)?-|@.*-(?:\.|$)", "a label of the domain starts or ends with a hyphen"),
    (r"@.*_", "the domain has an underscore"),
    (r"@.*[^\w.-]", "the domain has a character other than letters, digits, hyphens and dots"),
    (rf"@.{{{LONGEST_DOMAIN + 1}}}", f"the domain is longer than {LONGEST_DOMAIN} characters"),
    (r"^\.", "the local part starts with a dot"),
    (r"\.(?:@|$)", "the local part ends with a dot"),
    (r"", "the local part has a character that is only allowed in quotes"),
)


_MISTAKES = {"argument": _ARGUMENTS, "path": _PATHS, "address": _ADDRESSES}


def explain(part: Part, text: str) -> str:
    """Return why `text` is not the argument of MAIL or RCPT, its path, or the address in that."""
    if part == "address":
        text = _simplify(text)
    return next(meaning for pattern, meaning in _MISTAKES[part] if re.search(pattern, text))


def _simplify(text: str) -> str:
    """Return an address without the blanks and the local part that are accepted."""
    text = text.strip(BLANKS) if "@" in text else text.lstrip(BLANKS)
    local_part = match_local_part(text)
    return text if local_part is None else f"local{text[len(local_part) :]}"
