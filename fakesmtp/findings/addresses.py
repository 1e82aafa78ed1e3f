"""Rules about addresses, names and domains: NHN's limits, and the standards'."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from fakesmtp.findings.finding import Certainty, Severity
from fakesmtp.findings.reading import RECIPIENTS, SENDERS
from fakesmtp.findings.rule import MessageRule, hit
from fakesmtp.text import quote

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fakesmtp.findings.reading import MessageReading
    from fakesmtp.findings.rule import Hit

#: Characters of an address and of a display name.
LONGEST_ADDRESS = LONGEST_NAME = 100
_ATOM = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"
_LOCAL = re.compile(rf'{_ATOM}(?:\.{_ATOM})*|"(?:[^"\\\r\n]|\\.)*"')
_LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_DOMAIN = re.compile(rf"{_LABEL}(?:\.{_LABEL})*")
_LONGEST_DOMAIN = 253
#: Domains whose mailboxes NHN sends to only from a domain with SPF, DKIM and DMARC (SST7).
_STRICT = frozenset({"gmail.com", "googlemail.com", "yahoo.com"})
_NO_REPLY = frozenset({"no-reply", "noreply"})
_NAME_ENDS = re.compile(r"[,;:>]")


# -- addresses -------------------------------------------------------------------------------------


def _is_address(address: str) -> bool:
    local, at, domain = address.rpartition("@")
    if not at or not _LOCAL.fullmatch(local):
        return False
    if domain.startswith("[") and domain.endswith("]"):
        return True
    return len(domain) <= _LONGEST_DOMAIN and _DOMAIN.fullmatch(domain) is not None


def domain_of(address: str) -> str:
    """Return the domain of an address in lower case, `""` for none."""
    return address.rpartition("@")[2].rstrip(">").lower() if "@" in address else ""


def _check_form(message: MessageReading) -> Iterator[Hit]:
    for address, field in message.correspondents:
        # Of one that is only not ASCII in its domain, `address-punycode` tells.
        plain = address if domain_of(address).isascii() else f"{address.rpartition('@')[0]}@x"
        if not _is_address(plain):
            yield hit(message.at_field(field), address=quote(address))


def _check_length(message: MessageReading) -> Iterator[Hit]:
    for address, field in message.correspondents:
        if len(address) > LONGEST_ADDRESS:
            yield hit(message.at_field(field), address=quote(address), length=len(address))


def _check_punycode(message: MessageReading) -> Iterator[Hit]:
    for address, field in message.correspondents:
        domain = domain_of(address)
        if not domain.isascii():
            yield hit(
                message.at_field(field), domain=quote(domain), punycode=quote(_to_punycode(domain))
            )


def _to_punycode(domain: str) -> str:
    try:
        return domain.encode("idna").decode()
    except UnicodeError:
        return "xn--…"


# -- names -----------------------------------------------------------------------------------------


def _names(text: str) -> Iterator[str]:
    """Yield what stands before each `<`: a quoted name, or what follows the address before."""
    for piece in text.split("<")[:-1]:
        bare = piece.rstrip()
        if bare.endswith('"'):
            yield bare[bare.rfind('"', 0, -1) + 1 : -1]
        else:
            yield _NAME_ENDS.split(bare)[-1].strip()


def _check_names(message: MessageReading) -> Iterator[Hit]:
    for header in (*SENDERS, *RECIPIENTS):
        for field in message.fields_named(header):
            # What is encoded is never shorter than what it encodes.
            for name in _names(field.text) if len(field.value) > LONGEST_NAME else ():
                if len(name) > LONGEST_NAME:
                    yield hit(message.at_field(field), name=quote(name), length=len(name))


# -- who sends -------------------------------------------------------------------------------------


def _check_alignment(message: MessageReading) -> Iterator[Hit]:
    """Find a sender that mailboxes of some domains cannot authenticate, as far as one can see."""
    strict = min(_STRICT.intersection(map(domain_of, message.recipients)), default="")
    sender = message.sender
    domain = domain_of(sender.address) if sender else ""
    if not strict or sender is None or not domain:
        return
    envelope = domain_of(message.envelope.mail_from) if message.envelope else ""
    if domain in _STRICT or (envelope and not _are_related(domain, envelope)):
        yield hit(
            message.at_field(sender.field), strict=strict, domain=domain, envelope=envelope or "-"
        )


def _are_related(one: str, other: str) -> bool:
    """Whether two domains are the same, or one is below the other (RFC 7489 §3.1, relaxed)."""
    return f".{one}".endswith(f".{other}") or f".{other}".endswith(f".{one}")


def _check_no_reply(message: MessageReading) -> Iterator[Hit]:
    sender = message.sender
    if sender is not None and sender.address.partition("@")[0].lower() in _NO_REPLY:
        yield hit(message.at_field(sender.field), address=quote(sender.address))


RULES = (
    MessageRule(
        id="address-form",
        severity=Severity.ERROR,
        certainty=Certainty.API,
        source="NHN error codes -2010 and -2011; RFC 5322 §3.4.1",
        check=_check_form,
        text="{address} is not a well-formed address; it must be like user@example.com",
        text_ko="{address}은(는) 올바른 이메일 주소가 아닙니다. user@example.com 형식이어야 합니다",
    ),
    MessageRule(
        id="address-length",
        severity=Severity.ERROR,
        certainty=Certainty.API,
        source="NHN error codes -2038 and -2040",
        check=_check_length,
        text=f"the address {{address}} has {{length}} characters; {LONGEST_ADDRESS} are allowed",
        text_ko=f"이메일 주소 {{address}}은(는) {{length}}자입니다. 최대 {LONGEST_ADDRESS}자까지 "
        "쓸 수 있습니다",
    ),
    MessageRule(
        id="address-punycode",
        severity=Severity.WARNING,
        certainty=Certainty.WEAK,
        source="NHN release note of 2026-05-27 (names the API and the console); RFC 1123",
        check=_check_punycode,
        text="the domain {domain} is not ASCII; write it in Punycode, as {punycode}",
        text_ko="도메인 {domain}에 ASCII가 아닌 문자가 있습니다. 퓨니코드 {punycode}(으)로 쓰세요",
    ),
    MessageRule(
        id="name-length",
        severity=Severity.ERROR,
        certainty=Certainty.API,
        source="NHN error codes -2037 and -2039",
        check=_check_names,
        text=f"the name {{name}} has {{length}} characters; {LONGEST_NAME} are allowed",
        text_ko=f"이름 {{name}}은(는) {{length}}자입니다. 최대 {LONGEST_NAME}자까지 쓸 수 있습니다",
    ),
    MessageRule(
        id="sender-domain",
        severity=Severity.INFO,
        certainty=Certainty.SMTP,
        source="NHN release note of 2024-01-31 (SST7); RFC 7489 §3.1",
        check=_check_alignment,
        text="{strict} takes messages only from a domain with SPF, DKIM and DMARC: From is at "
        "{domain}, the envelope's sender at {envelope}; use one domain of your own for both",
        text_ko="{strict}은(는) SPF, DKIM, DMARC가 모두 설정된 도메인의 메일만 받습니다. From "
        "도메인은 {domain}, 봉투 발신자 도메인은 {envelope}입니다. 둘 다 직접 소유한 같은 "
        "도메인을 쓰세요",
    ),
    MessageRule(
        id="no-reply-sender",
        severity=Severity.INFO,
        certainty=Certainty.API,
        source="NHN console guide, bounce message",
        is_on=False,
        check=_check_no_reply,
        text="NHN sends no bounce message to {address}; use an address other than no-reply@ and "
        "noreply@ to get it",
        text_ko="NHN은 {address}(으)로 반송 메일을 보내지 않습니다. 반송 메일을 받으려면 "
        "no-reply@, noreply@가 아닌 주소를 쓰세요",
    ),
)
