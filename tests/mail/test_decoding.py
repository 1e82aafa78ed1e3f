"""Character sets and headers, as they are sent in Korea."""

from __future__ import annotations

import base64
from email.header import Header
from email.message import EmailMessage

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fakesmtp.mail.charsets import decode_text
from fakesmtp.mail.decoding import decode_base64, decode_header
from fakesmtp.mail.headers import content_type, parameter

KOREAN = "똠방각하와 뷁, 한글"


def encoded_word(charset: str, data: bytes) -> str:
    """Write bytes as one encoded word."""
    return f"=?{charset}?B?{base64.b64encode(data).decode()}?="


def as_parsed(data: bytes) -> str:
    """Give bytes as the standard library's parser does."""
    return data.decode("ascii", "surrogateescape")


@pytest.mark.parametrize(
    ("label", "codec"),
    [
        ("utf-8", "utf-8"),
        ("UTF-8", "utf-8"),
        ("ks_c_5601-1987", "cp949"),
        ("KS_C_5601-1987", "cp949"),
        ("euc-kr", "cp949"),
        ("cp949", "cp949"),
        ("windows-949", "cp949"),
        (None, "utf-8"),
        (None, "cp949"),
        ("us-ascii", "cp949"),
    ],
)
def test_korean_charsets(label: str | None, codec: str) -> None:
    """Text is read under every label that Korean programs use, with the syllables of CP949."""
    assert decode_text(KOREAN.encode(codec), label) == KOREAN


def test_iso_2022_kr() -> None:
    """ISO-2022-KR is read in bodies and in headers."""
    text = "한글과 제목"
    assert decode_text(text.encode("iso2022_kr"), "ISO-2022-KR") == text
    assert decode_header(encoded_word("iso-2022-kr", text.encode("iso2022_kr"))) == text


@pytest.mark.parametrize(
    ("data", "label", "shown"),
    [
        (b"a\xffb", "x-unknown", "[cannot be decoded as x-unknown: no such character set] a�b"),
        (b"a\xffb", "utf-8", "[cannot be decoded as utf-8: invalid start byte at byte 1] a�b"),
        (b"ab", "hex", "[cannot be decoded as hex: no such character set] ab"),
        (
            b"ab",
            "unicode_escape",
            "[cannot be decoded as unicode_escape: no such character set] ab",
        ),
        (b"ab", "\0", "[cannot be decoded as \0: no such character set] ab"),
        (b"+2AA-", "utf-7", "[cannot be decoded as utf-7: half a character] �"),
    ],
)
def test_marker(data: bytes, label: str, shown: str) -> None:
    """What cannot be decoded is shown with a marker that names the character set."""
    assert decode_text(data, label) == shown


def test_neither_utf_8_nor_cp949() -> None:
    """Unlabelled bytes that are no text get a marker too."""
    assert decode_text(b"\xff\xff", None).startswith("[cannot be decoded as us-ascii: 8-bit bytes")


@pytest.mark.parametrize("charset", ["ks_c_5601-1987", "euc-kr", "utf-8"])
def test_encoded_words(charset: str) -> None:
    """Encoded words of Korean character sets are read, Base64 and quoted-printable alike."""
    data = KOREAN.encode("utf-8" if charset == "utf-8" else "cp949")
    quoted = "".join(f"={byte:02X}" for byte in data)
    assert decode_header(encoded_word(charset, data)) == KOREAN
    assert decode_header(f"=?{charset}?q?{quoted}?=") == KOREAN


@pytest.mark.parametrize("charset", ["utf-8", "ks_c_5601-1987"])
@pytest.mark.parametrize("cut", range(1, 9))
def test_a_character_cut_between_words(charset: str, cut: int) -> None:
    """Neighbouring words are read also when a character was cut in two."""
    data = KOREAN.encode("utf-8" if charset == "utf-8" else "cp949")
    words = [encoded_word(charset, data[:cut]), encoded_word(charset, data[cut:])]
    assert decode_header("\r\n ".join(words)) == KOREAN


def test_white_space_round_encoded_words() -> None:
    """White space between encoded words goes, and beside other text it stays."""
    one, two = encoded_word("utf-8", "가".encode()), encoded_word("euc-kr", "나".encode("cp949"))
    assert decode_header(f"Re: {one} \r\n {two} end {one}") == "Re: 가나 end 가"


def test_language_of_an_encoded_word() -> None:
    """The language tag of RFC 2231 section 5 is skipped."""
    assert decode_header("=?utf-8*ko?q?a_b?=") == "a b"


@pytest.mark.parametrize("value", ["=?utf-8?B?a?=", "=?utf-8?x?a?=", "=?utf-8?B?", "=??q?a?="])
def test_words_that_are_none(value: str) -> None:
    """What only looks like an encoded word stays as it is."""
    assert decode_header(value) == value


@pytest.mark.parametrize("codec", ["utf-8", "cp949"])
def test_raw_8_bit_header(codec: str) -> None:
    """A header in raw 8-bit is read as UTF-8, else as CP949."""
    assert decode_header(as_parsed(KOREAN.encode(codec))) == KOREAN


def test_headers_of_the_standard_library() -> None:
    """What the standard library writes and folds is read back."""
    subject = "아주 긴 제목입니다 " * 12
    written = Header(subject, "utf-8").encode(linesep="\r\n")
    assert decode_header(written) == subject.strip()


def test_base64_is_forgiving() -> None:
    """Missing padding and foreign characters are forgiven; what is left over is not."""
    assert decode_base64(b"aGk") == b"hi"
    assert decode_base64(b"aG\r\n k=") == b"hi"
    assert decode_base64(b"a") is None


@pytest.mark.parametrize(
    "value",
    [
        'attachment; filename="견적서.pdf"',
        "attachment; filename*=utf-8''%EA%B2%AC%EC%A0%81%EC%84%9C.pdf",
        "attachment; filename=old.pdf; filename*=UTF-8'ko'%EA%B2%AC%EC%A0%81%EC%84%9C.pdf",
        "attachment;\r\n filename*0*=utf-8''%EA%B2%AC%EC%A0;\r\n filename*1*=%81%EC%84%9C.pdf",
        "attachment; filename*0*=utf-8''%EA%B2%AC%EC%A0%81%EC%84%9C; filename*1=.pdf",
        'attachment; filename*0="견적"; filename*1=서.pdf',
        "attachment; FILENAME*1*=%81%EC%84%9C.pdf; filename*0*=utf-8''%EA%B2%AC%EC%A0",
        "attachment; filename*=ks_c_5601-1987''%B0%DF%C0%FB%BC%AD.pdf",
        f"attachment; filename={encoded_word('euc-kr', '견적서.pdf'.encode('cp949'))}",
        'attachment; filename="=?utf-8?B?6rKs7KCB?=\r\n =?utf-8?B?7IScLnBkZg==?="',
    ],
)
def test_file_names(value: str) -> None:
    """A Korean file name is read in every way that it is written."""
    assert parameter(as_parsed(value.encode()), "filename") == "견적서.pdf"


def test_quoted_pairs_and_semicolons() -> None:
    """A quoted parameter may hold quotes and semicolons."""
    assert parameter(r'a; x="1;2"; name="a\"b;c.txt"', "name") == 'a"b;c.txt'
    assert parameter("a; name=", "name") == ""
    assert parameter("a; other=1", "name") is None


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("Text/HTML; charset=x", "text/html"),
        ("", "text/plain"),
        ("html", "text/plain"),
        (as_parsed(b"a/\xff"), "text/plain"),
    ],
)
def test_content_type(value: str, expected: str) -> None:
    """A type that is none is text/plain (RFC 2045 section 5.2)."""
    assert content_type(value) == expected


@given(st.text(alphabet="=?utf8QBqb_*'\";%0a \r\n가", max_size=80), st.binary(max_size=40))
def test_headers_never_raise(text: str, data: bytes) -> None:
    """Whatever stands in a header, there is a text that can be printed."""
    value = as_parsed(text.encode() + data)
    decode_header(value).encode()
    (parameter(value, "a") or "").encode()


@given(st.text(alphabet=st.characters(codec="utf-8"), max_size=60))
def test_any_subject_of_the_standard_library(subject: str) -> None:
    """A subject that the standard library sends is the subject that is read."""
    subject = " ".join(subject.split())
    written = Header(subject, "utf-8").encode()
    assert decode_header(written) == subject


def test_the_parser_of_the_standard_library_agrees() -> None:
    """Names with encoded words read as the standard library reads them, where it can."""
    message = EmailMessage()
    message["To"] = "홍길동 <hong@example.com>, 김 <kim@example.com>"
    written = message.as_bytes().partition(b": ")[2].partition(b"\n\n")[0]
    assert decode_header(as_parsed(written)) == str(message["To"])
