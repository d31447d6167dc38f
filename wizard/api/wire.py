"""Messages between the server and its workers: a length, a line of JSON, then raw secrets.

Secrets go from one `Secret` into the other; they are never part of the JSON.
"""

from __future__ import annotations

import json
import socket
import struct
from typing import Any

from wizard.engine import Secret

_LENGTH = struct.Struct(">I")
_MOST = 16 * 1024 * 1024


class Gone(ConnectionError):
    """The other side has closed the line, in order or not."""


def send(
    line: socket.socket, message: dict[str, Any], secrets: dict[str, Secret] | None = None
) -> None:
    """Send one message with its secrets. Raises `OSError`."""
    given = secrets or {}
    sizes = {name: len(secret) for name, secret in given.items()}
    body = json.dumps({**message, "secrets": sizes}).encode()
    line.sendall(_LENGTH.pack(len(body)) + body)
    for secret in given.values():
        with secret.expose() as view:
            line.sendall(view)


def receive(line: socket.socket) -> tuple[dict[str, Any], dict[str, Secret]]:
    """Return one message and its secrets, which the caller closes. Raises `Gone`."""
    (size,) = _LENGTH.unpack(_exactly(line, _LENGTH.size))
    if size > _MOST:
        raise Gone
    message: dict[str, Any] = json.loads(_exactly(line, size))
    secrets = {}
    for name, length in message.pop("secrets").items():
        secret = Secret.allocate(length)
        secret.append(bytes(length))
        with secret.expose() as view:
            _fill(line, view)
        secrets[name] = secret
    return message, secrets


def _exactly(line: socket.socket, size: int) -> bytearray:
    buffer = bytearray(size)
    with memoryview(buffer) as view:
        _fill(line, view)
    return buffer


def _fill(line: socket.socket, view: memoryview) -> None:
    done = 0
    while done < len(view):
        with view[done:] as rest:
            count = line.recv_into(rest)
        if not count:
            raise Gone
        done += count
