"""Secrets: text that `repr` masks, and the search for known secrets in clients' input."""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Iterable
from sys import byteorder
from typing import TYPE_CHECKING, TypeVar, cast

if TYPE_CHECKING:
    from collections.abc import Iterator

_T = TypeVar("_T")

MASK = "***"
#: In characters. A shorter part of a longer secret does not reveal it, and can occur by chance.
PIECE = 8
#: A line is searched in words of this many bytes. Every piece contains a whole word, wherever the
#: piece begins: 4 bytes and up to 3 bytes before them are fewer than `PIECE`.
_WORD = 4
#: Fewer characters of Base64 can occur by chance.
_TELLING = 4
#: Lower-case letters are compared, and URL-safe Base64 (RFC 4648 §5) as standard Base64.
_FOLD = bytes(range(256)).lower().translate(bytes.maketrans(b"-_", b"+/"))
_ESCAPED = rb"%([0-9A-Fa-f]{2})"
#: As a number: `in` takes seven times as long for bytes.
_PERCENT = ord("%")


class Secret(str):
    """A text with a masked `repr`, so that tracebacks and assertions do not show it.

    Everything else is the text itself: `str(secret)` and f-strings return it.
    """

    __slots__ = ()

    def __repr__(self) -> str:
        return MASK


def hide(value: _T) -> _T:
    """Return a text as a `Secret`, and the type of any other value."""
    if isinstance(value, Secret | type):
        return value
    return cast("_T", Secret(value) if isinstance(value, str) else type(value))


def hide_secrets(accounts: _T) -> _T:
    """Return accounts, as given by a user, with everything hidden that can be a SecretKey.

    Every function that takes accounts calls this first, because a traceback shows its variables.
    Nothing is rejected here. The AppKey of a pair stays readable.
    """
    if accounts is None or accounts == "any":
        return accounts
    if isinstance(accounts, str) or not isinstance(accounts, Iterable):
        return hide(accounts)
    return cast("_T", [_hide_pair(pair) for pair in accounts])


def _hide_pair(pair: object) -> object:
    if not isinstance(pair, tuple | list):
        return hide(pair)
    hidden = tuple(map(hide, pair))
    has_name = len(pair) > 1 and isinstance(pair[0], str)
    return (pair[0], *hidden[1:]) if has_name else hidden


def describe_hidden(value: object) -> str:
    """Return the kind of a hidden value, for an error."""
    return "a text" if isinstance(value, str) else getattr(value, "__name__", str(value))


class KnownSecrets:
    """Secrets to search for in every line of every client."""

    __slots__ = ("_forms", "_short", "_words")

    def __init__(self, secrets: Iterable[str]) -> None:
        forms = {form.translate(_FOLD) for secret in secrets for form in _forms(secret.encode())}
        long = sorted(form for form in forms if len(form) >= PIECE)
        short = sorted(forms.difference(long))
        self._forms = b"\0".join(long)
        self._words = frozenset(
            int.from_bytes(form[at : at + _WORD], byteorder)
            for form in long
            for at in range(len(form) - _WORD + 1)
        )
        self._short = re.compile(b"|".join(map(re.escape, short))) if short else None

    def occur_in(self, text: bytes) -> bool:
        """Return whether `text` contains a secret, or at least `PIECE` characters of one in a row.

        As plain text, Base64 (also URL-safe), hexadecimal or percent-encoding, in any case.
        """
        if self._stand_in(text.translate(_FOLD)):
            return True
        if _PERCENT not in text:
            return False
        # Once: text that was escaped repeatedly is not decoded repeatedly.
        return self._stand_in(unescape(text).translate(_FOLD))

    def _stand_in(self, folded: bytes) -> bool:
        # Words are looked up as numbers, in C, because every line of every client is searched.
        words = memoryview(folded[: len(folded) // _WORD * _WORD]).cast("I")
        if not self._words.isdisjoint(words) and self._has_piece(folded, words):
            return True
        return self._short is not None and self._short.search(folded) is not None

    def _has_piece(self, folded: bytes, words: memoryview) -> bool:
        """Compare the bytes around the words that are parts of secrets."""
        hits = (number * _WORD for number, word in enumerate(words) if word in self._words)
        last = len(folded) - PIECE
        return any(
            folded[start : start + PIECE] in self._forms
            for hit in hits
            for start in range(max(hit + _WORD - PIECE, 0), min(hit, last) + 1)
        )


def unescape(text: bytes) -> bytes:
    """Return a text with its percent-encoding decoded once."""
    return re.sub(_ESCAPED, _unescape, text)


def _unescape(escaped: re.Match[bytes]) -> bytes:
    return bytes.fromhex(escaped[1].decode())


def _forms(secret: bytes) -> Iterator[bytes]:
    """Return the forms that reveal a secret: itself, and its encodings.

    Base64 encodes three bytes as four characters, so its form depends on the number of bytes before
    the secret. Characters with bits of neighbouring bytes are omitted, except the last one if
    nothing follows.
    """
    yield secret
    yield secret.hex().encode()
    yield b"".join(b"%%%02x" % byte for byte in secret)
    for before in range(3):
        encoded = b64encode(b"\0" * before + secret).rstrip(b"=")
        start = -(-before * 8 // 6)
        for end in ((before + len(secret)) * 8 // 6, len(encoded)):
            if end - start >= _TELLING:
                yield encoded[start:end]
