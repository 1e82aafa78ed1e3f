"""HTTP connections whose client asks for another protocol, such as HTTP/2."""

from __future__ import annotations

from httptools import HttpParserError, HttpParserUpgrade, HttpRequestParser

from fakesmtp.web.security.slow import ImpatientHttp

_UPGRADE = b"upgrade"


class SteadyHttp(ImpatientHttp):
    """uvicorn's HTTP, which by itself loses the body of a request that asks for HTTP/2.

    Java's `HttpClient` asks for it by default. A server may ignore that (RFC 9110 §7.8), but
    httptools takes the body for the other protocol. So the request is read again without the field
    Upgrade. WebSocket stays as it is.
    """

    def data_received(self, data: bytes) -> None:
        """Read requests."""
        self._unset_keepalive_if_required()
        while data:
            data = self._read(data)

    def on_headers_complete(self) -> None:
        """Begin a request, unless it is read again."""
        if not self._is_read_again:
            super().on_headers_complete()

    def on_message_complete(self) -> None:
        """End a request, unless it is read again."""
        if not self._is_read_again:
            super().on_message_complete()

    @property
    def _is_read_again(self) -> bool:
        return self.parser.should_upgrade() and self._get_upgrade() not in {None, b"websocket"}

    def _read(self, data: bytes) -> bytes:
        """Read requests; return what is to be read again, with all that follows it."""
        try:
            self.parser.feed_data(data)
        except HttpParserError:
            self.send_400_response("Invalid HTTP request received.")
        except HttpParserUpgrade as upgrade:
            if self._is_read_again:
                return self._start_again() + data[upgrade.args[0] :]
            if self._should_upgrade():
                self.handle_websocket_upgrade()
        return b""

    def _start_again(self) -> bytes:
        """Take a new parser; return the header of the request without the field Upgrade."""
        method, version = self.parser.get_method(), self.parser.get_http_version()
        fields = (b"%b: %b\r\n" % each for each in self.headers if each[0] != _UPGRADE)
        self.parser = HttpRequestParser(self)
        self.parser.set_dangerous_leniencies(lenient_data_after_close=True)  # as uvicorn
        first = b"%b %b HTTP/%b\r\n" % (method, self.url, version.encode())
        return first + b"".join(fields) + b"\r\n"
