"""One OpenSSH server on loopback for all logins of a test run."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.terminals.ssh_server import SshServer


@pytest.fixture(scope="session")
def ssh_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SshServer]:
    with SshServer(tmp_path_factory.mktemp("terminals") / "ssh") as server:
        yield server
