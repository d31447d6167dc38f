"""Somebody who walks through the wizard by keys alone, reading what stands on the window."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import dropwhile

from tests.terminals.tmux_window import TmuxWindow

PASSPHRASE = "seven quiet lanterns drift north"
_NUMBERED = re.compile(r"(?<!\S)([0-9]{1,2}) {2}([a-z]{4,8})(?!\S)")
_ASKED = re.compile(r"Word ([0-9]+)\b")
_BUTTONS = 12


@dataclass(slots=True)
class Walker:
    """`pages` collects what was seen at each step, `words` the kit as read off the window."""

    window: TmuxWindow
    pages: dict[str, str] = field(default_factory=dict)
    words: dict[int, str] = field(default_factory=dict)
    coloured: bool = False

    def walk(self, *, since: str = "select", until: str = "") -> None:
        """From one page to the end, or to another one, where nothing is pressed."""
        way = dropwhile(lambda step: step[0] != since, self._way())
        for name, arrive, leave in way:
            arrive()
            self.pages[name] = self.window.text
            self.coloured = self.coloured or self.window.coloured
            if name == until:
                return
            leave()

    def _way(self) -> Iterator[tuple[str, Callable[[], object], Callable[[], object]]]:
        see = self.window.until
        yield "select", lambda: see("of 5: Select"), self._select
        yield "passphrase", lambda: see("of 5: Passphrase"), self._type_passphrase
        yield "derivation", lambda: see("of 5: Key derivation"), self._choose_cost
        yield "review", lambda: see("of 5: Review"), self._encrypt
        yield "generate", lambda: see("Cancel ]", "Next ]"), self._wait_for_copy
        yield "kit", lambda: see("of 5: Backup"), self._look_at_words
        yield "proof", lambda: see("Prove it ]", "Word "), self._prove
        yield "place", lambda: see("The kit alone opened"), lambda: self.press("Put it in place")
        yield "copies", lambda: see("encrypted and in place"), self._finish
        yield "done", lambda: see("Your database is protected"), lambda: self.press("Close")

    # What is pressed at each step ------------------------------------------------------------

    def _select(self) -> None:
        self.window.until("not encrypted")
        self.window.press("Enter")

    def _type_passphrase(self) -> None:
        self.window.until("Once more")
        # All at once, as a line that stalled delivers it.
        self.window.type(PASSPHRASE)
        self.window.press("Enter")
        self.window.type(PASSPHRASE)
        self.window.press("Enter")

    def _choose_cost(self) -> None:
        self.window.press("Up")
        end = time.monotonic() + 120
        while "of 5: Key derivation" in self.window.words and time.monotonic() < end:
            # Refused with a sentence as long as it has not been measured.
            if re.search(r"interactive +[0-9]", self.window.text):
                self.window.press("Enter")
            time.sleep(1.5)

    def _encrypt(self) -> None:
        self.press("Encrypt now")

    def _wait_for_copy(self) -> None:
        # It gets the focus when it can be pressed; a Tab would lead away from it.
        end = time.monotonic() + 120
        while not self._on("Next"):
            assert time.monotonic() < end, self.window.text
        self.window.press("Enter")

    def _look_at_words(self) -> None:
        self.press("Show words")
        self.window.until("33 words")
        self._read_words()
        self.window.press("Escape")
        self.window.until("Next: prove it")
        self.press("Next: prove it")

    def _read_words(self) -> None:
        before = ""
        while len(self.words) < 33 and before != (before := self.window.text):
            self.words |= {int(number): word for number, word in _NUMBERED.findall(before)}
            self.window.press("PageDown")
            time.sleep(0.5)
        assert len(self.words) == 33, f"{len(self.words)} words could be read:\n{self.window.text}"

    def _prove(self) -> None:
        for _word in range(3):
            number = self._asked()
            self.window.type(self.words[number])
            self.window.press("Enter")
            self._asked(other_than=number)

    def _asked(self, *, other_than: int = 0) -> int:
        """The number of the word in whose field the cursor stands; 0 when it is in none."""
        end = time.monotonic() + 10
        while time.monotonic() < end:
            asked = _ASKED.search(self._line())
            if asked and int(asked[1]) != other_than:
                return int(asked[1])
            if other_than and not asked:
                return 0
            time.sleep(0.1)
        return 0

    def _finish(self) -> None:
        self.press("Finish")
        self.window.until("type the name")
        self.window.type("node.db")
        self.window.press("Enter")

    # Keys ------------------------------------------------------------------------------------

    def press(self, *labels: str, seconds: float = 30.0) -> None:
        """Press one of these buttons: Tab until the terminal's cursor stands on it, then Enter."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            for _step in range(_BUTTONS):
                if self._on(*labels):
                    self.window.press("Enter")
                    return
                self.window.press("Tab")
        raise AssertionError(f"no button {labels} can be reached:\n{self.window.text}")

    def _on(self, *labels: str) -> bool:
        """Whether the cursor stands on one of these buttons, and stays there."""
        before = None
        while before != (before := (self.window.cursor, self.window.text)):
            time.sleep(0.25)
        here = self._line(from_cursor=True)
        return any(here.startswith(f"{label} ]") for label in labels)

    def _line(self, *, from_cursor: bool = False) -> str:
        column, row = self.window.cursor
        lines = self.window.text.splitlines()
        return lines[row][column if from_cursor else 0 :] if row < len(lines) else ""
