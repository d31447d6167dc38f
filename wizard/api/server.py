"""The listening socket and the server on it; ends in order on SIGTERM and SIGINT."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import socket
import ssl
import stat
import struct
from pathlib import Path
from typing import TYPE_CHECKING, Any

import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from wizard import engine
from wizard.api.app import create_app
from wizard.api.node import Node
from wizard.refusals import Fault, InvalidConfiguration

if TYPE_CHECKING:
    from collections.abc import Callable

    from wizard.settings import ApiSettings

_BACKLOG = 2048
_GRACE_SECONDS = 60
_READ_BYTES = 16 * 1024
_SOCKET_MODE = 0o660
_CREDENTIALS = struct.Struct("3i")


class _Protocol(asyncio.BufferedProtocol):
    """uvicorn's protocol over a buffer of our own, which is wiped after every read.

    The event loop's own would hold a passphrase until another request is as long. (uvloop asks for
    a buffer only if the protocol is no `asyncio.Protocol`, so this has one instead of being one.)
    """

    def __init__(self, *arguments: Any, **options: Any) -> None:
        self._http = _Http(*arguments, **options)
        self._room = bytearray(_READ_BYTES)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Pass it on, as all that has nothing to do with reading."""
        self._http.connection_made(transport)  # type: ignore[arg-type]

    def eof_received(self) -> None:
        """Pass it on."""
        self._http.eof_received()

    def connection_lost(self, exc: Exception | None) -> None:
        """Pass it on."""
        self._http.connection_lost(exc)

    def pause_writing(self) -> None:
        """Pass it on."""
        self._http.pause_writing()

    def resume_writing(self) -> None:
        """Pass it on."""
        self._http.resume_writing()

    def get_buffer(self, sizehint: int) -> bytearray:  # noqa: ARG002 - asyncio's signature
        """Where the loop may read to."""
        return self._room

    def buffer_updated(self, count: int) -> None:
        """Parse what was read, and wipe it."""
        with memoryview(self._room) as whole, whole[:count] as read:
            try:
                self._http.data_received(read)  # type: ignore[arg-type] # the parser takes any buffer
            finally:
                read[:] = bytes(count)


class _Http(HttpToolsProtocol):
    """Notes who is at the other end of a unix socket; only the kernel can say that."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        line = transport.get_extra_info("socket")
        if line is not None and line.family == socket.AF_UNIX:
            raw = line.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _CREDENTIALS.size)
            process, user, _group = _CREDENTIALS.unpack(raw)
            self.client = (f"uid:{user}", process)


def listen(api: ApiSettings) -> socket.socket:
    """Bind as configured. Raises `InvalidConfiguration` for what cannot be bound."""
    if api.tls_key is not None:
        _check_private(str(api.tls_key))
        _check_pair(str(api.tls_certificate), str(api.tls_key))
    try:
        if api.unix_socket is not None:
            return _unix_socket(str(api.unix_socket))
        family = socket.AF_INET6 if ":" in api.host else socket.AF_INET
        return socket.create_server(
            (api.host.strip("[]"), api.port), family=family, backlog=_BACKLOG
        )
    except OSError as error:
        where = api.unix_socket or f"{api.host}:{api.port}"
        raise InvalidConfiguration(
            (Fault(str(where), 0, "api", f"cannot listen here: {error.strerror or error}."),)
        ) from None


def address_of(api: ApiSettings, bound: socket.socket) -> str:
    """Return where it can be reached."""
    if api.unix_socket is not None:
        return f"unix:{api.unix_socket}"
    host, port = bound.getsockname()[:2]
    scheme = "https" if api.tls_key is not None else "http"
    return f"{scheme}://{f'[{host}]' if ':' in host else host}:{port}"


def serve(node: Node, bound: socket.socket, *, started: Callable[[], None]) -> None:
    """Serve until a signal; requests under way are finished first."""
    api = node.settings.api
    logging.basicConfig(level=logging.INFO, format="%(levelname)s %(name)s: %(message)s")
    server = _Server(_config(node, api))
    server.announce = started
    # uvicorn raises the signal again when it is done, for whoever was there before it.
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda _number, _frame: None)
    try:
        server.run(sockets=[bound])
    finally:
        engine.wipe_all()
        bound.close()
        if api.unix_socket is not None:
            api.unix_socket.unlink(missing_ok=True)
    if server.unsaid is not None:
        raise server.unsaid


class _Server(uvicorn.Server):
    announce: Callable[[], None]
    unsaid: Exception | None = None

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            try:
                self.announce()
            except Exception as error:  # noqa: BLE001 - raised again when uvicorn has ended
                self.unsaid = error
                self.should_exit = True


def _config(node: Node, api: ApiSettings) -> uvicorn.Config:
    options: dict[str, Any] = {}
    if api.tls_key is not None:
        options = {"ssl_keyfile": str(api.tls_key), "ssl_certfile": str(api.tls_certificate)}
    return uvicorn.Config(
        create_app(node),
        http=_Protocol,  # type: ignore[arg-type] # called like uvicorn's own
        ws="none",
        log_config=None,
        log_level="warning",
        access_log=False,
        server_header=False,
        proxy_headers=False,
        timeout_graceful_shutdown=_GRACE_SECONDS,
        **options,
    )


def _unix_socket(path: str) -> socket.socket:
    try:
        if stat.S_ISSOCK(os.lstat(path).st_mode):
            _refuse_if_served(path)
            Path(path).unlink()
    except FileNotFoundError:
        pass
    bound = socket.socket(socket.AF_UNIX)
    # Made private, then opened to the group: never open to all in between.
    before = os.umask(0o177)
    try:
        bound.bind(path)
    finally:
        os.umask(before)
    Path(path).chmod(_SOCKET_MODE)
    bound.listen(_BACKLOG)
    return bound


def _refuse_if_served(path: str) -> None:
    with socket.socket(socket.AF_UNIX) as probe:
        try:
            probe.connect(path)
        except ConnectionRefusedError:
            return
    raise InvalidConfiguration((Fault(path, 0, "api", "another server listens here."),))


def _check_pair(certificate: str, key: str) -> None:
    try:
        # An empty password: a key that has one would be asked for on the terminal, if there is one.
        ssl.create_default_context(ssl.Purpose.CLIENT_AUTH).load_cert_chain(
            certificate, key, password=""
        )
    except OSError as error:
        # OpenSSL's own words are the name of a part of it.
        unfit = isinstance(error, ssl.SSLError)
        what = "they are not a certificate and its key" if unfit else error.strerror
        raise InvalidConfiguration(
            (Fault(certificate, 0, "api.tls_certificate", f"cannot be used: {what}."),)
        ) from None


def _check_private(path: str) -> None:
    try:
        mode = Path(path).stat().st_mode
    except OSError as error:
        raise InvalidConfiguration(
            (Fault(path, 0, "api.tls_key", f"cannot be read: {error.strerror}."),)
        ) from None
    if mode & (stat.S_IRWXG | stat.S_IRWXO) & ~stat.S_IRGRP:
        raise InvalidConfiguration(
            (Fault(path, 0, "api.tls_key", f"others may read it. Run: chmod 600 {path}"),)
        )
