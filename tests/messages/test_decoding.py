"""Character sets, transfer encodings and encoded words, as they are sent in Korea."""

from __future__ import annotations

import base64
from email.header import Header
from email.message import EmailMessage

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fakesmtp.messages.charsets import decode_text
from fakesmtp.messages.decoding import decode_base64, decode_header, decode_transfer

KOREAN = "똠방각하와 뷁, 한글"


def encoded_word(charset: str, data: bytes) -> str:
    """Return bytes as one encoded word."""
    return f"=?{charset}?B?{base64.b64encode(data).decode()}?="


def as_parsed(data: bytes) -> str:
    """Return bytes as the standard library's parser does."""
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
    """Text is decoded under every label that Korean programs use, as CP949."""
    assert decode_text(KOREAN.encode(codec), label) == KOREAN


KOREAN_LABELS = (
    "x-windows-949 X-Windows-949 csEUCKR cseuckr x-euc-kr csKSC56011987 ms949 x-ms949 MS949"
    " windows-51949 x-cp20949 ksc5601 x-ksc5601 KSC_5601 x-IBM949 x-mac-korean KS_C_5601-1987"
)


@pytest.mark.parametrize("label", KOREAN_LABELS.split())
def test_korean_labels_of_java_and_windows(label: str) -> None:
    """Labels of Java and Windows mean CP949, in bodies and in encoded words."""
    assert decode_text(KOREAN.encode("cp949"), label) == KOREAN
    assert decode_header(encoded_word(label, KOREAN.encode("cp949"))) == KOREAN


@pytest.mark.parametrize(
    ("labels", "codec", "text"),
    [
        ("x-johab johab ms1361 x-Johab", "johab", "똠방각하"),
        ("x-sjis Shift_JIS csShiftJIS windows-31j x-windows-31j csWindows31J", "cp932", "①髙"),
        ("x-euc-jp x-windows-51932 eucJP-open csEUCPkdFmtJapanese", "euc_jp", "日本語"),
        ("iso-2022-jp csISO2022JP x-windows-iso2022jp x-windows-50221", "iso2022_jp", "日本語"),
        ("gb2312 csGB2312 x-gbk GBK x-windows-936 windows-936 x-EUC-CN", "gbk", "镕你"),
        ("big5 csBig5 x-big5 x-windows-950 cn-big5 x-MS950", "cp950", "繁體碁"),
        ("x-utf-8 utf8mb4 csUTF8 UTF8", "utf-8", "똠é"),
        ("x-windows-1252 x-cp1252 cswindows1252", "cp1252", "€é"),
        ("x-mac-roman macintosh csMacintosh x-MacRoman", "mac_roman", "é†"),
        ("x-windows-874 x-IBM874", "cp874", "ไทย"),
        ("iso-8859-8-i csISO88598I", "iso8859_8", "שלום"),
    ],
)
def test_other_labels_of_java_and_windows(labels: str, codec: str, text: str) -> None:
    """Their labels of other languages are known, with the characters that Windows adds."""
    for label in labels.split():
        assert decode_text(text.encode(codec), label) == text


def test_iso_2022_kr() -> None:
    """ISO-2022-KR is decoded in bodies and in headers."""
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
    """Text that cannot be decoded has a marker with the name of the character set."""
    assert decode_text(data, label) == shown


def test_neither_utf_8_nor_cp949() -> None:
    """Bytes without a label that are not valid text have a marker too."""
    assert decode_text(b"\xff\xff", None).startswith("[cannot be decoded as us-ascii: 8-bit bytes")


@pytest.mark.parametrize("charset", ["ks_c_5601-1987", "euc-kr", "utf-8"])
def test_encoded_words(charset: str) -> None:
    """Encoded words of Korean character sets are decoded, in Base64 and quoted-printable."""
    data = KOREAN.encode("utf-8" if charset == "utf-8" else "cp949")
    quoted = "".join(f"={byte:02X}" for byte in data)
    assert decode_header(encoded_word(charset, data)) == KOREAN
    assert decode_header(f"=?{charset}?q?{quoted}?=") == KOREAN


@pytest.mark.parametrize("charset", ["utf-8", "ks_c_5601-1987"])
@pytest.mark.parametrize("cut", range(1, 9))
def test_a_character_cut_between_words(charset: str, cut: int) -> None:
    """Adjacent words are decoded even if they split a character."""
    data = KOREAN.encode("utf-8" if charset == "utf-8" else "cp949")
    words = [encoded_word(charset, data[:cut]), encoded_word(charset, data[cut:])]
    assert decode_header("\r\n ".join(words)) == KOREAN


def test_white_space_around_encoded_words() -> None:
    """White space between encoded words is dropped; next to other text it is kept."""
    one, two = encoded_word("utf-8", "가".encode()), encoded_word("euc-kr", "나".encode("cp949"))
    assert decode_header(f"Re: {one} \r\n {two} end {one}") == "Re: 가나 end 가"


def test_language_of_an_encoded_word() -> None:
    """The language tag of RFC 2231 section 5 is ignored."""
    assert decode_header("=?utf-8*ko?q?a_b?=") == "a b"


@pytest.mark.parametrize("value", ["=?utf-8?B?a?=", "=?utf-8?x?a?=", "=?utf-8?B?", "=??q?a?="])
def test_invalid_encoded_words(value: str) -> None:
    """Text that only looks like an encoded word is unchanged."""
    assert decode_header(value) == value


@pytest.mark.parametrize("codec", ["utf-8", "cp949"])
def test_raw_8_bit_header(codec: str) -> None:
    """A header in raw 8-bit is decoded as UTF-8, else as CP949."""
    assert decode_header(as_parsed(KOREAN.encode(codec))) == KOREAN


def test_headers_of_the_standard_library() -> None:
    """Headers that the standard library writes and folds are read back."""
    subject = "아주 긴 제목입니다 " * 12
    written = Header(subject, "utf-8").encode(linesep="\r\n")
    assert decode_header(written) == subject.strip()


def test_base64_is_lenient() -> None:
    """Missing padding and foreign characters are ignored; leftover digits are reported."""
    assert decode_base64(b"aGk") == b"hi"
    assert decode_base64(b"aG\r\n k=") == b"hi"
    assert decode_base64(b"a") is None


@pytest.mark.parametrize(
    ("data", "decoded", "whole"),
    [
        (b"aGVsbG8=IHdvcmxk", b"hello world", True),
        (b"aGVsbG8=\r\nIHdvcmxk\r\n", b"hello world", True),
        (b"aGk=aGk==aGk", b"hihihi", True),
        (b"aGVs\x00bG8!", b"hello", True),
        (b"aGVsbG8gd29ybGQhA", b"hello world!", False),
        (b"aGVsbG8=I", b"hello", False),
        (b"", b"", True),
        (b"a", b"a", False),
    ],
)
def test_base64_after_padding(data: bytes, decoded: bytes, *, whole: bool) -> None:
    """Base64 continues after its padding; an extra digit is reported and loses nothing else."""
    assert decode_transfer(data, "base64") == (decoded, whole)


@pytest.mark.parametrize(
    ("data", "decoded"),
    [
        (b"a=  \r\nb", b"ab"),
        (b"a=\t\nb", b"ab"),
        (b"a= ", b"a"),
        (b"a  \r\nb\t\n", b"a\r\nb\n"),
        (b"a=20\r\nb", b"a \r\nb"),
        (b"a=\r\n=\r\nb", b"ab"),
        (b"1=2, =ZZ, =eb=98=A0", "1=2, =ZZ, 똠".encode()),
    ],
)
def test_quoted_printable(data: bytes, decoded: bytes) -> None:
    """Blanks at the end of a line are dropped, also after a soft break (RFC 2045 6.7)."""
    assert decode_transfer(data, "quoted-printable") == (decoded, True)


@given(st.binary(max_size=90), st.integers(1, 20))
def test_base64_of_pieces(data: bytes, size: int) -> None:
    """Joined pieces of Base64 that were encoded one by one give the whole content."""
    pieces = [data[start : start + size] for start in range(0, len(data), size)]
    assert decode_base64(b"\r\n".join(map(base64.b64encode, pieces))) == data


@given(st.text(alphabet="=?utf8QBqb_*'\";%0a \r\n가", max_size=80), st.binary(max_size=40))
def test_headers_never_raise(text: str, data: bytes) -> None:
    """Any header gives a printable text."""
    decode_header(as_parsed(text.encode() + data)).encode()


@given(st.text(alphabet=st.characters(codec="utf-8"), max_size=60))
def test_any_subject_of_the_standard_library(subject: str) -> None:
    """A subject that the standard library writes is read back."""
    subject = " ".join(subject.split())
    written = Header(subject, "utf-8").encode()
    assert decode_header(written) == subject


def test_the_parser_of_the_standard_library_agrees() -> None:
    """Names with encoded words equal the standard library's result, where it has one."""
    message = EmailMessage()
    message["To"] = "홍길동 <hong@example.com>, 김 <kim@example.com>"
    written = message.as_bytes().partition(b": ")[2].partition(b"\n\n")[0]
    assert decode_header(as_parsed(written)) == str(message["To"])
