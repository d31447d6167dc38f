"""Recovery sheets that are given back: word by word, or as files; their text stays in this process.

- A word is taken when it is one of the list; a sheet counts when its words fit together.
- Every place of a fault names its sheet, and no answer repeats a word.
- All methods belong to the main thread; a lane gets texts of its own.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from wizard import engine
from wizard.engine import InvalidRecoveryPhrase, Secret
from wizard.tui.process.failures import FieldFault
from wizard.tui.process.request import InvalidRequest

if TYPE_CHECKING:
    from wizard.tui.process.request import Request

MAXIMUM_SHEETS = 16
WORDS = 33

_ROOM = 9  # the longest word has eight letters, and a blank follows it
_LARGEST_FILE = 64 * 1024

Answer = Mapping[str, object]


class Sheets:
    """The sheets of one kit, by their place in the order in which they are given."""

    def __init__(self) -> None:
        self._typed: dict[int, Secret] = {}
        self._files: dict[int, Secret] = {}

    def clear(self, _request: Request) -> Answer:
        """Wipe all sheets."""
        self.wipe()
        return {}

    def put(self, request: Request) -> Answer:
        """Take one word, and tell which words of its sheet are still missing."""
        sheet = _number(request)
        position = request.integer("position", lowest=1, highest=WORDS)
        self._write(sheet, position, _whole(request.text("word")))
        return {"missing": self._missing(sheet)}

    def check(self, request: Request) -> Answer:
        """Check that the words of one sheet fit together. Raises `InvalidRecoveryPhrase`."""
        sheet = _number(request)
        _check(self._text(sheet), sheet)
        return {"sheet": sheet}

    def read(self, request: Request) -> Answer:
        """Take one sheet from a file, and tell how many sheets its slot lines ask for, or 0."""
        sheet = _number(request)
        try:
            data = engine.read_regular(request.path("path"), limit=_LARGEST_FILE + 1)
        except FileNotFoundError:
            raise FieldFault("path", engine.Unreadable("There is no such file.")) from None
        if len(data) > _LARGEST_FILE:
            raise _no_sheet()
        try:
            threshold = _check(data.decode("utf-8-sig"), sheet)
        except UnicodeDecodeError:
            raise _no_sheet() from None
        self._forget(sheet)
        self._files[sheet] = Secret.copy_of(data)
        return {"threshold": threshold}

    def texts(self, count: int) -> list[str]:
        """The first ``count`` sheets. Raises `InvalidRequest` while one is missing."""
        return [self._text(sheet) for sheet in range(1, count + 1)]

    def wipe(self) -> None:
        """Hold nothing any longer that was given."""
        for secret in (*self._typed.values(), *self._files.values()):
            secret.close()
        self._typed.clear()
        self._files.clear()

    def _write(self, sheet: int, position: int, word: str) -> None:
        if sheet not in self._typed:
            self._forget(sheet)
            self._typed[sheet] = secret = Secret.allocate(WORDS * _ROOM)
            secret.append(b" " * (WORDS * _ROOM))
        start = (position - 1) * _ROOM
        with self._typed[sheet].expose() as view:
            view[start : start + _ROOM] = word.ljust(_ROOM).encode("ascii")

    def _missing(self, sheet: int) -> list[int]:
        with self._typed[sheet].expose() as view:
            return [at + 1 for at in range(WORDS) if view[at * _ROOM] == ord(" ")]

    def _text(self, sheet: int) -> str:
        if sheet in self._files:
            with self._files[sheet].expose() as view:
                return str(view, "utf-8-sig")
        if sheet not in self._typed or self._missing(sheet):
            raise InvalidRequest("A sheet is not complete yet.")
        with self._typed[sheet].expose() as view:
            return " ".join(str(view, "ascii").split())

    def _forget(self, sheet: int) -> None:
        for held in (self._typed, self._files):
            secret = held.pop(sheet, None)
            if secret is not None:
                secret.close()


def _number(request: Request) -> int:
    return request.integer("sheet", lowest=1, highest=MAXIMUM_SHEETS)


def _whole(typed: str) -> str:
    found = engine.possible_words(typed)
    if len(found) != 1:
        raise InvalidRecoveryPhrase("That is no word of the list.")
    return found[0]


def _check(text: str, sheet: int) -> int:
    """How many sheets it takes, if its slot lines say so, else 0.

    Raises `InvalidRecoveryPhrase`, its places with the sheet.
    """
    try:
        slot = engine.parse_sheets([text]).slot
    except InvalidRecoveryPhrase as error:
        places = [place for place in error.where.split("; ") if place]
        where = "; ".join(f"sheet {sheet}, {place}" for place in places)
        message = str(error)
        for place in places:
            # It stands in front of the message already, with the sheet.
            message = message.removeprefix(f"{place[:1].upper()}{place[1:]}: ")
        raise InvalidRecoveryPhrase(message, where=where) from None
    return 0 if slot is None else slot.threshold


def _no_sheet() -> FieldFault:
    return FieldFault("path", engine.InvalidInput("That file is no recovery sheet."))
