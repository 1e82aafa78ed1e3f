"""What rules look for in the words of Korean and English messages.

Every pattern takes time that grows with the length of the text and not with its square: what may
repeat has a limit.
"""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

#: The marks with which the subject of an advertising message begins.
MARKS = ("(광고)", "(AD)", "(広告)")

# -- marks that are altered ------------------------------------------------------------------------

#: Characters that are not seen: zero-width ones, soft hyphen, Hangul fillers.
_UNSEEN = re.compile("[\u00ad\u034f\u115f\u1160\u180e\u200b-\u200f\u2060-\u2064\u3164\ufeff\uffa0]")
_OPEN, _CLOSE = r"[(\[{<〈《「『【〔〖]", r"[)\]}>〉》」』】〕〗]"
_GAP = r"[\W_]{0,3}"
_WORD = rf"(?:광{_GAP}고|[廣広广]{_GAP}[告吿]|A{_GAP}D(?:{_GAP}V)?)"
_ALTERED = re.compile(
    rf"{_OPEN}{_GAP}[가-힣]{{0,4}}{_WORD}(?:성(?:\s?정보)?|ERTISEMENT)?{_GAP}{_CLOSE}"
    # A bracket is missing, or there is none.
    rf"|^{_OPEN}?광{_GAP}고\s?[)\]}}>|:：/~*-]|^{_OPEN}광{_GAP}고(?=\s)",
    re.IGNORECASE,
)


def has_mark(subject: str) -> bool:
    """Whether a subject begins with a mark for advertising, exactly as it must be written."""
    return subject.startswith(MARKS)


def find_altered_mark(subject: str) -> str:
    """Return what stands for a mark in a subject that does not begin with one, `""` for nothing.

    Also a mark that is right, but not at the very start.
    """
    plain = _UNSEEN.sub("", unicodedata.normalize("NFKC", _UNSEEN.sub("", subject))).strip()
    found = _ALTERED.search(plain)
    return "" if found is None or has_mark(subject) else found[0].strip()


# -- who sends -------------------------------------------------------------------------------------

_DASH = r"[-.‐-―－·\s]"
PHONE = re.compile(
    rf"""(?<![\d.-])(?:
        \+82{_DASH}{{0,2}}(?:\(0\))?\(?\d{{1,3}}\)?{_DASH}{{0,2}}\d{{3,4}}{_DASH}{{0,2}}\d{{4}}
      | \(?0(?:2|[3-6][1-5]|[57]0|80|50\d|1[016-9])\)?{_DASH}{{0,2}}\d{{3,4}}{_DASH}{{0,2}}\d{{4}}
      | 1[568]\d\d{_DASH}{{1,3}}\d{{4}}
      | \+[1-9]\d{{0,2}}[-.\s(]{{1,2}}(?:\d[-.\s()]{{0,2}}){{7,12}}
    )(?![\d-]*\d)""",
    re.VERBOSE,
)
#: A number that costs the caller nothing, as it is often given to refuse advertising.
FREE_PHONE = re.compile(rf"(?<!\d)\(?080\)?{_DASH}{{0,2}}\d{{3,4}}{_DASH}{{0,2}}\d{{4}}(?!\d)")
#: From the `@` on: what stands before it is one character, so that long words cost no time.
EMAIL = re.compile(
    r"[A-Za-z0-9._%+-]@(?:[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.){1,5}[A-Za-z]{2,24}\b"
)
COMPANY = re.compile(
    r"㈜|㈔|\((?:주|유|사|재|합)\)|주식회사|유한회사|유한책임회사|협동조합|(?:재단|사단|사회복지|학교)법인"
    r"|(?:상호|회사명|업체명|법인명|발신자|발송자|보내는\s?사람|대표(?:자|이사)?)\s{0,3}[:：|]|대표이사"
    r"|\b(?:Co\.,?\s?Ltd|Ltd|Inc|Corp|LLC|GmbH|Corporation|Company Limited)\b",
    re.IGNORECASE,
)
ADDRESS = re.compile(
    r"주소\s{0,3}[:：|]|\bAddress\s{0,3}[:：]"
    # 서울특별시 강남구 테헤란로 1, 경기도 성남시 분당구 판교역로10번길 2, 제주시 첨단로 3
    r"|[가-힣]{1,7}(?:시|도|군|구|서울|부산|대구|인천|광주|대전|울산|세종|경기|강원|[충전경][북남]|제주)"
    r"\s{1,3}(?:[가-힣\d]{1,10}\s{1,2}){0,4}[가-힣][가-힣\d]{0,11}(?:로|길|동|가|읍|면|리)\s{0,2}\d{1,5}"
    # 1, Teheran-ro, Gangnam-gu; 10 Main Street
    r"|\b\d{1,5}[,\s]{1,3}(?:[A-Za-z][\w.-]{0,20}[,\s]{1,3}){0,4}?"
    r"[A-Za-z][\w.-]{0,20}(?:-(?:ro|gil|daero|dong|gu)|\s(?:Street|St|Road|Rd|Avenue|Ave))\b",
    re.IGNORECASE,
)

# -- how to refuse ---------------------------------------------------------------------------------

REFUSE_IN_KOREAN = re.compile(
    r"수신\s{0,2}(?:을|를)?\s{0,2}(?:거부|차단|해지|중단|중지|취소|철회)"
    r"|수신\s{0,2}동의\s{0,2}(?:를|을)?\s{0,2}(?:철회|취소|해지|해제)"
    r"|구독\s{0,2}(?:을|를)?\s{0,2}(?:취소|해지|해제|중단|중지|철회|그만)"
    r"|(?:메일|소식|뉴스레터|광고|정보|안내)(?:를|을)?\s{0,2}(?:더\s?이상|더는|그만)\s{0,2}(?:받|수신)"
    r"|(?:수신|메일|소식|뉴스레터|광고|정보)(?:를|을)?\s{0,2}(?:받기를\s{0,2})?(?:원(?:치|하지)\s{0,2}않|받지\s{0,2}않)"
)
REFUSE_IN_ENGLISH = re.compile(
    r"(?<![/=?&._-])\bun-?subscri(?:be|ption|bing)|\bopt(?:ing)?[\s-]?out\b"
    r"|\b(?:stop|no longer (?:wish|want) to|(?:wish|want) not to) receiv"
    r"|\bdo(?: not|n['’]t) (?:wish|want) to receive",
    re.IGNORECASE,
)
#: Placeholders that NHN fills in, and the languages of what they become.
NHN_PLACEHOLDERS: Mapping[str, tuple[str, ...]] = {
    "##BLOCK_RECEIVER_LINK##": ("ko",),
    "##EN_BLOCK_RECEIVER_LINK##": ("en",),
    "##JA_BLOCK_RECEIVER_LINK##": ("ja",),
    "##BLOCK_RECEIVER_LINK_URL##": (),
}

# -- what was not filled in ------------------------------------------------------------------------

PLACEHOLDER = re.compile(
    r"""\{\{[^{}\n]{1,80}\}\}          # {{name}}: Jinja, Handlebars, Vue
      | \{%[^{}\n]{1,80}%\}            # {% if name %}: Jinja, Django
      | <%[^<>\n]{1,80}%>              # <%= name %>: ERB, EJS, JSP
      | [$\#]\{[^{}\n]{1,80}\}         # ${name}: JavaScript, FreeMarker; #{name}: Ruby, Alimtalk
      | \#\#[A-Za-z가-힣_][\w.-]{0,60}\#\#  # ##name##: NHN's templates
      | %%[A-Za-z_][\w.-]{0,60}%%      # %%name%%
      | \*\|[A-Za-z_:][\w:. -]{0,60}\|\*  # *|NAME|*
      | %\([A-Za-z_]\w{0,60}\)[sdrf]   # %(name)s: Python
      | (?<![\d%\w])%[sd](?![\w%])     # %s: C, Java, Python
      | \[object\ Object\]             # an object of JavaScript as text
    """,
    re.VERBOSE,
)
