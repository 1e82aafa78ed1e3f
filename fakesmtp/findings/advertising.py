"""Rules about advertising: what the law and NHN demand of it, and messages that look like it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from fakesmtp.findings.finding import Certainty, Severity
from fakesmtp.findings.rule import MessageRule, hit
from fakesmtp.findings.wording import (
    ADDRESS,
    COMPANY,
    EMAIL,
    FREE_PHONE,
    NHN_PLACEHOLDERS,
    PHONE,
    REFUSE_IN_ENGLISH,
    REFUSE_IN_KOREAN,
    find_altered_mark,
    has_mark,
)
from fakesmtp.protocol.credentials import MailType
from fakesmtp.text import quote

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from fakesmtp.findings.reading import MessageReading
    from fakesmtp.findings.rule import Hit

_AD = frozenset({MailType.AD})
_NORMAL = frozenset({MailType.NORMAL})
_NOT_AD = frozenset({MailType.NORMAL, MailType.AUTH})
_LAW = "Network Act (정보통신망법) Art. 50(4), Enforcement Decree table 6"
_RFC_8058 = "RFC 8058 §3.1"
_ONE_CLICK = re.compile(r"\s*List-Unsubscribe\s*=\s*One-Click\s*", re.IGNORECASE)
_HTTPS = re.compile(r"<\s*https://[^<>\s]", re.IGNORECASE)
#: Words of a display name that are shorter may stand in a body by chance.
_LEAST_NAME = 2


# -- the subject -----------------------------------------------------------------------------------


def _check_prefix(message: MessageReading) -> Iterator[Hit]:
    if not has_mark(message.subject):
        yield hit(message.at_field(message.field("subject")), subject=quote(message.subject))


def _check_altered_mark(message: MessageReading) -> Iterator[Hit]:
    mark = find_altered_mark(message.subject)
    if mark:
        field = message.field("subject")
        start = message.subject.find(mark)
        place = (start, len(mark)) if start >= 0 else ()
        yield hit(message.at_field(field, *place), subject=quote(message.subject), mark=quote(mark))


def _check_marked_normal(message: MessageReading) -> Iterator[Hit]:
    if has_mark(message.subject) or find_altered_mark(message.subject):
        mail_type = str(message.mail_type)
        where = message.at_field(message.field("subject"))
        yield hit(where, subject=quote(message.subject), mail_type=mail_type)


# -- the body --------------------------------------------------------------------------------------


def _lacks(*found: Callable[[MessageReading], object]) -> Callable[[MessageReading], Iterator[Hit]]:
    """Return the check that yields a hit where none of these finds something."""

    def check(message: MessageReading) -> Iterator[Hit]:
        if not any(find(message) for find in found):
            yield hit()

    return check


def _says(pattern: re.Pattern[str]) -> Callable[[MessageReading], object]:
    return lambda message: pattern.search(message.said)


def _links_to(*schemes: str) -> Callable[[MessageReading], object]:
    return lambda message: any(link.lower().startswith(schemes) for _, link in message.links)


def _has_placeholder(language: str = "") -> Callable[[MessageReading], object]:
    """Find one of NHN's placeholders, of a language where one is given."""
    wanted = [name for name, known in NHN_PLACEHOLDERS.items() if not language or language in known]
    return lambda message: any(name in body.text for body in message.bodies for name in wanted)


def _names_sender(message: MessageReading) -> bool:
    field = message.field("from")
    name = field.text.partition("<")[0].strip(' "') if field else ""
    return len(name) >= _LEAST_NAME and "@" not in name and name in message.said


def _says_how_to_refuse(message: MessageReading) -> bool:
    said = message.said
    return bool(REFUSE_IN_KOREAN.search(said) or REFUSE_IN_ENGLISH.search(said))


def _check_way_to_refuse(message: MessageReading) -> Iterator[Hit]:
    ways = _links_to("http:", "https:", "mailto:"), _says(FREE_PHONE), _has_placeholder()
    if _says_how_to_refuse(message) and not any(find(message) for find in ways):
        yield hit()


def _check_normal_words(message: MessageReading) -> Iterator[Hit]:
    for body in message.bodies:
        words = REFUSE_IN_KOREAN.search(body.said) or REFUSE_IN_ENGLISH.search(body.said)
        if words and not has_mark(message.subject):
            yield hit(message.at_text(body, words[0]), words=quote(words[0]))
            return


# -- one-click unsubscribe (RFC 8058) --------------------------------------------------------------


def _check_list_unsubscribe(message: MessageReading) -> Iterator[Hit]:
    if message.field("list-unsubscribe") is None:
        yield hit()


def _check_one_click(message: MessageReading) -> Iterator[Hit]:
    links, post = message.field("list-unsubscribe"), message.field("list-unsubscribe-post")
    has_link = links is not None and _HTTPS.search(links.text) is not None
    is_one_click = post is not None and _ONE_CLICK.fullmatch(post.text) is not None
    # Outside advertising, a link without List-Unsubscribe-Post is complete (RFC 2369).
    lacks_post = has_link and post is None and message.mail_type is MailType.AD
    if lacks_post or (post is not None and not (has_link and is_one_click)):
        values = (f"{field.name}: {quote(field.text)}" for field in (links, post) if field)
        yield hit(message.at_field(post or links), fields=", ".join(values))


RULES = (
    MessageRule(
        id="ad-subject-prefix",
        severity=Severity.ERROR,
        certainty=Certainty.API,
        source=f"NHN error code -2023; {_LAW}",
        mail_types=_AD,
        check=_check_prefix,
        text="the subject of an advertising message must start with (광고), (AD) or (広告), not "
        "with {subject}",
        text_ko="광고 메일의 제목은 (광고), (AD), (広告) 중 하나로 시작해야 합니다. 현재 제목: "
        "{subject}",
    ),
    MessageRule(
        id="ad-subject-evasion",
        severity=Severity.ERROR,
        certainty=Certainty.LAW,
        source=_LAW,
        mail_types=_AD,
        check=_check_altered_mark,
        text="the mark for advertising is altered or not at the very start of the subject: "
        "{mark} in {subject}; write (광고) first, without spaces or other characters in it",
        text_ko="제목의 광고 표시가 변형되었거나 맨 앞에 있지 않습니다: {subject} 안의 {mark}. "
        "빈칸이나 다른 문자 없이 (광고)를 제목 맨 앞에 쓰세요",
    ),
    MessageRule(
        id="ad-sender-name",
        severity=Severity.INFO,
        certainty=Certainty.LAW,
        source=_LAW,
        mail_types=_AD,
        check=_lacks(_names_sender, _says(COMPANY)),
        text="no sender's name was found in the body (it cannot be recognised reliably); an "
        "advertising message must show the name of the person or company that sends it",
        text_ko="본문에서 전송자의 명칭을 찾지 못했습니다(자동으로 정확히 판별하기는 "
        "어렵습니다). 광고 메일 본문에는 상호 등 전송자의 명칭을 표시해야 합니다",
    ),
    MessageRule(
        id="ad-email",
        severity=Severity.WARNING,
        certainty=Certainty.LAW,
        source=_LAW,
        mail_types=_AD,
        check=_lacks(_says(EMAIL), _links_to("mailto:")),
        text="no e-mail address was found in the body; an advertising message must show one of "
        "the sender's (example: help@example.com)",
        text_ko="본문에서 이메일 주소를 찾지 못했습니다. 광고 메일 본문에는 전송자의 이메일 "
        "주소를 표시해야 합니다(예: help@example.com)",
    ),
    MessageRule(
        id="ad-phone",
        severity=Severity.WARNING,
        certainty=Certainty.LAW,
        source=_LAW,
        mail_types=_AD,
        check=_lacks(_says(PHONE), _links_to("tel:")),
        text="no telephone number was found in the body; an advertising message must show one of "
        "the sender's (example: 02-1234-5678)",
        text_ko="본문에서 전화번호를 찾지 못했습니다. 광고 메일 본문에는 전송자의 전화번호를 "
        "표시해야 합니다(예: 02-1234-5678)",
    ),
    MessageRule(
        id="ad-postal-address",
        severity=Severity.INFO,
        certainty=Certainty.LAW,
        source=_LAW,
        mail_types=_AD,
        check=_lacks(_says(ADDRESS)),
        text="no postal address was found in the body (it cannot be recognised reliably); an "
        "advertising message must show the sender's",
        text_ko="본문에서 주소를 찾지 못했습니다(자동으로 정확히 판별하기는 어렵습니다). 광고 "
        "메일 본문에는 전송자의 주소를 표시해야 합니다",
    ),
    MessageRule(
        id="ad-unsubscribe-korean",
        severity=Severity.ERROR,
        certainty=Certainty.LAW,
        source=_LAW,
        mail_types=_AD,
        check=_lacks(_says(REFUSE_IN_KOREAN), _has_placeholder("ko")),
        text="the body does not say in Korean how to refuse further advertising; write a "
        "sentence with 수신거부 and a link, or put ##BLOCK_RECEIVER_LINK## there",
        text_ko="본문에 한글 수신거부 안내가 없습니다. 수신거부 문구와 링크를 넣거나 "
        "##BLOCK_RECEIVER_LINK##를 사용하세요",
    ),
    MessageRule(
        id="ad-unsubscribe-english",
        severity=Severity.ERROR,
        certainty=Certainty.LAW,
        source=_LAW,
        mail_types=_AD,
        check=_lacks(_says(REFUSE_IN_ENGLISH), _has_placeholder("en")),
        text="the body does not say in English how to refuse further advertising; write a "
        "sentence with “unsubscribe” and a link, or put ##EN_BLOCK_RECEIVER_LINK## there",
        text_ko="본문에 영문 수신거부 안내가 없습니다. unsubscribe 문구와 링크를 넣거나 "
        "##EN_BLOCK_RECEIVER_LINK##를 사용하세요",
    ),
    MessageRule(
        id="ad-unsubscribe-way",
        severity=Severity.WARNING,
        certainty=Certainty.LAW,
        source=_LAW,
        mail_types=_AD,
        check=_check_way_to_refuse,
        text="the body speaks of refusing advertising, but has no link, no free telephone number "
        "(080) and no placeholder of NHN to do it by",
        text_ko="수신거부 문구는 있지만 실제로 수신거부할 수 있는 링크, 무료 전화번호(080), NHN "
        "치환자가 없습니다",
    ),
    MessageRule(
        id="list-unsubscribe",
        severity=Severity.INFO,
        certainty=Certainty.WEAK,
        source="NHN release note of 2025-04-29 (names the API); RFC 8058",
        mail_types=_AD,
        check=_check_list_unsubscribe,
        text="there is no List-Unsubscribe header; NHN adds it to advertising messages of its "
        "API, and whether it does so over SMTP is not documented",
        text_ko="List-Unsubscribe 헤더가 없습니다. NHN은 API로 보낸 광고 메일에 이 헤더를 "
        "추가하지만 SMTP도 그런지는 문서에 없습니다",
    ),
    MessageRule(
        id="list-unsubscribe-post",
        severity=Severity.WARNING,
        certainty=Certainty.RFC,
        source=_RFC_8058,
        check=_check_one_click,
        text="one-click unsubscribe is incomplete: {fields}; it needs List-Unsubscribe with an "
        "https link in angle brackets and List-Unsubscribe-Post: List-Unsubscribe=One-Click",
        text_ko="원클릭 수신거부 헤더가 완전하지 않습니다: {fields}. 꺾쇠로 감싼 https 링크가 "
        "있는 List-Unsubscribe와 List-Unsubscribe-Post: List-Unsubscribe=One-Click이 모두 "
        "필요합니다",
    ),
    MessageRule(
        id="not-ad-mark",
        severity=Severity.WARNING,
        certainty=Certainty.LAW,
        source=_LAW,
        mail_types=_NOT_AD,
        check=_check_marked_normal,
        text="the subject {subject} marks advertising, but the message is sent as {mail_type}; "
        "send it with the user name AppKey#ad",
        text_ko="제목 {subject}에 광고 표시가 있지만 {mail_type} 메일로 발송했습니다. 사용자 "
        "이름을 AppKey#ad로 지정해 보내세요",
    ),
    MessageRule(
        id="normal-unsubscribe",
        severity=Severity.INFO,
        certainty=Certainty.LAW,
        source=_LAW,
        mail_types=_NORMAL,
        check=_check_normal_words,
        text="the body says {words}, as advertising does, but the message is sent as normal; if "
        "it is advertising, mark the subject and send it with the user name AppKey#ad",
        text_ko="본문에 광고 메일의 문구({words})가 있지만 일반 메일로 발송했습니다. 광고라면 "
        "제목에 (광고)를 표시하고 사용자 이름을 AppKey#ad로 지정해 보내세요",
    ),
)
