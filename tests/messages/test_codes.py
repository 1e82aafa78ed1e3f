"""Codes that a reader would copy."""

from __future__ import annotations

import pytest

from fakesmtp.messages.codes import find_codes


@pytest.mark.parametrize(
    ("text", "codes"),
    [
        ("인증번호: 482913", ("482913",)),
        ("인증번호는 [482913] 입니다", ("482913",)),
        ("Your code is 771-204.", ("771-204",)),
        ("Use 123 456 as your one-time password", ("123 456",)),
        ("OTP 1234 or OTP 5678", ("1234", "5678")),
        ("Hello\n\n  493021\n\nBye", ("493021",)),
        ("code 1234, code 1234", ("1234",)),
        ("주문번호 20261127-0042", ()),
        ("Your verification is due in 2026.12.31", ()),
        ("Tel. 02-1234-5678", ()),
        ("Price 15,000", ()),
        ("인증 금액 50000원", ()),
        ("https://shop.example/verify/123456", ()),
        ("Copyright\n2026\n", ()),
        ("All 1204 tests passed", ()),
        ("", ()),
    ],
)
def test_codes(text: str, codes: tuple[str, ...]) -> None:
    """Digits near a word for codes, or alone on a line; no dates, amounts, numbers of phones."""
    assert find_codes(text) == codes


def test_codes_of_hostile_texts() -> None:
    """A long text takes no longer than its first 200,000 characters."""
    assert len(find_codes("code 1234 " * 1_000_000)) == 1
    assert find_codes("1" * 1_000_000) == ()
