"""Somebody who walks through the wizard by keys alone, reading what stands on the window.

Every key that moves something is followed by a look whether it did: nothing depends on how fast
the machine is, only on deadlines that are long for any.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import cycle, dropwhile
from typing import TypeVar

from shamir_mnemonic import MnemonicError
from shamir_mnemonic.share import Share

from tests.terminals.tmux_window import TmuxWindow

PASSPHRASE = "seven quiet lanterns drift north"
_NUMBERED = re.compile(r"(?<!\S)([0-9]{1,2}) {2}([a-z]{4,8})(?!\S)")
_LAST_WORD = re.compile(r"(?<!\S)33 {2}[a-z]")
_ASKED = re.compile(r"Word ([0-9]+)\b")
T = TypeVar("T")
_BUTTONS = 12
# What stands there changes by itself.
_MOVING = {"select", "passphrase", "derivation", "measured", "generate"}
PATIENCE = 180.0
_LOOK_SECONDS = 0.05
_FOCUS_SECONDS = 10.0


@dataclass(slots=True)
class Walker:
    """`pages` collects what was seen, `words` the kit as read off the window.

    With `drags` the window is made smaller at each page, too small, and what it was.
    `unmarked` are the pages where nothing but a colour would say where the focus is.
    """

    window: TmuxWindow
    drags: bool = False
    pages: dict[str, str] = field(default_factory=dict)
    words: dict[int, str] = field(default_factory=dict)
    unmarked: list[str] = field(default_factory=list)
    coloured: bool = False

    def walk(self, *, since: str = "select", until: str = "") -> None:
        """From one page to the end, or to another one, where nothing is pressed."""
        way = dropwhile(lambda step: step[0] != since, self._way())
        for name, arrive, leave in way:
            arrive()
            if name == until:
                return
            self._look(name)
            leave()

    def _look(self, name: str) -> None:
        # A page is drawn before its focus is brought into view.
        end = time.monotonic() + _FOCUS_SECONDS
        while not (marked := self.window.marked) and time.monotonic() < end:
            time.sleep(_LOOK_SECONDS)
        if not marked:
            self.unmarked.append(name)
        self.pages[name] = self._settled()
        self.coloured = self.coloured or self.window.coloured
        if self.drags:
            self._drag(name)

    def _drag(self, name: str) -> None:
        before = self.window.size
        self.window.resize(60, 16)
        self._settled()
        self.window.resize(20, 5)
        if name != "name":
            self.window.until("Too small for the wizard")
        self.window.resize(*before)
        if name not in _MOVING:
            self._until(lambda: self.window.text == self.pages[name])

    def _way(self) -> Iterator[tuple[str, Callable[[], object], Callable[[], object]]]:
        see = self.window.until
        yield "select", lambda: see("not encrypted"), lambda: self.window.press("Enter")
        yield "passphrase", lambda: see("Once more"), self._type_passphrase
        yield "derivation", lambda: see("of 5: Key derivation"), self._choose_cost
        yield "review", lambda: see("of 5: Review"), self._encrypt
        yield "generate", lambda: see("Cancel ]", "Next ]"), self._wait_for_copy
        yield "kit", lambda: see("of 5: Backup"), self._look_at_words
        yield "proof", lambda: self._until(self._asks), self._prove
        yield "place", lambda: see("The kit alone opened"), lambda: self.press("Put it in place")
        yield "copies", lambda: see("encrypted and in place"), self._finish
        yield "done", lambda: see("Your database is protected"), lambda: self.press("Close")

    # What is pressed at each step ------------------------------------------------------------

    def _type_passphrase(self) -> None:
        # All at once, as a line that stalled delivers it.
        self.window.type(PASSPHRASE)
        self.window.press("Enter")
        self.window.type(PASSPHRASE)
        self.window.press("Enter")

    def _choose_cost(self) -> None:
        self.window.press("Up")
        # It is refused with a sentence as long as it has not been measured.
        self._until(lambda: re.search(r"interactive +[0-9]", self.window.text))
        self._look("measured")
        self.window.press("Enter")

    def _encrypt(self) -> None:
        self.press("Encrypt now")

    def _wait_for_copy(self) -> None:
        # It gets the focus when it can be pressed; a Tab would lead away from it.
        self._until(lambda: self._on("Next"))
        self.window.press("Enter")

    def _look_at_words(self) -> None:
        self.press("Show words")
        self.window.until("33 words")
        # A page is drawn before it is known whether there is more of it than is seen.
        self._until(lambda: _LAST_WORD.search(self.window.text) or "PgDn" in self.window.text)
        self.pages["words"] = self._settled()
        self._read_words()
        self.window.press("Escape")
        self.window.until("Next: prove it")
        self.press("Next: prove it")

    def _read_words(self) -> None:
        # Down and up again until the checksum of the sheet says that nothing was misread: a page
        # that is just being drawn shows what is not there.
        end = time.monotonic() + PATIENCE
        for key in cycle(["PageDown"] * 4 + ["PageUp"] * 4):
            page = self._settled()
            self.words |= {int(number): word for number, word in _NUMBERED.findall(page)}
            if self._is_sheet():
                return
            assert time.monotonic() < end, f"{self.words}\n{page}"
            self.window.press(key)

    def _is_sheet(self) -> bool:
        try:
            Share.from_mnemonic(" ".join(self.words[number] for number in range(1, 34)))
        except (KeyError, MnemonicError):
            return False
        return True

    def _prove(self) -> None:
        number = self._asked()
        for word in range(3):
            self.window.type(self.words[number])
            self.window.press("Enter")
            if word < 2:
                number = self._asked(other_than=number)
        self.window.until("The kit alone opened")

    def _asks(self) -> bool:
        """Whether the fields are there: they come after the page, when the engine has chosen."""
        return _ASKED.search(self.window.text) is not None

    def _asked(self, *, other_than: int = 0) -> int:
        """The number of the word in whose field the cursor stands."""
        asked = self._until(
            lambda: (found := _ASKED.search(self._line())) and int(found[1]) != other_than and found
        )
        return int(asked[1])

    def _finish(self) -> None:
        self.press("Finish")
        self.window.until("type the name")
        self._look("name")
        self.window.type("node.db")
        self.window.press("Enter")

    # Keys ------------------------------------------------------------------------------------

    def press(self, *labels: str) -> None:
        """Press one of these buttons: Tab until the terminal's cursor stands on it, then Enter."""
        for _step in range(_BUTTONS):
            if self._on(*labels):
                self.window.press("Enter")
                return
            before = self._place()
            self.window.press("Tab")
            self._until(lambda before=before: self._place() != before)
        raise AssertionError(f"no button {labels} can be reached:\n{self.window.text}")

    def _on(self, *labels: str) -> bool:
        """Whether the cursor stands on one of these buttons, and stays there."""
        self._place()
        here = self._line(from_cursor=True)
        return any(here.startswith(f"{label} ]") for label in labels)

    def _place(self) -> tuple[int, int]:
        """Where the cursor stands when it is not just drawing something."""
        before = None
        while before != (before := self.window.cursor):
            time.sleep(_LOOK_SECONDS)
        return before

    def _settled(self) -> str:
        """What stands on the window when nothing is just being drawn."""
        before = None
        while (text := self.window.text) != before:
            before = text
            time.sleep(_LOOK_SECONDS)
        return text

    def _until(self, looked: Callable[[], T]) -> T:
        """Look until there is something; that."""
        end = time.monotonic() + PATIENCE
        while not (seen := looked()):
            assert time.monotonic() < end, f"it does not come:\n{self.window.text}"
            time.sleep(_LOOK_SECONDS)
        return seen

    def _line(self, *, from_cursor: bool = False) -> str:
        column, row = self.window.cursor
        lines = self.window.text.splitlines()
        return lines[row][column if from_cursor else 0 :] if row < len(lines) else ""
