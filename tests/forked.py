"""A forked child of a server: it reads the messages and cannot change them."""

from __future__ import annotations

import os
import signal
from contextlib import suppress
from typing import TYPE_CHECKING

from fakesmtp.errors import StoreError

if TYPE_CHECKING:
    from fakesmtp import FakeSMTP

#: Seconds after which a child that waits for a lock of a thread that it has not is killed.
_LONGEST = 30


def try_in_child(smtp: FakeSMTP, raws: list[bytes]) -> int:
    """Return the exit code of a child that tries to clear a server and reads its messages.

    0: it read these messages; 2: it could clear; 3: it read others; 1: something failed.
    """
    pid = os.fork()
    if pid == 0:
        signal.alarm(_LONGEST)
        code = 1
        with suppress(BaseException):
            with suppress(StoreError):
                smtp.clear()
                os._exit(2)
            code = 0 if [each.raw for each in smtp.messages] == raws else 3
        os._exit(code)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
