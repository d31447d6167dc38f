"""A login at the loopback server from a tmux window, and the wizard that was started there."""

from __future__ import annotations

import os
import re
import shlex
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.terminals.ssh_server import SshServer, descendants, kill, name_of
from tests.terminals.tmux_window import TmuxWindow

ROOT = Path(__file__).resolve().parent.parent.parent
_ENDED = re.compile(r"the exit code is ([0-9]+)")


@dataclass(frozen=True, slots=True)
class Login:
    """`home` is the directory that the wizard is started in, and its HOME."""

    server: SshServer
    window: TmuxWindow
    home: Path

    def start(self, *arguments: str, term: str = "xterm-256color", **variables: str) -> str:
        """Log in and start the program; the line that was typed for it.

        The end of it leaves a line with the exit code.
        """
        words = [
            # What the one who runs the tests has set is nobody's business there.
            *("env", "-i", f"HOME={self.home}", f"PATH={os.environ['PATH']}"),
            f"PYTHONPATH={ROOT}",
            "SSH_CONNECTION=127.0.0.1 1 127.0.0.1 2",
        ]
        # With -i nothing that sshd set is left: the terminal and the locale are passed on by name.
        passed = ["TERM=$TERM", *(f"{name}=${name}" for name in variables)]
        program = [sys.executable, "-m", "wizard", *arguments]
        line = " ".join([shlex.join(words), *(f'"{each}"' for each in passed), shlex.join(program)])
        remote = f"cd {shlex.quote(str(self.home))} && {line}"
        # As typed it does not look like what it prints.
        told = "printf 'the exit code is %s\\n' $?"
        login = self.server.command(remote, **variables)
        line = f"clear; TERM={term} {login}; {told}"
        self.window.line(line)
        return line

    def ended(self, seconds: float = 180.0) -> int:
        """Wait until the line of the end stands there; the exit code."""
        end = time.monotonic() + seconds
        while not (told := _ENDED.search(self.window.words)):
            assert time.monotonic() < end, f"it has not ended:\n{self.window.text}"
            time.sleep(0.1)
        return int(told[1])

    def processes(self) -> list[int]:
        """The wizard's own processes, the screen's first, in all open logins."""
        below = [pid for session in self.server.sessions() for pid in descendants(session)]
        return [pid for pid in dict.fromkeys(below) if name_of(pid).startswith("python")]

    def cut_client(self) -> None:
        """Kill the client, as a laptop's lid does."""
        clients = [pid for pid in descendants(self.window.pid) if name_of(pid) == "ssh"]
        assert clients
        kill(clients)

    def cut_server(self) -> None:
        """Kill the server's processes for the connection, as an administrator in a hurry does."""
        sessions = self.server.sessions()
        assert sessions
        kill(sessions)

    def kill_wizard(self) -> None:
        """Kill both of its processes at once: nothing of it can tidy up."""
        processes = self.processes()
        assert len(processes) >= 2
        kill(processes, signal.SIGSTOP)
        kill(processes)


@contextmanager
def logging_in(
    server: SshServer, directory: Path, *, columns: int = 80, rows: int = 24
) -> Iterator[Login]:
    """A window and an empty home in `directory`; at the end nobody is logged in any longer."""
    home = directory / "home"
    home.mkdir()
    with TmuxWindow(directory, columns=columns, rows=rows) as window:
        try:
            yield Login(server, window, home)
        finally:
            kill(server.sessions())


def gone(processes: list[int], seconds: float = 60.0) -> bool:
    """Whether all of them end in time."""
    end = time.monotonic() + seconds
    while any(name_of(pid) for pid in processes):
        if time.monotonic() > end:
            return False
        time.sleep(0.1)
    return True
