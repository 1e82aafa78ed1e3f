"""Addresses, parsed like the software behind the endpoint parses them.

Its grammar is that of RFC 821 with errors of its own. What it accepts was recorded: no source
routes, no IPv6 literals, no limit on the local part; `a..b` is valid, a bare name gets
`@localhost`. The echo has a lower-case domain, and address literals without brackets. Blanks at the
ends are stripped last, so `a ` becomes `a @localhost`, which is not an address.
"""

from __future__ import annotations

import re

from fakesmtp.protocol.command import BLANKS

_ATEXT = r"[A-Za-z0-9!#$%&'*+\-/=?^_`{|}~]"
_LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?"
#: The ordinary form, parsed by one match; other forms go through the full grammar. Its groups are
#: the local part with `@`, and the domain.
ORDINARY = rf"({_ATEXT}+(?:\.{_ATEXT}+)*@)({_LABEL}(?:\.{_LABEL})*)"
_ORDINARY = re.compile(ORDINARY)
_LOCAL_PART = re.compile(
    r'"(?:\\[\x00-\x7f]|[^\x00\r\n"\\])+"'
    rf"|(?!\.)(?:\\[\x00-\x7f]|{_ATEXT}|\.(?!@))+"
)
_DOMAIN_NAME = re.compile(r"(?!-)[A-Za-z0-9-]+(?<!-)(?=\.|\Z)")
_NUMBER = re.compile(r"#(\d*)(?=\.|\Z)")
_LITERAL = re.compile(r"\[(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})\]")
_DEFAULT_DOMAIN = "localhost"
#: In characters. An ordinary address that is longer as a whole goes through the full grammar.
LONGEST_DOMAIN = 253
_LARGEST_OCTET = 255


class AddressError(ValueError):
    """The text is not an address to the software behind the endpoint."""


def parse_address(text: str) -> str:
    """Return an address, the text between the brackets, as replies echo it.

    A name without `@` gets `@localhost`. Raises `AddressError`.
    """
    if len(text) <= LONGEST_DOMAIN and (ordinary := _ORDINARY.fullmatch(text)):
        return ordinary[1] + ordinary[2].lower()
    if "@" not in text:
        text = f"{text}@{_DEFAULT_DOMAIN}"
    text = text.strip(BLANKS)
    local_part = match_local_part(text)
    if local_part is None:
        raise AddressError(text)
    domain = _parse_domain(text, len(local_part) + 1)
    return f"{local_part}@{domain}"


def match_local_part(text: str) -> str | None:
    """Return the local part before the `@` of a stripped address; None if it is not valid."""
    found = _LOCAL_PART.match(text)
    return found[0] if found and text.startswith("@", found.end()) else None


def _parse_domain(text: str, start: int) -> str:
    """Parse elements separated by dots: names, `#` numbers and IPv4 literals."""
    end = _element_end(text, start)
    while text.startswith(".", end):
        end = _element_end(text, end + 1)
    # The software stops after a literal: the rest is ignored, not refused.
    domain = text[start:end]
    if len(domain) > LONGEST_DOMAIN:
        raise AddressError(text)
    if domain[0] == "[" and domain[-1] == "]":
        domain = domain[1:-1]
    return domain.lower()


def _element_end(text: str, start: int) -> int:
    literal = _LITERAL.match(text, start)
    if literal and all(int(octet) <= _LARGEST_OCTET for octet in literal.groups()):
        return literal.end()
    number = _NUMBER.match(text, start)
    # A lone `#` is only refused as the first character of the domain.
    if number and (number[1] or text[start - 1] == "."):
        return number.end()
    name = _DOMAIN_NAME.match(text, start)
    if name is None:
        raise AddressError(text)
    return name.end()
