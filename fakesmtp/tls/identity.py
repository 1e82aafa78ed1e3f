"""Certificates and contexts of one server, created when first needed."""

# The modules that create them are imported where they are used: a server starts without them.

from __future__ import annotations

import os
from functools import partial
from pathlib import Path
from threading import RLock
from typing import TYPE_CHECKING
from weakref import finalize

from fakesmtp.errors import CertificateError
from fakesmtp.tls import files

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable

    from fakesmtp.tls.folder import CertificateFolder
    from fakesmtp.tls.serving import ServerContext


class Identity:
    """Certificates of one server, in a folder of the user or in a temporary one.

    Nothing is created before it is used: a server without TLS sessions needs no keys.
    """

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self._lock = RLock()
        self._process = os.getpid()
        self._remove_temporary: Callable[[], object] | None = None
        #: The folder once it is ready, as text: a Path that is created while pyfakefs replaces
        #: pathlib is unusable afterwards.
        self._ready = ""
        self._server_contexts: dict[str, ssl.SSLContext] = {}
        self._rsa_contexts: dict[str, ssl.SSLContext] = {}
        self._client_context: ssl.SSLContext | None = None

    def folder(self) -> CertificateFolder:
        """Return the folder with valid certificates in it; raise `CertificateError`."""
        from fakesmtp.tls.folder import CertificateFolder

        with self._lock:
            # A temporary folder has no RSA key: it would take longer than everything else.
            kept = self._path is not None
            if not self._ready:
                path = str(self._path) if kept else self._make_temporary()
                CertificateFolder(Path(path), rsa=kept).ensure()
                self._ready = path
            return CertificateFolder(Path(self._ready), rsa=kept)

    def server_context(self, flaw: str = "") -> ssl.SSLContext:
        """Return the context of the listeners, or one with a flaw; raise `CertificateError`."""
        with self._lock:
            if flaw not in self._server_contexts:
                self._server_contexts[flaw] = self._make_server_context(flaw)
            return self._server_contexts[flaw]

    def client_context(self) -> ssl.SSLContext:
        """Return a context that trusts this server only; always the same one."""
        from fakesmtp.tls.contexts import client_context

        with self._lock:
            if self._client_context is None:
                self._client_context = client_context(self.folder().ca_file)
            return self._client_context

    def close(self) -> None:
        """Remove the temporary folder; what is needed afterwards is created again."""
        with self._lock:
            if self._remove_temporary is not None:
                self._remove_temporary()
                self._remove_temporary = None
            self._process = os.getpid()
            # Also for a folder that stays: it may be renewed before the server starts again.
            self._ready, self._client_context = "", None
            self._server_contexts.clear()
            self._rsa_contexts.clear()

    def _make_server_context(self, flaw: str) -> ssl.SSLContext:
        from fakesmtp.tls.contexts import server_context

        folder = self.folder()
        context = self._fresh_context(flaw) if flaw else server_context(folder.path, folder.kinds())
        if flaw or not folder.has_rsa:
            context.make_rsa = partial(self._rsa_context, flaw)
        return context

    def _rsa_context(self, flaw: str) -> ssl.SSLContext:
        """Return a context for clients that P-256 does not suit, created for the first one."""
        with self._lock:
            if flaw not in self._rsa_contexts:
                self._rsa_contexts[flaw] = self._fresh_context(flaw, rsa=True)
            return self._rsa_contexts[flaw]

    def _fresh_context(self, flaw: str, *, rsa: bool = False) -> ServerContext:
        from fakesmtp.tls.flaws import fresh_context

        return fresh_context(self.folder().path, flaw, rsa=rsa)

    def _make_temporary(self) -> str:
        if self._process != os.getpid():
            raise CertificateError(
                "the server runs in the process that this one was forked from, and had no "
                "certificates then: ask for ca_file or client_context() there before forking"
            )
        path = files.make_temporary_folder()
        # With the id of the process: a forked child that ends would remove the folder too.
        self._remove_temporary = finalize(self, _remove, path, os.getpid())
        return path


def _remove(path: str, process: int) -> None:
    """Remove a folder, in the process that created it."""
    if os.getpid() == process:
        files.remove_folder(path)
