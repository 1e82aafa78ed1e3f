"""SecretKeys that servers issue together: no server knows those of the others.

A server stores a hash of such a key. Therefore the key has a form by which every server recognizes
it in a client's line: its last eight digits are a checksum of the others. A text of this length has
the form by chance once in four thousand million times.
"""

from __future__ import annotations

import os
import re
from binascii import a2b_base64, crc32, unhexlify
from typing import TYPE_CHECKING

from fakesmtp.protocol.secret import Secret, unescape

if TYPE_CHECKING:
    from collections.abc import Iterator

#: Bytes that are random: an AppKey has 64 bits, a SecretKey 96, which nobody guesses.
_APP_KEY, _BODY, _SALT = 8, 12, 16
#: The length of a SecretKey in characters: the random part and the checksum, in hexadecimal.
_LENGTH = 32
_APP_KEY_FORM = re.compile(r"[0-9a-f]{16}")
_DIGITS = re.compile(rb"[0-9a-f]{32,}")
#: Base64, also URL-safe, that is long enough for a SecretKey.
_BASE64 = re.compile(rb"[A-Za-z0-9+/_-]{43,}")
_STANDARD = bytes.maketrans(b"-_", b"+/")


def issue_pair() -> tuple[str, str]:
    """Return a random AppKey and a SecretKey of the form above."""
    body = os.urandom(_BODY).hex()
    return os.urandom(_APP_KEY).hex(), Secret(body + _checksum(body.encode()))


def may_be_issued(app_key: str) -> bool:
    """Return whether an AppKey has the form of those that servers issue."""
    return _APP_KEY_FORM.fullmatch(app_key) is not None


def hash_key(secret_key: str, salt: bytes | None = None) -> str:
    """Return a salted hash of a SecretKey: salt and HMAC-SHA-256, both in hexadecimal.

    A fast hash is enough, because these keys are random and long.
    """
    from hmac import digest  # noqa: PLC0415 - lazily: see `FixedAccounts.verify`

    salt = os.urandom(_SALT) if salt is None else salt
    return f"{salt.hex()}:{digest(salt, secret_key.encode(), 'sha256').hex()}"


def is_key_of(secret_key: str, key_hash: str) -> bool:
    """Return whether a SecretKey is the one that was hashed."""
    from hmac import compare_digest  # noqa: PLC0415 - as above

    salt = bytes.fromhex(key_hash.partition(":")[0])
    return compare_digest(hash_key(secret_key, salt), key_hash)


def has_issued_key(text: bytes) -> bool:
    """Return whether a text contains an issued SecretKey.

    As plain text, Base64 (also URL-safe), hexadecimal or percent-encoding, in any case. A part of a
    key is not recognized.
    """
    if len(text) < _LENGTH:
        return False
    if _find(text):
        return True
    return b"%" in text and _find(unescape(text))


def _find(text: bytes) -> bool:
    return any(_has_form(run[0]) for form in _readings(text) for run in _DIGITS.finditer(form))


def _readings(text: bytes) -> Iterator[bytes]:
    """Yield a text, and what its hexadecimal and its Base64 stand for, in lower case."""
    lower = text.lower()
    yield lower
    for run in _DIGITS.finditer(lower):
        for start in range(2):
            digits = run[0][start:]
            yield unhexlify(digits[: len(digits) // 2 * 2]).lower()
    for run in _BASE64.finditer(text.translate(_STANDARD)):
        # The key may begin anywhere in the text that was encoded, and the run before it.
        for start in range(4):
            characters = run[0][start:]
            padding = b"A" * (-len(characters) % 4)
            yield a2b_base64(characters + padding).lower()


def _has_form(digits: bytes) -> bool:
    """Return whether a part of these digits has the form of a SecretKey."""
    keys = (digits[at : at + _LENGTH] for at in range(len(digits) - _LENGTH + 1))
    return any(_checksum(key[: 2 * _BODY]).encode() == key[2 * _BODY :] for key in keys)


def _checksum(body: bytes) -> str:
    return f"{crc32(body):08x}"
