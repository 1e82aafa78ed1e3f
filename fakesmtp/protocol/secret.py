"""Secrets: a text that does not show itself, and the search for known ones in what clients send."""

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
#: Characters. A shorter part of a longer secret does not give it away, and may stand anywhere.
PIECE = 8
#: A line is looked through in words of so many bytes. Every piece holds a whole one, wherever it
#: stands: 4 and the 3 bytes that may stand before it are fewer than `PIECE`.
_WORD = 4
#: Fewer characters of Base64 may stand anywhere by chance.
_TELLING = 4
#: Compared in small letters, and URL-safe Base64 (RFC 4648 §5) as the standard one.
_FOLD = bytes(range(256)).lower().translate(bytes.maketrans(b"-_", b"+/"))
_ESCAPED = rb"%([0-9A-Fa-f]{2})"
#: As a number: to look for bytes takes `in` seven times as long.
_PERCENT = ord("%")


class Secret(str):
    """A text whose `repr` is masked, so that tracebacks and assertions do not show it.

    In everything else it is that text: `str(secret)` and f-strings give it.
    """

    __slots__ = ()

    def __repr__(self) -> str:
        return MASK


def hide(value: _T) -> _T:
    """Return a text as a `Secret`, and only the type of what is not a text."""
    if isinstance(value, Secret | type):
        return value
    return cast("_T", Secret(value) if isinstance(value, str) else type(value))


def hide_secrets(accounts: _T) -> _T:
    """Return what was given as accounts with everything hidden that may be a SecretKey.

    A function that takes accounts calls this first: a traceback shows what its names hold. So
    nothing is refused here, whatever its shape is. Of a pair, the AppKey stays readable.
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
    """Say what was hidden, for an error: no more than what kind of thing it is."""
    return "a text" if isinstance(value, str) else getattr(value, "__name__", str(value))


class KnownSecrets:
    """Secrets that are looked for in every line of every client."""

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

    def stand_in(self, text: bytes) -> bool:
        """Return whether `text` holds a secret, or `PIECE` or more characters of one in a row.

        In clear, Base64 (also the URL-safe one), hexadecimal or percent-encoding, in any case.
        """
        if self._stand_in(text.translate(_FOLD)):
            return True
        if _PERCENT not in text:
            return False
        # Once: a text that was escaped over and over is not taken apart layer by layer.
        return self._stand_in(re.sub(_ESCAPED, _unescape, text).translate(_FOLD))

    def _stand_in(self, folded: bytes) -> bool:
        # Looked up as numbers, in C: every line of every client comes this way.
        words = memoryview(folded[: len(folded) // _WORD * _WORD]).cast("I")
        if not self._words.isdisjoint(words) and self._has_piece(folded, words):
            return True
        return self._short is not None and self._short.search(folded) is not None

    def _has_piece(self, folded: bytes, words: memoryview) -> bool:
        """Compare what stands around the words that are parts of secrets."""
        hits = (number * _WORD for number, word in enumerate(words) if word in self._words)
        last = len(folded) - PIECE
        return any(
            folded[start : start + PIECE] in self._forms
            for hit in hits
            for start in range(max(hit + _WORD - PIECE, 0), min(hit, last) + 1)
        )


def _unescape(escaped: re.Match[bytes]) -> bytes:
    return bytes.fromhex(escaped[1].decode())


def _forms(secret: bytes) -> Iterator[bytes]:
    """Give what shows a secret: itself, and what encodings make of it.

    Base64 writes three bytes as four characters, so what it makes of the secret depends on how many
    bytes stand before it; characters that hold bits of its neighbours are left out, but for those
    of the last one where nothing follows.
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
