"""Rules about what a body refers to: its links, its pictures, and what was not filled in."""

from __future__ import annotations

import re
from ipaddress import ip_address
from typing import TYPE_CHECKING
from urllib.parse import unquote

from fakesmtp.findings.finding import Certainty, Severity
from fakesmtp.findings.rule import MessageRule, hit
from fakesmtp.findings.wording import NHN_PLACEHOLDERS, PLACEHOLDER
from fakesmtp.text import quote

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fakesmtp.findings.reading import Body, MessageReading
    from fakesmtp.findings.rule import Hit

#: Names that mean something on one machine or in one network alone (RFC 6761, RFC 6762, RFC 9476).
_LOCAL = re.compile(r"(?:.*\.)?(?:localhost|localdomain|local|internal|test|invalid|lan|home)")
_HOST = re.compile(r"https?://(?:[^/?#@]*@)?(\[[^\]]*\]|[^/?#:]*)", re.IGNORECASE)
#: What a text with a placeholder has in it: the search for these takes a tenth of the time.
_SIGNS = ("{{", "{%", "<%", "${", "#{", "##", "%%", "*|", "%(", "%s", "%d", "[object Object]")


# -- links -----------------------------------------------------------------------------------------


def host_of(link: str) -> str:
    """Return the host of an http or https link in lower case, `""` for any other."""
    found = _HOST.match(link)
    return found[1].strip("[]").lower() if found else ""


def _is_local(host: str) -> bool:
    """Whether a host cannot be reached from elsewhere: `web`, `localhost`, `192.168.0.1`."""
    if ":" not in host and not host[-1:].isdigit():
        return "." not in host or _LOCAL.fullmatch(host.rstrip(".")) is not None
    try:
        address = ip_address(host)
    except ValueError:
        return False
    return address.is_private or address.is_unspecified


def _each_link(message: MessageReading) -> Iterator[tuple[Body, str, str]]:
    """Yield the http and https links of the bodies, each once, with their hosts."""
    seen: set[str] = set()
    for body, link in message.links:
        host = host_of(link)
        if host and link not in seen and not _has_sign(link):
            seen.add(link)
            yield body, link, host


def _check_local(message: MessageReading) -> Iterator[Hit]:
    for body, link, host in _each_link(message):
        if _is_local(host):
            yield hit(message.at_text(body, link), link=quote(link))


def _check_plain_http(message: MessageReading) -> Iterator[Hit]:
    for body, link, host in _each_link(message):
        if link[:5].lower() == "http:" and not _is_local(host):
            yield hit(message.at_text(body, link), link=quote(link))


def _check_cids(message: MessageReading) -> Iterator[Hit]:
    parts = {file.attachment.content_id for file in message.files}
    for body in message.bodies:
        for cid in body.cids:
            if cid not in parts and unquote(cid) not in parts:
                yield hit(message.at_text(body, cid), cid=quote(f"cid:{cid}"))


# -- placeholders ----------------------------------------------------------------------------------


def _has_sign(text: str) -> bool:
    return any(sign in text for sign in _SIGNS)


def _placeholders(text: str) -> Iterator[re.Match[str]]:
    if _has_sign(text):
        yield from (
            found for found in PLACEHOLDER.finditer(text) if found[0] not in NHN_PLACEHOLDERS
        )


def _check_placeholders(message: MessageReading) -> Iterator[Hit]:
    for found in _placeholders(message.subject):
        field = message.field("subject")
        where = message.at_field(field, found.start(), len(found[0]))
        yield hit(where, placeholder=quote(found[0]))
    for body in message.bodies:
        linked = "\n".join(map(unquote, body.links)) if body.is_html else ""
        for name in dict.fromkeys(each[0] for each in _placeholders(f"{body.said}\n{linked}")):
            yield hit(message.at_text(body, name), placeholder=quote(name))


RULES = (
    MessageRule(
        id="link-local",
        severity=Severity.WARNING,
        certainty=Certainty.ADVICE,
        source="RFC 6761; RFC 1918",
        check=_check_local,
        text="the link {link} leads to a host that recipients cannot reach; write the public "
        "address of the site",
        text_ko="링크 {link}은(는) 수신자가 접속할 수 없는 주소입니다. 공개된 사이트 주소를 쓰세요",
    ),
    MessageRule(
        id="link-http",
        severity=Severity.INFO,
        certainty=Certainty.ADVICE,
        source="RFC 9325",
        check=_check_plain_http,
        text="the link {link} is not encrypted; use https",
        text_ko="링크 {link}은(는) 암호화되지 않습니다. https를 쓰세요",
    ),
    MessageRule(
        id="cid-missing",
        severity=Severity.ERROR,
        certainty=Certainty.RFC,
        source="RFC 2392 §2",
        check=_check_cids,
        text="the HTML refers to {cid}, but no part has that Content-ID; attach the part or "
        "remove the reference",
        text_ko="HTML이 {cid}을(를) 참조하지만 해당 Content-ID를 가진 파트가 없습니다. 파트를 "
        "첨부하거나 참조를 지우세요",
    ),
    MessageRule(
        id="placeholder",
        severity=Severity.ERROR,
        certainty=Certainty.ADVICE,
        source="templates of NHN and of common libraries",
        check=_check_placeholders,
        text="the placeholder {placeholder} was not filled in; give the template a value for it",
        text_ko="치환자 {placeholder}이(가) 값으로 바뀌지 않았습니다. 템플릿에 값을 전달하세요",
    ),
)
