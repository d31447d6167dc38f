"""What stands on the terminal, cell by cell: only what differs from it is sent.

- Textual repaints a whole widget when a letter of it changes, and the whole screen when the focus
  moves; over a slow line that is seen. Here every update is compared with what was sent before.
- Nothing that a terminal would obey passes: a control character in a text becomes a question mark.
- The shapes read here are private to Textual 8.2; tests on a real terminal guard that.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import lru_cache

from rich.cells import get_character_cell_size
from rich.color import ColorSystem
from rich.style import Style
from textual._compositor import ChopsUpdate, LayoutUpdate
from textual.geometry import Offset, Size
from textual.strip import Strip

Cell = tuple[str, str]
"""A letter with what combines with it, and its SGR codes; "" is the right half of a wide one."""

_BLANK: Cell = (" ", "")
_CLEAR = "\x1b[m\x1b[2J"
_CHEAPER_THAN_A_MOVE = 4
_SHOWN_ON_BLANKS = {"4", "7", "9", "21", "53"}


class Canvas:
    """The cells of a terminal of one size. It starts by clearing it."""

    def __init__(self, size: Size, color_system: ColorSystem) -> None:
        self.size = size
        self._color_system = color_system
        self._rows: list[list[Cell]] = [[_BLANK] * size.width for _row in range(size.height)]
        self._cursor: Offset | None = None
        self._cleared = False

    def paint(self, update: LayoutUpdate | ChopsUpdate, cursor: Offset) -> str:
        """The bytes that make the terminal look like `update`, and put its cursor at `cursor`."""
        parts = [] if self._cleared else [_CLEAR]
        self._cleared = True
        for y, pieces in _rows_of(update):
            if y < self.size.height:
                parts += self._paint_row(y, pieces)
        if parts or cursor != self._cursor:
            parts.append(_move(cursor.x, cursor.y))
            self._cursor = cursor
        return "".join(parts)

    def _paint_row(self, y: int, pieces: Iterable[tuple[int, Strip]]) -> list[str]:
        row = self._rows[y]
        wanted = list(row)
        for x, strip in pieces:
            cells = list(self._cells(strip))[: max(0, self.size.width - x)]
            wanted[x : x + len(cells)] = cells
        self._rows[y] = wanted
        return [
            _move(start, y) + self._run(wanted, start, end) for start, end in _changes(row, wanted)
        ]

    def _run(self, row: list[Cell], start: int, end: int) -> str:
        if end == len(row):
            while end > start and row[end - 1] == _BLANK:
                end -= 1
            erase = "\x1b[K" if end < len(row) else ""
        else:
            erase = ""
        parts: list[str] = []
        codes = ""
        for letter, wanted in row[start:end]:
            if wanted != codes:
                parts.append(f"\x1b[{wanted}m" if not codes or not wanted else f"\x1b[0;{wanted}m")
                codes = wanted
            parts.append(letter)
        if codes:
            parts.append("\x1b[m")
        return "".join(parts) + erase

    def _cells(self, strip: Strip) -> Iterator[Cell]:
        for text, style, control in strip:
            if control:
                continue
            codes = "" if style is None else sgr(style, self._color_system)
            on_blank = codes if _shows_on_blank(codes) else ""
            for letter, width in _letters(text):
                yield (letter, on_blank if letter == " " else codes)
                for _half in range(width - 1):
                    yield ("", codes)


def _letters(text: str) -> list[tuple[str, int]]:
    letters: list[tuple[str, int]] = []
    for character in text:
        if character < " " or "\x7f" <= character <= "\x9f":
            letters.append(("?", 1))
            continue
        width = get_character_cell_size(character)
        if width:
            letters.append((character, width))
        elif letters:
            letters[-1] = (letters[-1][0] + character, letters[-1][1])
    return letters


def _rows_of(
    update: LayoutUpdate | ChopsUpdate,
) -> Iterator[tuple[int, Iterable[tuple[int, Strip]]]]:
    if isinstance(update, LayoutUpdate):
        for y, strips in enumerate(update.strips, update.region.y):
            yield y, _side_by_side(update.region.x, strips)
    else:
        for y in sorted({y for y, _start, _end in update.spans}):
            yield y, [(x, strip) for x, strip in update.chops[y].items() if strip is not None]


def _side_by_side(x: int, strips: Iterable[Strip]) -> Iterator[tuple[int, Strip]]:
    for strip in strips:
        yield x, strip
        x += strip.cell_length


def _changes(before: list[Cell], after: list[Cell]) -> list[tuple[int, int]]:
    """Runs of cells that differ; runs that are nearly one are one."""
    runs: list[tuple[int, int]] = []
    for x, (old, new) in enumerate(zip(before, after, strict=True)):
        if old == new:
            continue
        if runs and x - runs[-1][1] <= _CHEAPER_THAN_A_MOVE:
            runs[-1] = (runs[-1][0], x + 1)
        else:
            runs.append((x, x + 1))
    return runs


def _move(x: int, y: int) -> str:
    return f"\x1b[{y + 1};{x + 1}H"


@lru_cache(maxsize=1024)
def sgr(style: Style, color_system: ColorSystem) -> str:
    """The codes of a style; the terminal's own colours need none."""
    color, background = style.color, style.bgcolor
    bare = Style(
        color=None if color is None or color.is_default else color,
        bgcolor=None if background is None or background.is_default else background,
        bold=style.bold,
        dim=style.dim,
        italic=style.italic,
        underline=style.underline,
        strike=style.strike,
        reverse=style.reverse,
    )
    return Strip.render_ansi(bare, color_system)


@lru_cache(maxsize=1024)
def _shows_on_blank(codes: str) -> bool:
    return any(
        code in _SHOWN_ON_BLANKS or code.startswith(("4", "10")) for code in codes.split(";")
    )
