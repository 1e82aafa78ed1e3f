"""The messages of a running server, as a mailbox that searches and waits."""

from __future__ import annotations

from collections import OrderedDict
from functools import partial
from typing import TYPE_CHECKING, Any

from fakesmtp.awaiting import in_a_thread
from fakesmtp.clock import monotonic
from fakesmtp.errors import FakeSMTPError
from fakesmtp.messages.message import ReceivedMessage
from fakesmtp.messages.transfer import record_from_json
from fakesmtp.sessions.base import STILL_OPEN
from fakesmtp.sessions.loading import load_content

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator

    from fakesmtp.client.requests import Requests
    from fakesmtp.messages.searching import Search
    from fakesmtp.sessions import Session

#: Messages of a page, messages that stay in memory, and seconds that one request waits.
_PAGE = 100
_MOST_CACHED = 1_000
_LONGEST_WAIT = 600.0


class RemoteMailbox:
    """The messages with an AppKey, or all messages, of a running server."""

    def __init__(self, requests: Requests, app_key: str | None) -> None:
        self._requests = requests
        self._app_key = app_key
        self._cached: OrderedDict[str, ReceivedMessage] = OrderedDict()
        self._numbers: dict[str, int] = {}

    def snapshot(self) -> list[ReceivedMessage]:
        """Return all messages, oldest first."""
        return [message for _, message in self._after(0)]

    def _after(self, number: int) -> Iterator[tuple[int, ReceivedMessage]]:
        """Yield the messages with a higher number, oldest first, each with its number."""
        cursor: int | None = number
        while cursor is not None:
            page = self._requests.get(
                "/messages", app_key=self._app_key, cursor=cursor, limit=_PAGE, oldest_first=True
            )
            for row in page["messages"]:
                message = self.get(row["id"])
                if message is not None:
                    self._numbers[message.id] = row["number"]
                    yield row["number"], message
            cursor = page["cursor"]

    def get(self, message_id: str) -> ReceivedMessage | None:
        """Return a message; None if it is not there."""
        if message_id not in self._cached:
            fields = self._requests.get(f"/messages/{message_id}/record")
            if fields is None:
                return None
            self._cached[message_id] = self._make(fields)
            while len(self._cached) > _MOST_CACHED:
                self._cached.popitem(last=False)
        return self._cached[message_id]

    def _make(self, fields: dict[str, Any]) -> ReceivedMessage:
        record = record_from_json(fields)
        return ReceivedMessage(record, partial(self._read_session, record.session_id))

    def _read_session(self, session_id: str) -> Session:
        session = read_session(self._requests, session_id)
        if session is None:
            raise FakeSMTPError(f"session {session_id} is no longer stored")
        return session

    def remove(self, ids: Collection[str]) -> list[ReceivedMessage]:
        """Delete messages; return those that were there, oldest first."""
        found = [message for message in map(self.get, sorted(ids)) if message is not None]
        gone = [each for each in found if self._delete(each.id)]
        return sorted(gone, key=lambda message: message.record.received)

    def _delete(self, message_id: str) -> bool:
        answer = self._requests.send("DELETE", f"/messages/{message_id}", parameters={})
        self._cached.pop(message_id, None)
        return answer.is_success

    def run(self, search: Search, timeout: float) -> None:
        """Offer messages to a search until it has enough, for at most `timeout` seconds."""
        deadline, seen = monotonic() + timeout, 0
        while True:
            for number, message in self._after(seen):
                seen = number
                search.offer(message)
                if search.missing <= 0:
                    return
            left = deadline - monotonic()
            if search.missing <= 0 or left <= 0 or not self._wait(seen, left):
                return

    def _wait(self, number: int, seconds: float) -> bool:
        """Wait for a message with a higher number; return whether one came."""
        wait = min(seconds, _LONGEST_WAIT)
        found = self._requests.get("/wait", app_key=self._app_key, since=number, timeout=wait)
        return found is not None

    def matcher(self, text: str) -> Callable[[ReceivedMessage], bool]:
        """Return a function that tries a search on a message; raises `FakeSMTPError`."""
        self._requests.get("/messages", query=text, limit=1)
        return partial(self._matches, text)

    def _matches(self, text: str, message: ReceivedMessage) -> bool:
        before = self._numbers[message.id] - 1
        page = self._requests.get(
            "/messages", query=text, cursor=before, limit=1, oldest_first=True
        )
        return any(row["id"] == message.id for row in page["messages"])

    async def run_async(self, search: Search, timeout: float) -> None:
        """Do the same as `run` without blocking the loop."""
        await in_a_thread(self.run, search, timeout)


def read_session(requests: Requests, session_id: str) -> Session | None:
    """Return a session of the server; None if it is not kept."""
    path = f"/sessions/{session_id}.jsonl"
    answer = requests.send("GET", path, parameters={})
    if not answer.is_success:
        return None
    return load_content(answer.content, f"{requests.url}{path}", without_end=STILL_OPEN)
