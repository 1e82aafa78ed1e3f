"""Advertising, in the spellings of real Korean advertising."""

from __future__ import annotations

from finding_cases.making import AD_BODY, FOOTER, ad, auth, html, message

_NO_PHONE = FOOTER.replace("02-1234-5678", "")
_NO_EMAIL = FOOTER.replace("help@example.com", "")
_NO_ADDRESS = FOOTER.replace("주소: 서울특별시 강남구 테헤란로 123, 4층", "")
_NO_NAME = FOOTER.replace("㈜가나다상점 | 대표: 김가나 |", "")
_NO_KOREAN = "\n".join(line for line in FOOTER.split("\n") if "수신" not in line)
_NO_ENGLISH = "\n".join(line for line in FOOTER.split("\n") if "receive" not in line)
_NO_REFUSAL = "\n".join(line for line in FOOTER.split("\n") if "unsub" not in line)


def _with_line(footer: str, line: str) -> str:
    return f"안내드립니다.\n{line}\n{footer}"


def _one_click(links: str | None, post: str | None) -> dict[str, str | None]:
    return {"List-Unsubscribe": links, "List-Unsubscribe-Post": post}


_WRONG_SUBJECTS = (
    "봄맞이 할인 안내",
    "(광 고) 봄맞이 할인",
    "(광고주) 봄맞이 할인",
    "[광고] 봄맞이 할인",
    "(ad) spring sale",
    "AD spring sale",
    "",
)
_RIGHT_SUBJECTS = (
    "(광고) 봄맞이 할인",
    "(광고)봄맞이 할인",
    "(AD) spring sale",
    "(広告) 春のセール",
)
_ALTERED_MARKS = (
    "(광 고) 봄맞이 할인",
    "(광\u200b고) 봄맞이 할인",
    "\u200b(광고) 봄맞이 할인",
    "(\u1100\u116a\u11bc\u1100\u1169) 봄맞이 할인",
    "（광고） 봄맞이 할인",
    "[광고] 봄맞이 할인",
    "<광고> 봄맞이 할인",
    "{광고} 봄맞이 할인",
    "【광고】 봄맞이 할인",
    "〔광고〕 봄맞이 할인",
    "「광고」 봄맞이 할인",
    "(광.고) 봄맞이 할인",
    "(광/고) 봄맞이 할인",
    "(광-고) 봄맞이 할인",
    "(광_고) 봄맞이 할인",
    "(광 * 고) 봄맞이 할인",
    "( 광고 ) 봄맞이 할인",
    "(광고성 정보) 봄맞이 할인",
    "(유료광고) 봄맞이 할인",
    "(광고 봄맞이 할인",
    "광고) 봄맞이 할인",
    "광고: 봄맞이 할인",
    "봄맞이 할인 (광고)",
    "[가나다상점] (광고) 봄맞이 할인",
    "Re: (광고) 봄맞이 할인",
    "(廣告) 봄맞이 할인",
    "(A D) spring sale",
    "(ADV) spring sale",
    "[ad] spring sale",
    "(ad) spring sale",
    "(Advertisement) spring sale",
)
_NOT_MARKS = (
    "광고 대행 계약서를 보내 드립니다",
    "(광고주 센터) 정산 안내",
    "신규 광고 상품 안내",
    "(광주고) 동문회 안내",
    "ADSL 서비스 안내",
    "(ADHD) 강연 안내",
    "(가나다) 봄맞이 할인",
)
_PHONES = (
    "02-1234-5678",
    "(02) 123-4567",
    "02)123-4567",
    "031.123.4567",
    "010 1234 5678",
    "01012345678",
    "070-1234-5678",
    "080-123-4567",
    "0507-1234-5678",
    "1588-1234",
    "1661 - 1234",
    "+82-2-1234-5678",
    "+82 (0)10-1234-5678",
    "+82 2 123 4567",
    "+1 202-555-0123",
    "02－1234－5678",
)
_NOT_PHONES = (
    "123-45-67890",
    "2026-11-27",
    "2026-서울강남-01234",
    "1588-12345",
    "110-123-456789",
    "1,588,000원",
    "주문번호 021234567890",
    "9780306406157",
    "10:00-11:00",
)
_EMAILS = ("help@example.com", "문의:help.desk+ad@mail.example.co.kr.", "<HELP@EXAMPLE.KR>")
_NOT_EMAILS = ("@example", "help at example.com", "user@localhost", "a @ b", "@gana_da 인스타그램")
_REFUSALS_IN_KOREAN = (
    "수신거부",
    "수신 거부하기",
    "수신을 거부하시려면",
    "수신동의 철회",
    "수신 동의를 철회하려면",
    "수신해지",
    "구독취소",
    "구독을 해지하시려면",
    "메일을 더 이상 받고 싶지 않으시면",
    "메일 수신을 원치 않으시면",
    "뉴스레터를 받지 않으시려면",
    "##BLOCK_RECEIVER_LINK##",
)
_NOT_REFUSALS_IN_KOREAN = ("수신 확인", "수신인", "구독 안내", "거부감 없는", "수신동의 감사합니다")
_REFUSALS_IN_ENGLISH = (
    "unsubscribe",
    "Unsubscription",
    "UNSUBSCRIBE here",
    "opt-out",
    "opt out",
    "To stop receiving these emails",
    "If you no longer wish to receive",
    "don’t want to receive",
    "##EN_BLOCK_RECEIVER_LINK##",
)
_NOT_REFUSALS_IN_ENGLISH = ("subscribe", "optional outing", "receive more", "adopt outdoor dogs")
_ADDRESSES = (
    "주소: 우리 동네",
    "서울특별시 강남구 테헤란로 123",
    "경기도 성남시 분당구 대왕판교로645번길 16",
    "제주특별자치도 제주시 첨단로 8길 1",
    "서울시 종로구 세종로 1",
    "부산광역시 해운대구 우동 1234",
    "123, Teheran-ro, Gangnam-gu, Seoul",
    "10 Main Street, Springfield",
)
_NOT_ADDRESSES = (
    "서울에서 만나요",
    "역삼역 3번 출구 앞",
    "2026년 3월 1일",
    "할인 3개로 2개 더",
    "3 in a row",
)
_COMPANIES = (
    "㈜가나다상점",
    "(주)가나다상점",
    "주식회사 가나다",
    "사단법인 가나다",
    "상호: 가나다",
    "Gana Co., Ltd.",
    "Gana Inc.",
    "가나다",
)
_NOT_COMPANIES = ("우리 상점", "주식 회사원 모임", "incorporated later", "(주말) 할인")
_OFF_NAME = {"header": {"From": "news@example.com"}}

TRIGGERS = {
    "ad-subject-prefix": [ad(each) for each in _WRONG_SUBJECTS] + [ad(each) for each in _NOT_MARKS],
    "ad-subject-evasion": [ad(each) for each in _ALTERED_MARKS],
    "ad-phone": [ad(body=_with_line(_NO_PHONE, each)) for each in _NOT_PHONES],
    "ad-email": [ad(body=_with_line(_NO_EMAIL, each)) for each in _NOT_EMAILS],
    "ad-sender-name": [ad(body=_with_line(_NO_NAME, each), **_OFF_NAME) for each in _NOT_COMPANIES],
    "ad-postal-address": [ad(body=_with_line(_NO_ADDRESS, each)) for each in _NOT_ADDRESSES],
    "ad-unsubscribe-korean": [
        ad(body=_with_line(_NO_KOREAN, each)) for each in _NOT_REFUSALS_IN_KOREAN
    ],
    "ad-unsubscribe-english": [
        ad(body=_with_line(_NO_ENGLISH, each)) for each in _NOT_REFUSALS_IN_ENGLISH
    ],
    "ad-unsubscribe-way": [ad(body=_with_line(_NO_REFUSAL, "수신거부 / unsubscribe"))],
    "list-unsubscribe": [ad(header=_one_click(None, None))],
    "list-unsubscribe-post": [
        ad(header=_one_click("<https://example.com/u>", None)),
        ad(header=_one_click("<https://example.com/u>", "One-Click")),
        ad(header=_one_click("<mailto:u@example.com>", "List-Unsubscribe=One-Click")),
        ad(header=_one_click("https://example.com/u", "List-Unsubscribe=One-Click")),
        ad(header=_one_click(None, "List-Unsubscribe=One-Click")),
        message(header=_one_click("<https://example.com/u>", "Yes")),
    ],
    "not-ad-mark": [message(subject=each) for each in (*_RIGHT_SUBJECTS, *_ALTERED_MARKS)]
    + [auth(subject="(광고) 인증번호")],
    "normal-unsubscribe": [
        message(body=f"{each}: https://example.com\n")
        for each in (*_REFUSALS_IN_KOREAN, *_REFUSALS_IN_ENGLISH)
        if "##" not in each
    ],
}
NEAR_MISSES = {
    "ad-subject-prefix": [ad(each) for each in _RIGHT_SUBJECTS] + [message(subject="할인")],
    "ad-subject-evasion": [ad(each) for each in (*_RIGHT_SUBJECTS, *_NOT_MARKS)]
    + [ad("(광고) [광고주 센터] 안내"), message(subject="[광고] 할인")],
    "ad-phone": [ad(body=_with_line(_NO_PHONE, each)) for each in _PHONES]
    + [message(body="전화 없음\n")],
    "ad-email": [ad(body=_with_line(_NO_EMAIL, each)) for each in _EMAILS],
    "ad-sender-name": [ad(body=_with_line(_NO_NAME, each)) for each in _COMPANIES],
    "ad-postal-address": [ad(body=_with_line(_NO_ADDRESS, each)) for each in _ADDRESSES],
    "ad-unsubscribe-korean": [
        ad(body=_with_line(_NO_KOREAN, each)) for each in _REFUSALS_IN_KOREAN
    ],
    "ad-unsubscribe-english": [
        ad(body=_with_line(_NO_ENGLISH, each)) for each in _REFUSALS_IN_ENGLISH
    ],
    "ad-unsubscribe-way": [
        ad(),
        ad(body=_with_line(_NO_REFUSAL, "무료수신거부 080-123-4567")),
        ad(body=_with_line(_NO_REFUSAL, "수신거부: ##BLOCK_RECEIVER_LINK_URL##")),
        ad(body=_with_line(_NO_REFUSAL, "거부 없음")),
    ],
    "list-unsubscribe": [ad(), message()],
    "list-unsubscribe-post": [
        ad(),
        message(),
        ad(header=_one_click("<mailto:u@example.com>", None)),
        message(header=_one_click("<https://example.com/u>", None)),
        ad(
            header=_one_click(
                "<mailto:u@example.com>, <https://example.com/u>", "list-unsubscribe=one-click"
            )
        ),
    ],
    "not-ad-mark": [message(subject=each) for each in _NOT_MARKS] + [ad()],
    "normal-unsubscribe": [
        message(body=f"{each}: https://example.com\n")
        for each in (*_NOT_REFUSALS_IN_KOREAN, *_NOT_REFUSALS_IN_ENGLISH)
    ]
    + [
        ad(),
        auth(body=AD_BODY),
        html("<p style='display:none'>수신거부</p><p>안녕하세요</p>\n"),
    ],
}
