"""One tmux window as the terminal that somebody sits at: keys in, the text on it out."""

from __future__ import annotations

import os
import re
import subprocess
import time
from pathlib import Path
from typing import Self

import pyte

from tests.programs import where

_COLOUR = re.compile(r"\x1b\[(?:[0-9]+;)*(?:[34][0-8]|9[0-7]|10[0-7])[;m]")


class TmuxWindow:
    """A tmux server of its own, with one window of `columns` by `rows`, running a shell.

    `commands` are what is typed into that shell before; the last one may be a login elsewhere.
    """

    def __init__(self, directory: Path, *, columns: int = 80, rows: int = 24) -> None:
        self._socket = str(directory / "tmux.socket")
        self._directory = directory
        self._size = (columns, rows)

    def __enter__(self) -> Self:
        columns, rows = self._size
        environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(self._directory),
            "TERM": "xterm-256color",
            "LC_ALL": "C.UTF-8",
        }
        settings = "set -g status off\nset -s escape-time 10\nset -g history-limit 5000\nset -s set-clipboard on\n"
        configuration = self._directory / "tmux.conf"
        configuration.write_text(settings)
        self._tmux(
            "-u",
            "-f",
            str(configuration),
            *("new-session", "-d", "-x", str(columns), "-y", str(rows), "sh -i"),
            env=environment,
        )
        try:
            self.until("$", "#")
        except BaseException:
            self._tmux("kill-server")
            raise
        return self

    def __exit__(self, *_exception: object) -> None:
        self._tmux("kill-server")

    def reopen(self) -> None:
        """Close the window, whatever runs in it, and open another one in its place."""
        self._tmux("respawn-pane", "-k", "sh -i")
        self.until("$", "#")

    # In --------------------------------------------------------------------------------------

    def line(self, text: str) -> None:
        """Type a line."""
        self.type(text)
        self.press("Enter")

    def type(self, text: str) -> None:
        """Type text, as it is."""
        self._tmux("send-keys", "-l", "--", text)

    def press(self, *keys: str) -> None:
        """Press keys by tmux's names: Enter, Tab, Down, Escape, C-c, F1."""
        self._tmux("send-keys", *keys)

    def paste(self, text: str) -> None:
        """Paste text, bracketed as a terminal does it where the program asked for that."""
        self._tmux("set-buffer", "--", text)
        self._tmux("paste-buffer", "-p", "-d")

    def resize(self, columns: int, rows: int) -> None:
        """Drag the window's corner."""
        self._size = (columns, rows)
        self._tmux("resize-window", "-x", str(columns), "-y", str(rows))

    # Out -------------------------------------------------------------------------------------

    @property
    def size(self) -> tuple[int, int]:
        """Columns and rows."""
        return self._size

    @property
    def text(self) -> str:
        """What stands on the window now."""
        return "\n".join(line.rstrip() for line in self._tmux("capture-pane", "-p").splitlines())

    @property
    def words(self) -> str:
        """The same in one line, for sentences that are broken into several."""
        return " ".join(self.text.split())

    @property
    def coloured(self) -> bool:
        """Whether anything on the window has a colour."""
        return bool(_COLOUR.search(self._escaped()))

    @property
    def history(self) -> str:
        """What scrolled off, and what stands there: what stays when the program has ended."""
        return self._tmux("capture-pane", "-p", "-S", "-", "-J")

    @property
    def on_alternate_screen(self) -> bool:
        """Whether a program has the screen that leaves no history."""
        return self._tmux("display-message", "-p", "#{alternate_on}").strip() == "1"

    @property
    def clipboard(self) -> list[str]:
        """Everything that programs sent to the clipboard (OSC 52), newest first."""
        return self._tmux("list-buffers", "-F", "#{buffer_sample}").splitlines()

    @property
    def cursor(self) -> tuple[int, int]:
        """Column and row of the terminal's cursor, counted from 0."""
        told = self._tmux("display-message", "-p", "#{cursor_x} #{cursor_y}").split()
        return int(told[0]), int(told[1])

    @property
    def marked(self) -> bool:
        """Whether the cursor stands on something underlined or in reverse video."""
        columns, rows = self._size
        screen = pyte.Screen(columns, rows)
        pyte.Stream(screen).feed(self._escaped().rstrip("\n").replace("\n", "\r\n"))
        column, row = self.cursor
        cell = screen.buffer[row][column]
        return cell.reverse or cell.underscore

    @property
    def pid(self) -> int:
        """The shell in the window."""
        return int(self._tmux("display-message", "-p", "#{pane_pid}"))

    def until(self, *texts: str, seconds: float = 180.0) -> str:
        """Wait for one of `texts`, however its line is broken; return the one that came."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            seen = self.words
            for text in texts:
                if text in seen:
                    return text
            time.sleep(0.05)
        raise AssertionError(f"none of {texts} came:\n{self.history}")

    def _escaped(self) -> str:
        return self._tmux("capture-pane", "-p", "-e", "-N")

    def _tmux(self, *arguments: str, env: dict[str, str] | None = None) -> str:
        done = subprocess.run(
            [where("tmux"), "-S", self._socket, *arguments],
            check=True,
            capture_output=True,
            encoding="utf-8",
            env=env,
            timeout=60,
        )
        return done.stdout
