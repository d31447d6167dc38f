"""One table of every character outside ASCII that a screen draws, and what stands for it in ASCII.

- Screens and widgets write the drawn character, as a literal or by its name here; a test finds
  every one that the table lacks. Nothing else is to be done: what goes to the terminal is
  translated on its way, cell by cell, so that F4 can switch at any moment.
- A cell stays a cell: no layout depends on the set, except the texts that go through `spelled`.
- In ASCII nothing outside of it is ever sent: a letter of a file name becomes a question mark.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

CHECK = "✓"
CROSS = "✗"
CURRENT = "▸"
CHOSEN = "●"
OPEN = "○"
MASK = "•"
ELLIPSIS = "…"
BAR_FULL = "█"
BAR_EMPTY = "░"
SCORE_FULL = "■"
SCORE_EMPTY = "□"
ARROWS = "↑↓"
MORE_BELOW = "▼"
MORE_ABOVE = "▲"

ASCII: Mapping[str, str] = {
    CHECK: "+",
    CROSS: "!",
    CURRENT: ">",
    CHOSEN: "*",
    OPEN: ".",
    MASK: "*",
    ELLIPSIS: "~",
    BAR_FULL: "#",
    BAR_EMPTY: ".",
    SCORE_FULL: "#",
    SCORE_EMPTY: ".",
    MORE_BELOW: "v",
    MORE_ABOVE: "^",
    "↑": "^",
    "↓": "v",
    "←": "<",
    "→": ">",
    "↔": "-",
    # Pictures: levels, quarters and marks of a plot.
    "▁": "_",
    "▂": "_",
    "▃": "-",
    "▄": "-",
    "▅": "=",
    "▆": "=",
    "▇": "#",
    "▀": "-",
    "▌": "#",
    "▐": "#",
    "▒": ":",
    "▓": "%",
    "◆": "*",
    "◇": "o",
    "×": "x",
    "≈": "~",
    "≤": "<",
    "≥": ">",
    "±": "~",
    # Lines.
    "─": "-",
    "━": "=",
    "│": "|",
    "┃": "|",
    "┌": "+",
    "┐": "+",
    "└": "+",
    "┘": "+",
    "├": "+",
    "┤": "+",
    "┬": "+",
    "┴": "+",
    "┼": "+",
    "╭": "+",
    "╮": "+",
    "╰": "+",
    "╯": "+",
    "╌": "-",
    "┄": "-",
    "┈": ".",
    "╎": ":",
    "┊": ":",
    # Prose.
    "“": '"',
    "”": '"',
    "‘": "'",
    "’": "'",
    "–": "-",
    "—": "-",
    "·": "-",
    "\u00a0": " ",
}
"""The drawn character, one cell wide, and its substitute, one cell wide."""

ASCII_CLASS = "-ascii"
"""On the app while the ASCII set is on; style sheets may ask for it, too."""

_SPELLED = ((ARROWS, "Up/Down"), ("←→", "Left/Right"), (ELLIPSIS, "..."))
_TRAILING_ELLIPSIS = re.compile(r"…(?=   )..")
_INNER_ELLIPSIS = re.compile(r"…(?=[ )\]”]|$)")


def substituted(text: str) -> str:
    """`text` in ASCII, as many cells wide as it was. Not cached: it may be a secret that is shown."""
    if text.isascii():
        return text
    # Before a blank it ends a sentence; inside a name it stands for what was left out.
    text = _TRAILING_ELLIPSIS.sub("...", text)
    text = _INNER_ELLIPSIS.sub(".", text)
    return "".join(letter if letter.isascii() else _cells(letter) for letter in text)


def _cells(letter: str) -> str:
    # Only here, so that the table serves programs without a screen, too.
    from rich.cells import get_character_cell_size  # noqa: PLC0415

    return ASCII.get(letter) or "?" * get_character_cell_size(letter)


def spelled(text: str) -> str:
    """`text` in ASCII, as wide as it has to be: for labels and hints, which make room for it."""
    for drawn, words in _SPELLED:
        text = text.replace(drawn, words)
    return substituted(text)
