"""Sessions of a running fakesmtp, over its HTTP API."""

from __future__ import annotations

import json
from functools import partial
from http.client import HTTPException
from typing import TYPE_CHECKING, TypeVar
from urllib.error import HTTPError, URLError
from urllib.parse import quote
from urllib.request import ProxyHandler, build_opener

from fakesmtp.errors import RecordingError
from fakesmtp.sessions.fields import Fields
from fakesmtp.sessions.listing import read_listed
from fakesmtp.sessions.loading import load_content

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from fakesmtp.sessions.listing import ListedSession
    from fakesmtp.sessions.loading import Recording

_T = TypeVar("_T")
#: Sessions of a page.
_PAGE = 1_000
_PATH = "/api/fakesmtp/v1/sessions"


class RunningServer:
    """A source of recordings: the server at `url`, for instance `http://127.0.0.1:8025`.

    A request times out after `timeout` seconds. All methods raise `RecordingError` if nothing
    answers at the address, or something other than fakesmtp.
    """

    def __init__(self, url: str, *, timeout: float = 30.0) -> None:
        self._url = url.rstrip("/")
        self._timeout = timeout
        # No proxies: the variables that name them are for other sites, and this server is local.
        self._opener = build_opener(ProxyHandler({}))

    def list_sessions(self) -> Iterator[ListedSession]:
        """Return all sessions, oldest first."""
        newest_first: list[ListedSession] = []
        path: str | None = f"{_PATH}?limit={_PAGE}"
        while path is not None:
            content = self._get(path)
            sessions, cursor = self._understand(partial(_read_page, content))
            newest_first += sessions
            path = None if cursor is None else f"{_PATH}?limit={_PAGE}&cursor={quote(cursor)}"
        yield from reversed(newest_first)

    def find(self, name: str) -> Recording:
        """Return the session with an id; raise `RecordingError` if there is none."""
        path = f"{_PATH}/{quote(name, safe='')}"
        content, source = self._get(f"{path}.jsonl"), f"{self._url}{path}.jsonl"
        session = load_content(content, source)
        if session.end is not None:
            return session
        # Only the server knows whether it is open.
        facts = self._get(path)
        listed = self._understand(lambda: read_listed(Fields.parse(facts.decode())))
        return load_content(content, source, without_end=listed.without_end)

    def _get(self, path: str) -> bytes:
        try:
            with self._opener.open(self._url + path, timeout=self._timeout) as response:
                content: bytes = response.read()
                return content
        except HTTPError as error:
            with error:
                raise self._explain(error.read()) from None
        except (HTTPException, ValueError) as error:
            raise self._doubt(error) from error
        except OSError as error:
            reason = error.reason if isinstance(error, URLError) else error
            message = f"no server answers at {self._url} ({reason}): is `fakesmtp serve` running?"
            raise RecordingError(message) from error

    def _explain(self, content: bytes) -> RecordingError:
        """Return the error that a response describes."""
        detail = self._understand(lambda: Fields.parse(content.decode()).text("detail"))
        return RecordingError(f"{self._url}: {detail if detail.isprintable() else repr(detail)}")

    def _understand(self, read: Callable[[], _T]) -> _T:
        try:
            return read()
        except (ValueError, OverflowError, RecursionError) as error:
            raise self._doubt(error) from error

    def _doubt(self, error: Exception) -> RecordingError:
        return RecordingError(f"the server at {self._url} is not fakesmtp: {error}")


def _read_page(content: bytes) -> tuple[list[ListedSession], str | None]:
    """Return the sessions of a page, and the cursor of the next one."""
    # The fields are checked as strictly as those of a file.
    page = json.loads(content)
    if not isinstance(page, dict) or not isinstance(page.get("sessions"), list):
        raise RecordingError("it returned no list of sessions")
    sessions = [read_listed(Fields(each)) for each in page["sessions"]]
    return sessions, Fields(page).text_or_none("cursor")
