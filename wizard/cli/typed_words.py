"""The words of a recovery sheet, typed one by one: each is checked while it is typed.

- A word counts when it is one of the list; what begins no word is said at once, and nothing goes on
  before it is corrected. Tab, space or Enter complete what can only be one word.
- 33 words count when they fit together; where one does not, the cursor goes there.
- Numbers, dots and capitals do not matter, so that a whole sheet can be pasted.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from wizard import engine
from wizard.cli.progress import in_lines

if TYPE_CHECKING:
    from wizard.cli.terminal import Terminal

WORDS = 33
_COLUMNS = 3
_CELL = 20
_OFFERED = 8
_LONGEST = 8
_LETTERS = re.compile(r"[a-z]+")
_PLACE = re.compile(r"word ([0-9]+)")
_END_OF_WORD = (" ", "\t", "\n", "\r")
_ERASE = ("\x7f", "\x08")
_BACK = ("\x1b[D", "\x1b[A")
_FORWARD = ("\x1b[C", "\x1b[B")
END_OF_INPUT = "\x04"


class WordEntry:
    """What has been typed of one sheet; `press` takes a key, `lines` is what to show."""

    def __init__(self, title: str) -> None:
        self._title = title
        self._words = [""] * WORDS
        self._place = 0
        self.message = ""
        self.done = False

    @property
    def text(self) -> str:
        """The words, as they would stand on the sheet."""
        return " ".join(self._words)

    def press(self, key: str) -> None:
        """Take one key: a character, or the sequence of an arrow."""
        if key in _END_OF_WORD:
            self._end_word()
        elif key in _ERASE:
            self._erase()
        elif key in _BACK:
            self._go_to(max(0, self._place - 1))
        elif key in _FORWARD:
            self._go_to(min(WORDS - 1, self._place + 1))
        elif key.isascii() and key.isalpha() and len(key) == 1:
            self._letter(key.lower())

    def refuse(self, message: str, *, where: str = "") -> None:
        """Say what is wrong with the words together, and go where it is."""
        self.done = False
        self.message = message
        place = _PLACE.search(where)
        if place is not None:
            self._place = int(place[1]) - 1

    def lines(self) -> list[str]:
        """The whole screen: 16 lines of at most 78 columns."""
        rows = [self._title, "Four letters are enough: Tab completes, the arrows go back.", ""]
        for start in range(0, WORDS, _COLUMNS):
            cells = [self._cell(number) for number in range(start, start + _COLUMNS)]
            rows.append("".join(cells).rstrip())
        return [*rows, "", self.message or self._offer()]

    def _cell(self, number: int) -> str:
        here = number == self._place and not self.done
        word = self._words[number] + ("_" if here else "")
        return f"{'>' if here else ' '}{number + 1:2d}. {word}".ljust(_CELL)

    def _offer(self) -> str:
        if self.done:
            return "All 33 words fit together. Enter goes on."
        given = self._words[self._place]
        found = engine.complete_word(given)
        if not found or engine.is_word(given):
            return ""
        more = " ..." if len(found) > _OFFERED else ""
        return f"{' '.join(found[:_OFFERED])}{more}"

    def _letter(self, letter: str) -> None:
        if self.done:
            return
        word = self._words[self._place]
        if len(word) >= _LONGEST:
            return
        self._words[self._place] = word + letter
        self.message = ""
        if not engine.complete_word(word + letter):
            self.message = self._no_word()

    def _no_word(self) -> str:
        return f"Word {self._place + 1}: no word of the list begins so. Correct it with Backspace."

    def _end_word(self) -> None:
        word = self._words[self._place]
        if self.done or not word:
            return
        found = engine.possible_words(word)
        if len(found) != 1:
            if not found:
                self.message = self._no_word()
            return
        self._words[self._place] = found[0]
        self.message = ""
        empty = [place for place, each in enumerate(self._words) if not each]
        if empty:
            later = [place for place in empty if place > self._place]
            self._place = (later or empty)[0]
        else:
            self._check()

    def _check(self) -> None:
        wrong = [place for place, word in enumerate(self._words) if not engine.is_word(word)]
        if wrong:
            self._place = wrong[0]
            return
        try:
            engine.parse_sheets([self.text])
        except engine.InvalidRecoveryPhrase as error:
            self.refuse(str(error), where=error.where)
        else:
            self.done = True

    def _erase(self) -> None:
        self.message = ""
        if self.done:
            self.done = False
            self._place = WORDS - 1
        elif not self._words[self._place] and self._place:
            self._place -= 1
        self._words[self._place] = self._words[self._place][:-1]

    def _go_to(self, place: int) -> None:
        self.done = False
        self.message = ""
        self._place = place


class WordLines:
    """The same as questions, one for each word, where nothing can be drawn over."""

    def __init__(self, terminal: Terminal, title: str, message: str) -> None:
        self._terminal = terminal
        self._words = [""] * WORDS
        terminal.write(
            f"{title}\nFour letters of each are enough; several may be typed in one line. "
            f"b goes back one word.\n{message}\n"
        )

    def ask(self) -> str:
        """Return the 33 words, once they fit together. Raises `Cancelled` on an end of input."""
        place = 0
        while True:
            while place < WORDS:
                place = self._ask_from(place)
            text = " ".join(self._words)
            try:
                engine.parse_sheets([text])
            except engine.InvalidRecoveryPhrase as error:
                self._terminal.write(f"{error}\n")
                found = _PLACE.search(error.where)
                place = int(found[1]) - 1 if found else 0
                self._correct(place)
                place = WORDS
            else:
                return text

    def _ask_from(self, place: int) -> int:
        """Take what is typed for ``place`` and those after it; return the next place to ask for."""
        typed = self._terminal.ask(f"Word {place + 1}: ").lower()
        if typed == "b":
            return max(0, place - 1)
        for word in _LETTERS.findall(typed):
            if place == WORDS:
                break
            if not self._put(place, word):
                break
            place += 1
        return place

    def _correct(self, place: int) -> None:
        while True:
            word = self._terminal.ask(f"Word {place + 1} [{self._words[place]}]: ").lower()
            if word == "b" and place:
                place -= 1
            elif not word or self._put(place, word):
                return

    def _put(self, place: int, word: str) -> bool:
        found = engine.possible_words(word)
        if len(found) == 1:
            self._words[place] = found[0]
            return True
        offered = f"{' '.join(found[:_OFFERED])}?" if found else "no word of the list begins so."
        self._terminal.write(f"Word {place + 1}, {word}: {offered}\n")
        return False


def ask_words(terminal: Terminal, title: str, *, message: str = "") -> str:
    """Return the 33 words of one sheet, typed on the alternate screen that is on already.

    Raises `Cancelled` on an end of input.
    """
    if in_lines():
        return WordLines(terminal, title, message).ask()
    entry = WordEntry(title)
    entry.message = message
    with terminal.keys() as next_key:
        while True:
            terminal.redraw(entry.lines())
            key = next_key()
            if key in ("", END_OF_INPUT):
                raise engine.Cancelled
            if entry.done and key in ("\n", "\r"):
                return entry.text
            entry.press(key)
