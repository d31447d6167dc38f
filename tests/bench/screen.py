"""What the wizard sends over a slow line, and when it first shows something, against small apps."""

from __future__ import annotations

import statistics
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pexpect

from tests.bench.measuring import RUNS, Row, Rows, shown
from tests.databases import make_plain
from tests.tui_terminal import Terminal

_FIRST_FRAME = 1.4
_BYTES = 0.25
_KEYS = "seven quiet lanterns drift north"
_IDLE_SECONDS = 5

MINIMAL = """
from textual.app import App
from textual.widgets import Input, ProgressBar

class Minimal(App):
    def compose(self):
        yield Input(placeholder="ready")
        {bar}
    def on_input_changed(self, event):
        for bar in self.query(ProgressBar):
            bar.update(total=40, progress=len(event.value))

Minimal().run()
"""


def rows() -> Rows:
    """First frames in turn; then the same keys typed into both."""
    with tempfile.TemporaryDirectory() as directory:
        path = make_plain(Path(directory) / "node.db", rows=10)
        yield from _first_frames(Path(directory), path)
        yield from _bytes(Path(directory), path)


def _first_frames(directory: Path, path: Path) -> Rows:
    ours, yardstick = [], []
    for run in range(RUNS + 1):
        with _minimal(directory, bar=False) as terminal:
            small = _until(terminal, b"eady")
        with Terminal(directory, str(path)) as terminal:
            wizard = _until(terminal, b"protected?")
        if run:
            yardstick.append(small)
            ours.append(wizard)
    taken, least = statistics.median(ours), statistics.median(yardstick)
    yield Row(
        "first frame of the wizard",
        f"a Textual app with one Input: {shown(least)}",
        shown(taken),
        taken / least,
        _FIRST_FRAME,
    )


def _bytes(directory: Path, path: Path) -> Rows:
    with _minimal(directory, bar=True) as terminal:
        _until(terminal, b"eady")
        per_key, idle = _typed(terminal)
    with Terminal(directory, str(path)) as terminal:
        _until(terminal, b"protected?")
        _watch(terminal, 1.0)
        terminal.child.send("\r")
        _until(terminal, b"Strength")
        ours, ours_idle = _typed(terminal)
    yield Row(
        "bytes to the terminal per key, passphrase step",
        f"an app with Input and ProgressBar: {per_key:.0f} B",
        f"{ours:.0f} B",
        ours / per_key,
        _BYTES,
    )
    yield Row(
        f"bytes in {_IDLE_SECONDS} idle seconds",
        f"the same app: {idle} B",
        f"{ours_idle} B",
        float(ours_idle),
        0.0,
        " B",
    )


def _typed(terminal: Terminal) -> tuple[float, int]:
    _watch(terminal, 1.0)
    sent = []
    for key in _KEYS:
        terminal.child.send(key)
        sent.append(_watch(terminal, 0.3))
    # What follows the last key: a score that comes later.
    _watch(terminal, 1.5)
    return statistics.mean(sent), _watch(terminal, _IDLE_SECONDS)


def _watch(terminal: Terminal, seconds: float) -> int:
    """How many bytes come in so many seconds; an app that blinks never falls silent."""
    before, end = len(terminal.written), time.perf_counter() + seconds
    while time.perf_counter() < end:
        try:
            terminal.written += terminal.child.read_nonblocking(65536, timeout=0.02)
        except pexpect.TIMEOUT:
            continue
    return len(terminal.written) - before


def _until(terminal: Terminal, marker: bytes) -> float:
    # Of "ready" all but the first letter, which the cursor stands on and draws by itself.
    begun = time.perf_counter()
    while marker not in terminal.written:
        _watch(terminal, 0.002)
        assert time.perf_counter() - begun < 60, f"{marker!r} never came"
    return time.perf_counter() - begun


@contextmanager
def _minimal(directory: Path, *, bar: bool) -> Iterator[Terminal]:
    program = MINIMAL.format(bar="yield ProgressBar(show_eta=False)" if bar else "")
    with Terminal(directory, command=("-c", program)) as terminal:
        yield terminal
