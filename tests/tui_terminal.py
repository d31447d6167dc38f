"""The real program on a real pseudo-terminal, read through a terminal emulator."""

from __future__ import annotations

import os
import signal
import sys
import time
from pathlib import Path
from typing import Self

import pexpect
import pyte


class Terminal:
    """One run of `datafold-wizard`; `read` feeds what it wrote to an emulator."""

    def __init__(
        self,
        directory: Path,
        *arguments: str,
        size: tuple[int, int] = (80, 24),
        command: tuple[str, ...] = ("-m", "wizard"),
        **variables: str,
    ) -> None:
        columns, rows = size
        environment = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("TEXTUAL", "SSH_", "XDG_")) and name not in {"NO_COLOR", "TMUX"}
        }
        environment |= {
            "HOME": str(directory),
            "TERM": "xterm-256color",
            "LANG": "C.UTF-8",
            "PYTHONPATH": str(Path(__file__).parent.parent),
        }
        environment |= variables
        self.screen = pyte.Screen(columns, rows)
        self._stream = pyte.ByteStream(self.screen)
        self.written = bytearray()
        self.child = pexpect.spawn(
            sys.executable,
            [*command, *arguments],
            cwd=str(directory),
            env=environment,
            dimensions=(rows, columns),
            timeout=5,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_exception: object) -> None:
        self.child.close(force=True)

    def read(self, seconds: float = 0.1) -> int:
        """Take what arrives within `seconds` of silence; return the number of bytes."""
        taken = 0
        while True:
            try:
                data = self.child.read_nonblocking(65536, timeout=seconds)
            except (pexpect.TIMEOUT, pexpect.EOF):
                return taken
            taken += len(data)
            self.written += data
            self._stream.feed(data)

    def rest(self, silence: float = 0.4) -> None:
        """Wait until nothing more comes, on a loaded machine too."""
        for _try in range(20):
            if not self.read(silence):
                return

    @property
    def text(self) -> str:
        return "\n".join(line.rstrip() for line in self.screen.display)

    def until(self, text: str, seconds: float = 20.0) -> str:
        """Wait until `text` can be read on the screen."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            self.read(0.05)
            if text in self.text:
                self.read(0.1)
                return self.text
        message = f"{text!r} did not appear in:\n{self.text}"
        raise AssertionError(message)

    def send(self, text: str) -> int:
        """Type; return how many bytes came back."""
        self.child.send(text)
        return self.read(0.15)

    def ended(self, seconds: float = 15.0) -> int:
        """Wait for the end; return the exit code as a shell would see it."""
        end = time.monotonic() + seconds
        while self.child.isalive() and time.monotonic() < end:
            self.read(0.05)
        assert not self.child.isalive(), f"still running:\n{self.text}"
        self.read(0.05)
        status = self.child.exitstatus
        return 128 + self.child.signalstatus if status is None else status

    def kill(self, number: signal.Signals) -> None:
        os.kill(self.child.pid, number)
