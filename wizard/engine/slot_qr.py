"""The compact slot as a QR code for a terminal: dark on light, whatever the terminal's colours.

No words are in it: a photograph of the screen shows nothing that the sidecar does not say.
Both colours are set for every cell, from the fixed part of the 256-colour palette (16 and 231):
themes redefine the sixteen named colours, and light themes exchange black and white.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from wizard.engine.compact_slot import CompactSlot

_QUIET_ZONE = 4
"""Light modules around the code; ISO/IEC 18004 asks for four."""

_DARK_ON_LIGHT = "\x1b[38;5;16;48;5;231m"
_DARK = "\x1b[48;5;16m"
_LIGHT = "\x1b[48;5;231m"
_RESET = "\x1b[0m"
_HALVES = {(False, False): " ", (True, False): "▀", (False, True): "▄", (True, True): "█"}


class Drawing(StrEnum):
    """How modules become terminal cells."""

    HALF_BLOCKS = "half-blocks"
    SPACES = "spaces"


@dataclass(frozen=True, slots=True)
class SlotQr:
    """The modules, quiet zone included, row by row; True is dark."""

    modules: tuple[tuple[bool, ...], ...]

    @classmethod
    def of(cls, slot: CompactSlot) -> SlotQr:
        """Encode the slot's payload: alphanumeric mode, error correction M, version 11."""
        import segno  # noqa: PLC0415 - costs a third of the engine's import time, and few need it

        code = segno.make_qr(slot.to_payload(), error="m", mode="alphanumeric", boost_error=False)
        rows = code.matrix_iter(scale=1, border=_QUIET_ZONE)
        return cls(tuple(tuple(bool(module) for module in row) for row in rows))

    def size(self, drawing: Drawing) -> tuple[int, int]:
        """Return the columns and rows that `lines` needs."""
        modules = len(self.modules)
        if drawing is Drawing.HALF_BLOCKS:
            return modules, (modules + 1) // 2
        return 2 * modules, modules

    def lines(self, drawing: Drawing) -> list[str]:
        """Return the terminal's lines; each sets its colours and resets them.

        Half blocks put two modules in a cell. Spaces put one module in two cells by background
        colour alone, for fonts and encodings without block characters.
        """
        if drawing is Drawing.HALF_BLOCKS:
            return [f"{_DARK_ON_LIGHT}{cells}{_RESET}" for cells in self.half_blocks()]
        return [_spaces(row) for row in self.modules]

    def half_blocks(self) -> list[str]:
        """Return the code with two modules in a cell, without colours: a dark one is foreground."""
        light = (False,) * len(self.modules[0])
        # An odd number of rows: the row that is missing at the end belongs to the quiet zone.
        pairs = zip(self.modules[::2], (*self.modules[1::2], light), strict=False)
        return ["".join(_HALVES[cell] for cell in zip(*rows, strict=True)) for rows in pairs]


def _spaces(row: tuple[bool, ...]) -> str:
    parts = []
    before: bool | None = None
    for module in row:
        if module is not before:
            parts.append(_DARK if module else _LIGHT)
            before = module
        parts.append("  ")
    return f"{''.join(parts)}{_RESET}"
