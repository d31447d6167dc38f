"""A real server in a process of its own, and a client of it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import uuid
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx

from wizard.api.place import tokens_file
from wizard.settings import load

PASSPHRASE = "correct horse battery staple 77"
CHEAP = {"memory_kib": 19 * 1024, "passes": 2, "lanes": 1}


def configure(directory: Path, *names: str, api: str = "", top: str = "", crypto: str = "") -> Path:
    """Write a configuration for databases in ``directory``; return its path."""
    databases = "".join(
        f'[databases.{name}]\npath = "{name}.db"\n[databases.{name}.crypto]\n'
        f'memory = "19MiB"\npasses = 2\nlanes = 1\n{crypto}\n'
        for name in names
    )
    path = directory / "datafold.toml"
    path.write_text(
        f'{top}\n{databases}[api]\nport = 0\nstate = "receipts"\ntokens = "tokens.json"\n{api}\n'
    )
    path.chmod(0o644)
    return path


def environment(directory: Path) -> dict[str, str]:
    kept = {name: os.environ[name] for name in ("PATH",) if name in os.environ}
    home = {"HOME": str(directory), "XDG_CONFIG_HOME": str(directory / "no")}
    return {**kept, **home, "LC_ALL": "C.UTF-8"}


class Server:
    """`datafold-wizard serve`; ``log`` is all that it has written."""

    def __init__(self, config: Path, *options: str, **extra: str) -> None:
        self.directory = config.parent
        self._log = (self.directory / "server.log").open("a+")
        self.process = subprocess.Popen(
            [sys.executable, "-m", "wizard", "serve", "--json", "--config", str(config), *options],
            env=environment(self.directory) | extra,
            stdout=subprocess.PIPE,
            stderr=self._log,
            cwd=self.directory,
        )
        assert self.process.stdout is not None
        lines = []
        for line in self.process.stdout:
            lines.append(line.decode())
            if line == b"}\n":
                break
        assert lines, self.log
        self.told: dict[str, Any] = json.loads("".join(lines))

    @property
    def log(self) -> str:
        return (self.directory / "server.log").read_text()

    def client(self, token: str | None = None, **options: Any) -> httpx.Client:
        address = self.told["address"]
        headers = {} if token is None else {"Authorization": f"Bearer {token}"}
        if address.startswith("unix:"):
            transport = httpx.HTTPTransport(uds=address.removeprefix("unix:"))
            return httpx.Client(
                transport=transport, base_url="http://localhost", headers=headers, timeout=60
            )
        return httpx.Client(base_url=address, headers=headers, timeout=60, **options)

    def stop(self, number: int = signal.SIGTERM) -> int:
        self.process.send_signal(number)
        code = self.process.wait(60)
        self._log.close()
        return code


@contextmanager
def serving(config: Path, *options: str, **extra: str):
    server = Server(config, *options, **extra)
    try:
        yield server
    finally:
        if server.process.poll() is None:
            server.stop()


def node_token(config: Path, role: str = "owner", *databases: str) -> str:
    """Make a node token as the command does."""
    from datetime import UTC, datetime, timedelta

    from wizard.api import tokens

    secret, made = tokens.new_token(
        "test", role=role, databases=databases, lifetime=timedelta(days=1), now=datetime.now(UTC)
    )
    place = tokens_file(load(config).settings)
    tokens.write_tokens(place, (*tokens.read_tokens(place), made))
    return secret


def init(
    client: httpx.Client, name: str, *, key: str | None = None, **members: Any
) -> httpx.Response:
    body = {"database": name, "passphrase": PASSPHRASE, "parameters": CHEAP} | members
    body = {member: value for member, value in body.items() if value is not ...}
    return client.post(
        "/api/crypto/init", json=body, headers={"Idempotency-Key": key or str(uuid.uuid4())}
    )


def problem(response: httpx.Response) -> tuple[int, str]:
    """Check that an error is a problem document, and return status and code."""
    assert response.headers["content-type"] == "application/problem+json", response.text
    document = response.json()
    assert document["status"] == response.status_code
    assert set(document) >= {"type", "title", "status", "detail", "code", "hint"}
    return response.status_code, document["code"]
