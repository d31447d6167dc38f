"""The controlling terminal: what is typed there unseen, and what is shown there and wiped.

- Passphrases go from the terminal driver straight into a `Secret`; ``getpass`` would make a
  ``str`` of them. The driver edits the line (its erase and kill keys work), echo is off.
- Whatever happens - Ctrl+C, a signal, an error, Ctrl+Z and back - the terminal is left as it was
  found, and is never reading a secret with echo on.
- A recovery kit is shown on the alternate screen only, which keeps no scrollback. A dumb terminal
  has none: what is shown there stays, and who shows it says so before.
"""

from __future__ import annotations

import contextlib
import os
import select
import signal
import sys
import termios
from contextlib import contextmanager
from typing import TYPE_CHECKING, Self

from wizard import engine
from wizard.cli.reading import room_for

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from types import FrameType

# The Linux terminal driver keeps 4,095 bytes of a line and drops the rest without a word.
_DRIVER_LIMIT = 4095
_LINE_FEED = ord("\n")
_ESCAPE = "\x1b"

_TO_ALTERNATE = "\x1b[?1049h\x1b[2J\x1b[H"
_FROM_ALTERNATE = "\x1b[2J\x1b[H\x1b[?1049l"
_CLEAR = "\x1b[2J\x1b[H"
_SEQUENCE_SECONDS = 0.05
_DUMB = frozenset({"", "dumb", "unknown"})


def is_dumb() -> bool:
    """Whether the terminal, where there is one, can print lines and do nothing else."""
    return os.environ.get("TERM", "") in _DUMB


def is_terminal() -> bool:
    """Whether somebody is there to be asked."""
    return (
        sys.stdin is not None
        and sys.stdin.isatty()
        and sys.stderr is not None
        and sys.stderr.isatty()
    )


class Terminal:
    """The controlling terminal, whatever the standard streams are. A context manager."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor

    @classmethod
    def open(cls) -> Terminal:
        """Open /dev/tty. Raises `UsageProblem` where there is none (cron, a service, a pipe)."""
        try:
            return cls(os.open("/dev/tty", os.O_RDWR | os.O_NOCTTY | os.O_CLOEXEC))
        except OSError:
            from wizard.refusals import UsageProblem  # noqa: PLC0415 - is_terminal is asked first

            raise UsageProblem(
                "There is no terminal to ask for the passphrase. "
                "Say where it is with --passphrase SOURCE."
            ) from None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        os.close(self._descriptor)

    def write(self, text: str) -> None:
        """Write at once and completely."""
        data = text.encode(errors="replace")
        while data:
            data = data[os.write(self._descriptor, data) :]

    def ask(self, question: str) -> str:
        """Return a typed line that is not secret, without its line ending."""
        with self._line(question) as line, line.expose() as view:
            return str(view, "utf-8", "replace").strip()

    def ask_unseen(self, question: str) -> engine.Secret:
        """Return a typed line without its line ending, as bytes in a secret. Nothing is echoed.

        Raises `Cancelled` on an end of input (Ctrl+D) and `InvalidPassphrase` for a line that the
        terminal driver may have cut.
        """
        with self._no_echo():
            try:
                return self._line(question)
            finally:
                # The Enter that ended the line was not echoed either.
                self.write("\n")

    @property
    def wipes(self) -> bool:
        """Whether what was shown can be taken away again."""
        return not is_dumb()

    def clear(self) -> None:
        """Wipe the alternate screen; a dumb terminal goes on below."""
        self.write(_CLEAR if self.wipes else "\n")

    @contextmanager
    def alternate_screen(self) -> Iterator[Callable[[], None]]:
        """Switch to the screen that keeps no history; yields what clears it.

        A dumb terminal has no other screen: nothing is switched there, and nothing wiped.
        """
        if not self.wipes:
            yield self.clear
            return
        self.write(_TO_ALTERNATE)
        try:
            yield self.clear
        finally:
            self.write(_FROM_ALTERNATE)

    def redraw(self, lines: Sequence[str]) -> None:
        """Show lines from the top of the alternate screen, in the place of what was there."""
        self.write(_CLEAR + "\r\n".join(lines))

    @contextmanager
    def keys(self) -> Iterator[Callable[[], str]]:
        """Yield what waits for the next key: a character, or an arrow's whole sequence.

        Nothing is echoed; Ctrl+C still interrupts. An empty key is the end of the input.
        """
        with self._mode(termios.ICANON | termios.ECHO, 0):
            yield self._key

    def _key(self) -> str:
        first = os.read(self._descriptor, 1)
        if first != b"\x1b":
            return first.decode("ascii", "replace")
        # The rest of a sequence is there already; a lone Escape is followed by nothing.
        rest = b""
        while select.select([self._descriptor], [], [], _SEQUENCE_SECONDS)[0] and len(rest) < 8:  # noqa: PLR2004
            rest += os.read(self._descriptor, 1)
            if rest[-1:].isalpha() or rest[-1:] == b"~":
                break
        return (first + rest).decode("ascii", "replace")

    def size(self) -> tuple[int, int]:
        """Return columns and rows; a serial line that does not know them counts as 80 by 24."""
        columns, rows = os.get_terminal_size(self._descriptor)
        return columns or 80, rows or 24

    def show_pages(self, text: Sequence[str], *, after: str) -> str:
        """Show lines a screenful at a time, on the alternate screen.

        ``after`` is asked below the last; what is answered there is returned.
        """
        columns, rows = self.size()
        # A line that the terminal would wrap counts as the lines that it takes; one with colours in
        # it was measured by who made it.
        lines = [
            line if _ESCAPE in line else line[start : start + columns]
            for line in text
            for start in range(0, 1 if _ESCAPE in line else max(1, len(line)), columns)
        ]
        height = max(4, rows - 2)
        start = 0
        while True:
            self.clear()
            self.write("".join(f"{line}\r\n" for line in lines[start : start + height]))
            last = start + height >= len(lines)
            answer = self.ask(after if last else "[Enter: next page, b: back] ")
            if answer.lower().startswith("b"):
                start = max(0, start - height)
            elif last:
                return answer
            else:
                start += height

    def _line(self, question: str) -> engine.Secret:
        self.write(question)
        line = room_for(_DRIVER_LIMIT + 1)
        try:
            with line.expose() as view:
                length = self._read_line(view)
                ended = length > 0 and view[length - 1] == _LINE_FEED
            line.truncate(length - ended)
        except BaseException:
            line.close()
            raise
        if length >= _DRIVER_LIMIT:
            line.close()
            raise engine.InvalidPassphrase("too_long", "That is longer than a line can be.")
        if not ended:
            line.close()
            raise engine.Cancelled
        return line

    def _read_line(self, view: memoryview) -> int:
        """Read up to a line feed, the end of the input, or the end of ``view``."""
        length = 0
        while length < len(view) and (not length or view[length - 1] != _LINE_FEED):
            with view[length:] as rest:
                count = os.readv(self._descriptor, [rest])
            # Ctrl+D delivers what was typed so far without ending the line; a second one ends it.
            if not count:
                break
            length += count
        return length

    def _no_echo(self) -> contextlib.AbstractContextManager[None]:
        echo = termios.ECHO | termios.ECHOE | termios.ECHOK | termios.ECHONL
        return self._mode(echo, termios.ICANON)

    @contextmanager
    def _mode(self, off: int, on: int) -> Iterator[None]:
        """Switch local modes of the terminal off and on, and back afterwards."""
        before = termios.tcgetattr(self._descriptor)
        quiet = termios.tcgetattr(self._descriptor)
        quiet[3] = quiet[3] & ~off | on

        def hush(_number: int = 0, _frame: FrameType | None = None) -> None:
            # FLUSH: what was typed before the question was shown, and is not meant for it.
            termios.tcsetattr(self._descriptor, termios.TCSAFLUSH, quiet)

        # A shell sets echo on again while the program is suspended; switch it off on return.
        continued = signal.signal(signal.SIGCONT, hush)
        try:
            hush()
            yield
        finally:
            signal.signal(signal.SIGCONT, continued)
            # The terminal may be gone (SIGHUP): there is nothing left to restore then.
            with contextlib.suppress(termios.error):
                termios.tcsetattr(self._descriptor, termios.TCSADRAIN, before)


def ask_passphrase(question: str) -> engine.Secret:
    """Ask once, on the controlling terminal, without echo. Raises as `Terminal` does."""
    with Terminal.open() as terminal:
        return terminal.ask_unseen(question)


def yes(question: str) -> bool:
    """Ask on the terminal; anything but a word that starts with y is a no."""
    with Terminal.open() as terminal:
        return terminal.ask(f"{question} [y/N] ").lower().startswith("y")
