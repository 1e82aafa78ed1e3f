"""Messages that are meant to take long, for tests of all parsers of messages."""

from __future__ import annotations

#: With linear time these take seconds; with quadratic time they take minutes.
SIZE = 150_000

HTML = b"Content-Type: text/html\r\n\r\n"
TYPE = b"Content-Type: text/plain"
PARTS = b"Content-Type: multipart/mixed; boundary=b\r\n\r\n"
BASE64 = b"Content-Transfer-Encoding: base64\r\n\r\n"
QUOTED = b"Content-Transfer-Encoding: quoted-printable\r\n\r\n"
HOSTILE = {
    "brackets in a URL": b"\r\nhttps://a" + b"()" * 4 * SIZE + b"]" * 4 * SIZE,
    "URLs in brackets": b"\r\n" + b"https://a](" * SIZE,
    "templates": HTML + b"<template>" * SIZE + b"</head>" * SIZE,
    "open elements": HTML + b"<div>" * (SIZE // 3) + b"</p>" * (SIZE // 3),
    "list items": HTML + b"<ul><li hidden>" * (SIZE // 3) + b"</li>" * (SIZE // 3),
    "comments": HTML + b"<!--" * SIZE,
    "declarations": HTML + b"<![CDATA[" * SIZE,
    "raw text": HTML + b"<script>" * SIZE,
    "quotes in a tag": HTML + b"<a b='" * SIZE,
    "attributes": HTML + b"<a " + b"b = " * SIZE,
    "entities": HTML + b"&" * SIZE + b"&#" + b"9" * SIZE + b"&#x" + b"0" * SIZE + b"a" * SIZE,
    "style sheets": HTML + b"<style>" + b"/*" * SIZE + b"{" * SIZE + b".a," * SIZE,
    "classes": HTML + b"<style>.a{display:none}</style><p class='" + b"a " * SIZE + b"'>",
    "parameters": TYPE + b"; a=b" * SIZE + b"\r\n\r\n",
    "quoted pairs": TYPE + b'; a="' + b'\\"' * SIZE + b"\r\n\r\n",
    "comments in a header": TYPE + b"; a=" + b"(" * SIZE + b"\r\n\r\n",
    "addresses": b"To: " + b"a@example.org, " * (SIZE // 3) + b"\r\n\r\n",
    "comments in To": b"To: " + b"(" * SIZE + b"\r\nCc: " + b'"\\' * SIZE + b"\r\n\r\n",
    "angles in From": b"From: " + b"<@,a:" * SIZE + b"\r\nTo: " + b"[\\[" * SIZE + b"\r\n\r\n",
    "encoded words": b"Subject: "
    + b"=?utf-8?q?a?= " * SIZE
    + b"\r\nTo: "
    + b"=?" * SIZE
    + b"\r\n\r\n",
    "folded lines": b"A: b\r\n"
    + b" x\r\n" * (SIZE // 3)
    + b"odd\r\n" * (SIZE // 3)
    + b"C: d\r\n\r\n",
    "parts": PARTS + b"--b\r\nA: x\r\n" * (SIZE // 15),
    "delimiters of nothing": PARTS + b"--b\r\n\r\n" + b"--c\r\n" * SIZE,
    "multiparts": b"".join(
        b"Content-Type: multipart/mixed; boundary=%d\r\n\r\n--%d\r\n" % (level, level)
        for level in range(SIZE // 10)
    ),
    "messages in messages": b"Content-Type: message/rfc822\r\n\r\n" * (SIZE // 10),
    "padding": BASE64 + b"YQ=" * SIZE + b"=" * SIZE,
    "blanks": QUOTED + b" " * SIZE + b"x" + b"= " * SIZE,
    "flowed text": TYPE + b"; format=flowed\r\n\r\n" + b"a \r\n" * SIZE + b">" * SIZE,
}
