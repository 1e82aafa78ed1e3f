"""Keys that servers issue: their form, their hash, and the search for them in lines."""

from __future__ import annotations

from base64 import b64encode, urlsafe_b64encode
from typing import TYPE_CHECKING
from urllib.parse import quote_from_bytes

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fakesmtp.protocol.issued import has_issued_key, hash_key, is_key_of, issue_pair, may_be_issued

if TYPE_CHECKING:
    from collections.abc import Callable

_FORMS = {
    "as it is": bytes,
    "upper case": bytes.upper,
    "Base64": b64encode,
    "URL-safe Base64": urlsafe_b64encode,
    "hexadecimal": lambda key: key.hex().encode(),
    "percent": lambda key: "".join(f"%{byte:02X}" for byte in key).encode(),
    "in Base64 of more": lambda key: b64encode(b"\0AppKey\0" + key + b" and more"),
    "in a URL": lambda key: quote_from_bytes(b"https://example.com/?key=" + key).encode(),
}


@pytest.mark.parametrize("form", _FORMS)
@given(before=st.binary(max_size=5), after=st.binary(max_size=5))
def test_key_is_found(form: str, before: bytes, after: bytes) -> None:
    """A key is found in all its forms, whatever stands around it."""
    write: Callable[[bytes], bytes] = _FORMS[form]
    assert has_issued_key(before + b" " + write(issue_pair()[1].encode()) + b" " + after)


@pytest.mark.parametrize("around", [b"%s", b"abc%s", b"%s0123", b"AAA=%s", b"x%sx"])
def test_key_is_found_in_longer_words(around: bytes) -> None:
    """A key is found inside a longer word, also inside other digits."""
    for key in (issue_pair()[1].encode(), b64encode(issue_pair()[1].encode())):
        assert has_issued_key(around % key)


@pytest.mark.parametrize(
    "text",
    [
        b"MAIL FROM:<bounce-d41d8cd98f00b204e9800998ecf8427e@example.com>",
        b"0" * 31,
        b"f" * 5000,
        b"Z" * 5000,
        b"%" * 100,
        b"",
    ],
)
def test_other_digits_are_not_keys(text: bytes) -> None:
    """Other hexadecimal texts, for example MD5 sums, are not taken for a key."""
    assert not has_issued_key(text)


@given(st.binary(max_size=200))
def test_every_text_can_be_searched(text: bytes) -> None:
    """No text raises an error."""
    has_issued_key(text)


def test_hash_of_a_key() -> None:
    """A hash has its own salt; only the right key fits to it, and the hash does not contain it."""
    app_key, secret_key = issue_pair()
    assert may_be_issued(app_key)
    assert not may_be_issued(app_key + "0")
    one, other = hash_key(secret_key), hash_key(secret_key)
    assert one != other
    assert secret_key not in one + other
    assert is_key_of(secret_key, one)
    assert not is_key_of(secret_key + "0", one)
    assert not is_key_of("", one)
