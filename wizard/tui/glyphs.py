"""One table of every character outside ASCII that a screen draws, and what stands for it in ASCII.

- Screens and widgets write the drawn character, as a literal or by its name here; a test finds
  every one that the table lacks. Nothing else is to be done: what goes to the terminal is
  translated on its way, cell by cell, so that F4 can switch at any moment.
- A cell stays a cell: no layout depends on the set, except the texts that go through `spelled`.
- In ASCII nothing outside of it is ever sent: a letter of a file name becomes a question mark.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from pathlib import Path

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
_PLAIN_TERMINALS = re.compile(r"(linux|vt|ansi|cons|sun|wyse|dumb|unknown|pcansi|xterm-old)")
_LOCALE_VARIABLES = ("LC_ALL", "LC_CTYPE", "LANG")
_TRAILING_ELLIPSIS = re.compile(r"…(?=  )..")
_INNER_ELLIPSIS = re.compile(r"…(?=[ )\]]|$)")


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


def suits_ascii(environment: Mapping[str, str]) -> bool:
    """Whether this terminal or this locale is likely to draw ruins: then ASCII comes first."""
    if _PLAIN_TERMINALS.match(environment.get("TERM", "").lower()):
        return True
    locale = next((environment[name] for name in _LOCALE_VARIABLES if environment.get(name)), "C")
    return not re.search(r"utf-?8", locale, re.IGNORECASE)


def first_environment() -> Mapping[str, str]:
    """The environment that this process was given.

    Python changes LC_CTYPE to C.UTF-8 when it is started in the C locale (PEP 538); what the
    terminal can draw is not changed by that.
    """
    try:
        block = Path("/proc/self/environ").read_bytes()
    except OSError:
        return os.environ
    pairs = (os.fsdecode(entry).partition("=") for entry in block.split(b"\0") if entry)
    given = {name: value for name, _equals, value in pairs}
    locale = {name: given.get(name, "") for name in _LOCALE_VARIABLES}
    return {**os.environ, **locale}
