"""Messages that are meant to take long: each is read in a process with far more time than needed.

Twice the size takes twice the time. With quadratic time these sizes took minutes.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from hostile_messages import HOSTILE

#: Seconds; only ends a test that hangs. Linear parsing takes a second or two.
PATIENCE = 100
TESTS = Path(__file__).parents[1]
READ = """
import sys
sys.path.insert(0, sys.argv[1])
from made_messages import make_message
from fakesmtp.messages import Conditions
from fakesmtp.messages.addresses import read_shown_mailboxes
from fakesmtp.storage.extraction import extract

raw = sys.stdin.buffer.read()
message = make_message(raw)
for name in ("headers", "text", "html", "html_text", "links", "attachments", "parsed"):
    getattr(message, name)
facts = extract(message.record).facts
for text in (facts.from_, facts.to, facts.cc):
    read_shown_mailboxes(text)
conditions = Conditions(to="a@example.com", cc="b@example.com", from_="c@example.com")
print(len(conditions.mismatches(message)), message.raw == raw)
"""


@pytest.mark.parametrize("raw", HOSTILE.values(), ids=HOSTILE)
def test_hostile_messages_are_read_in_time(raw: bytes) -> None:
    """The time to parse a message does not grow with the square of its size."""
    read = subprocess.run(
        [sys.executable, "-c", READ, TESTS],
        input=raw,
        capture_output=True,
        timeout=PATIENCE,
        check=False,
    )
    assert (read.stdout.split(), read.stderr) == ([b"3", b"True"], b"")
