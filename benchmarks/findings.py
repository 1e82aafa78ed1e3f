"""Compare the time to check a message with all rules with the time to read it.

`python -m benchmarks.findings` prints a table; both times are the CPU time of the best of some
rounds, in turns. Reading is what a test would ask of a message: its headers, addresses, text, HTML
and links. Checking starts from the bytes, so it includes reading.
"""

from __future__ import annotations

from email.message import EmailMessage
from email.policy import SMTP
from time import process_time
from typing import TYPE_CHECKING

from fakesmtp.findings import MessageReading, default_rules
from fakesmtp.messages.addresses import read_addresses
from fakesmtp.messages.decoding import decode_header
from fakesmtp.messages.extraction import read_page
from fakesmtp.messages.headers import read_header
from fakesmtp.messages.links import find_urls
from fakesmtp.messages.parts import read_contents
from fakesmtp.protocol.actions import Envelope
from fakesmtp.protocol.credentials import MailType

if TYPE_CHECKING:
    from collections.abc import Callable

ROUNDS = 15
#: The minimum CPU time of one round, in seconds.
ROUND = 0.02
GOAL = 2.0
_WITH_ADDRESSES = frozenset({"from", "to", "cc"})
_FOOTER = (
    "㈜가나다상점, 서울특별시 강남구 테헤란로 123, 02-1234-5678, help@example.com\n"
    "수신거부 https://www.example.com/u, unsubscribe https://www.example.com/u\n"
)
_ROW = (
    '<tr><td style="padding:8px"><a href="https://www.example.com/p/{0}"><img src="cid:p{0}"'
    ' alt="상품 {0}"></a></td><td>상품 이름 {0} 특가 12,000원</td></tr>\n'
)


def make_messages() -> dict[str, bytes]:
    """Return the messages to check, from 1 KB to 14 MB."""
    short = _make(_FOOTER)
    long = _make(_FOOTER * 100)
    page = _make(_FOOTER)
    rows = "".join(_ROW.format(number) for number in range(250))
    page.add_alternative(f"<html><table>{rows}</table><p>{_FOOTER}</p></html>", subtype="html")
    attached = _make(_FOOTER)
    attached.add_attachment(b"\0\1\2\3" * 2_500_000, maintype="application", subtype="pdf")
    many = _make(_FOOTER)
    many["Cc"] = ", ".join(f"user{number}@example.com" for number in range(1_000))
    messages = {"text": short, "long text": long, "HTML": page}
    messages |= {"10 MB attached": attached, "1,000 recipients": many}
    return {name: message.as_bytes() for name, message in messages.items()}


def _make(text: str) -> EmailMessage:
    message = EmailMessage(policy=SMTP)
    message["From"], message["To"] = "가나다상점 <shop@example.com>", "kim@example.kr"
    message["Subject"] = "(광고) 봄맞이 할인 안내"
    message["Message-ID"] = "<1@example.com>"
    message["Date"] = "Thu, 26 Nov 2026 10:00:00 +0900"
    message.set_content(text)
    return message


def read(raw: bytes) -> None:
    """Read a message as `fakesmtp.ReceivedMessage` does."""
    for name, value in read_header(raw).fields:
        decode_header(value)
        if name.lower() in _WITH_ADDRESSES:
            read_addresses(value)
    contents = read_contents(raw)
    find_urls(contents.text or "")
    if contents.html:
        read_page(contents.html)


def check(raw: bytes) -> None:
    """Check a message with all rules."""
    envelope = Envelope("shop@example.com", ("kim@example.kr",))
    reading = MessageReading(raw, mail_type=MailType.AD, envelope=envelope)
    default_rules().check_message(reading)


def compare(raw: bytes, rounds: int = ROUNDS) -> tuple[float, float]:
    """Return the seconds of reading and of checking a message, the best of each."""
    times = [(_time(read, raw), _time(check, raw)) for _ in range(rounds)]
    reading, checking = zip(*times, strict=True)
    return min(reading), min(checking)


def _time(work: Callable[[bytes], None], raw: bytes) -> float:
    """Return the seconds of one call, measured over one round."""
    calls, begin = 0, process_time()
    while (passed := process_time() - begin) < ROUND:
        work(raw)
        calls += 1
    return passed / calls


def main() -> None:
    """Print the table."""
    print("| message | bytes | read, ms | check, ms | ratio |\n|---|---|---|---|---|")
    for name, raw in make_messages().items():
        reading, checking = compare(raw)
        ratio = checking / reading
        note = "" if ratio <= GOAL else f" (over {GOAL:g})"
        print(
            f"| {name} | {len(raw):,} | {reading * 1000:.2f} | {checking * 1000:.2f} "
            f"| {ratio:.2f}{note} |"
        )


if __name__ == "__main__":
    main()
