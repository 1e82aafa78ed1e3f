"""A server of the Model Context Protocol: tools that let an assistant read and wait for mail."""

from __future__ import annotations

from importlib.util import find_spec

from fakesmtp.errors import MissingExtraError

# Before `fakesmtp.client`, which would name the extra `client`.
if find_spec("httpx") is None:
    raise MissingExtraError("this command needs httpx: pip install 'fakesmtp[mcp]' installs it")
