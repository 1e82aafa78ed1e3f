"""The SASL payloads of AUTH PLAIN and AUTH LOGIN (RFC 4954, RFC 4616).

PLAIN is parsed as in the software behind the endpoint: only the parts between NULs that are not
empty count. Two parts are user name and password; of three or more the first is ignored.
"""

from __future__ import annotations

import re
from binascii import a2b_base64

# Compiled at the first AUTH, not at the start of a server; `re` caches it.
_BASE64 = rb"(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}(?:==)?|[A-Za-z0-9+/]{3}=?)?"
_LONGEST_USER_NAME = 255
_FEWEST_PARTS = 2


#: The registered mechanisms (IANA, "SASL Mechanisms"), and others in use. Any other word after AUTH
#: can be anything, also a credential.
MECHANISMS = frozenset(
    {
        *("9798-M-DSA-SHA1", "9798-M-ECDSA-SHA1", "9798-M-RSA-SHA1-ENC", "9798-U-DSA-SHA1"),
        *("9798-U-ECDSA-SHA1", "9798-U-RSA-SHA1-ENC", "ANONYMOUS", "CRAM-MD5", "DIGEST-MD5"),
        *("EAP-AES128", "EAP-AES128-PLUS", "ECDH-X25519-CHALLENGE", "ECDSA-NIST256P-CHALLENGE"),
        *("EXTERNAL", "GS2-KRB5", "GS2-KRB5-PLUS", "GSS-SPNEGO", "GSSAPI", "KERBEROS_V4"),
        *("KERBEROS_V5", "LOGIN", "NMAS-SAMBA-AUTH", "NMAS_AUTHEN", "NMAS_LOGIN", "NTLM"),
        *("OAUTH10A", "OAUTHBEARER", "OPENID20", "OTP", "PLAIN", "SAML20", "SCRAM-SHA-1"),
        *("SCRAM-SHA-1-PLUS", "SCRAM-SHA-224", "SCRAM-SHA-224-PLUS", "SCRAM-SHA-256"),
        *("SCRAM-SHA-256-PLUS", "SCRAM-SHA-384", "SCRAM-SHA-384-PLUS", "SCRAM-SHA-512"),
        *("SCRAM-SHA-512-PLUS", "SCRAM-SHA3-512", "SCRAM-SHA3-512-PLUS", "SECURID", "SKEY"),
        *("SPNEGO", "SPNEGO-PLUS", "SXOVER-PLUS", "XOAUTH", "XOAUTH2"),
    }
)
#: Numbers of bytes after which encoders wrap Base64: 60, 64, 72 and 76 are in use.
_WRAPPED = range(56, 81, 4)
_WORD = rb"[A-Za-z0-9+/_-]+={0,2}"


class MalformedResponse(ValueError):  # noqa: N818 - an input of the client, not an error of ours
    """The response of the client is invalid for the mechanism; the text says why."""


def decode_base64(text: bytes) -> bytes:
    """Decode strict Base64 (RFC 4648 §4), padding optional.

    Raises `MalformedResponse`.
    """
    if not re.fullmatch(_BASE64, text):
        raise MalformedResponse(_explain_base64(text))
    return a2b_base64(text + b"=" * (-len(text) % 4))


def _explain_base64(text: bytes) -> str:
    if not is_base64_word(text):
        return "the response is not Base64"
    if re.search(b"[-_]", text):
        return "the response is URL-safe Base64; it must be the standard one (RFC 4648 §4)"
    return "the response is not whole Base64: its length or its padding is wrong"


def is_base64_word(text: bytes) -> bool:
    """Return whether a text is Base64 or a part of it, also URL-safe."""
    return re.fullmatch(_WORD, text) is not None


def may_be_wrapped(response: bytes) -> bool:
    """Return whether a response can be the first line of wrapped Base64."""
    return len(response) in _WRAPPED and response[-1:] != b"=" and is_base64_word(response)


def looks_like_credentials(text: bytes) -> bool:
    """Return whether a text is Base64, also URL-safe, that contains a NUL (RFC 4616 §2)."""
    return b"\0" in _decode_any(text)


def is_encoded_response(text: bytes) -> bool:
    """Return whether a text is a response of PLAIN in Base64: readable parts with NULs between.

    One word of 20 that a generator has made is Base64 with a NUL; hardly one is readable.
    """
    try:
        parts = _decode_any(text).decode().split("\0")
    except UnicodeDecodeError:
        return False
    return len(parts) > 1 and all(map(str.isprintable, parts))


def _decode_any(text: bytes) -> bytes:
    """Decode Base64, also URL-safe; return nothing for any other text."""
    try:
        return decode_base64(text.translate(bytes.maketrans(b"-_", b"+/")))
    except MalformedResponse:
        return b""


def decode_text(text: bytes) -> str:
    """Decode Base64 of UTF-8; invalid bytes become U+FFFD. Raises `MalformedResponse`."""
    return decode_base64(text).decode("utf-8", "replace")


def parse_plain(response: bytes) -> tuple[str, str]:
    """Parse a PLAIN response into user name and password.

    Raises `MalformedResponse` for fewer than two parts and for an invalid user name.
    """
    sent = decode_text(response).split("\0")
    parts = [part for part in sent if part]
    if len(parts) < _FEWEST_PARTS:
        raise MalformedResponse(_explain_parts(sent))
    user_name, password = parts[:2] if len(parts) == _FEWEST_PARTS else parts[1:3]
    return check_user_name(user_name), password


def _explain_parts(sent: list[str]) -> str:
    """Return what a PLAIN response lacks, from the texts between its NULs."""
    if len(sent) < _FEWEST_PARTS:
        return "the response has no user name and password with a NUL before each"
    if not any(sent):
        return "the user name and the SecretKey are empty"
    return "the user name is empty" if sent[-1] else "the SecretKey is empty"


def check_user_name(user_name: str) -> str:
    """Return a user name that the software accepts.

    Raises `MalformedResponse` for a blank one, one of more than 255 characters, one with two `@`,
    and one without text on both sides of its `@`.
    """
    parts = user_name.split("@")
    fits = (
        user_name.strip() != ""
        and len(user_name) <= _LONGEST_USER_NAME
        and len(parts) <= _FEWEST_PARTS
        and all(parts)
    )
    if not fits:
        raise MalformedResponse("the user name is blank, too long or half an e-mail address")
    return user_name
