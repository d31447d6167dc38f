"""A real OpenSSH server on loopback: own keys, own port, own configuration, gone after the test."""

from __future__ import annotations

import getpass
import os
import shlex
import signal
import socket
import subprocess
import time
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import Self

from tests.programs import where

_CONFIGURATION = """\
ListenAddress 127.0.0.1
Port {port}
HostKey {directory}/host_key
PidFile none
AuthorizedKeysFile {directory}/login_key.pub
AuthenticationMethods publickey
PermitRootLogin prohibit-password
StrictModes no
UsePAM no
PrintMotd no
PrintLastLog no
AcceptEnv *
"""
_PRIVILEGE_SEPARATION = Path("/run/sshd")


class SshServer:
    """Runs while the context is open; `command` is what a client types to log in."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._process: subprocess.Popen[bytes] | None = None
        self._made_run_directory = False
        self.port = 0

    def __enter__(self) -> Self:
        self._directory.mkdir(mode=0o700)
        for name in ("host_key", "login_key"):
            subprocess.run(
                [where("ssh-keygen"), "-q", "-t", "ed25519", "-N", "", "-f", self._file(name)],
                check=True,
            )
        # What Debian's unit does before it starts the server, which looks for it as root.
        if os.geteuid() == 0 and not _PRIVILEGE_SEPARATION.exists():
            _PRIVILEGE_SEPARATION.mkdir(mode=0o755)
            self._made_run_directory = True
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        configuration = _CONFIGURATION.format(port=self.port, directory=self._directory)
        Path(self._file("config")).write_text(configuration)
        # It starts itself again for each connection, so it insists on an absolute path.
        self._process = subprocess.Popen(
            [where("sshd"), "-D", "-e", "-f", self._file("config")],
            stdin=subprocess.DEVNULL,
            stderr=Path(self._file("log")).open("wb"),
        )
        self._wait()
        return self

    def __exit__(self, *_exception: object) -> None:
        if self._process is not None:
            kill(self.sessions())
            self._process.terminate()
            self._process.wait(10)
        if self._made_run_directory:
            _PRIVILEGE_SEPARATION.rmdir()

    @property
    def log(self) -> str:
        """What the server said."""
        return Path(self._file("log")).read_text()

    def command(self, remote: str, **variables: str) -> str:
        """A shell's line that logs in with a terminal and runs `remote` there.

        TERM travels with the terminal, the other variables as SendEnv; "" takes one away.
        """
        # All in one: of several SetEnv only the first counts.
        pairs = " ".join(f"{name}={value}" for name, value in variables.items())
        send = f"-o {shlex.quote(f'SetEnv={pairs}')}" if pairs else ""
        options = (
            f"-tt -F none -p {self.port} -i {shlex.quote(self._file('login_key'))} "
            "-o BatchMode=yes -o StrictHostKeyChecking=no -o IdentitiesOnly=yes "
            f"-o UserKnownHostsFile={shlex.quote(self._file('known_hosts'))} -o LogLevel=ERROR"
        )
        return (
            f"{where('ssh')} {options} {send} {getpass.getuser()}@127.0.0.1 {shlex.quote(remote)}"
        )

    def sessions(self) -> list[int]:
        """Process ids of the server's own processes for open connections."""
        return [] if self._process is None else descendants(self._process.pid, only="sshd")

    def _file(self, name: str) -> str:
        return str(self._directory / name)

    def _wait(self) -> None:
        end = time.monotonic() + 20
        while time.monotonic() < end:
            if self._process is not None and self._process.poll() is not None:
                break
            with socket.socket() as attempt:
                if attempt.connect_ex(("127.0.0.1", self.port)) == 0:
                    return
            time.sleep(0.05)
        raise AssertionError(f"sshd does not answer:\n{self.log}")


def descendants(pid: int, *, only: str | None = None) -> list[int]:
    """The children of a process and theirs, deepest last; with `only` those of that name."""
    found: list[int] = []
    try:
        tasks = Path(f"/proc/{pid}/task").iterdir()
        children = [int(each) for task in tasks for each in (task / "children").read_text().split()]
    except OSError:
        return []
    for child in children:
        if only is None or name_of(child).startswith(only):
            found.append(child)
        found += descendants(child, only=only)
    return found


def kill(pids: Iterable[int], number: signal.Signals = signal.SIGKILL) -> None:
    """Send a signal to those that have not ended meanwhile."""
    for pid in pids:
        with suppress(ProcessLookupError):
            os.kill(pid, number)


def name_of(pid: int) -> str:
    """What the kernel calls the process; "" when it is gone."""
    try:
        return Path(f"/proc/{pid}/comm").read_text().strip()
    except OSError:
        return ""
