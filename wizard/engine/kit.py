"""The recovery kit: sheets that stand alone, so that one and the database file are enough.

- A sheet cannot contradict itself: it is made only if its heading, its words and its slot agree.
- Whatever comes from outside (names, labels) is made printable before it is laid out: a name with
  a line break must not be able to write a line of its own.
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass, field
from textwrap import wrap

from wizard.engine.compact_slot import CompactSlot
from wizard.engine.errors import InvalidInput
from wizard.engine.kit_reading import (
    END_TITLE,
    SLOT_TITLE,
    WORDS_TITLE,
    ParsedKit,
    parse_sheets,
)
from wizard.engine.masterkey import MasterPublicKey
from wizard.engine.mnemonic import WORD_COUNT, Mnemonic, share_parameters
from wizard.engine.slot_qr import Drawing, SlotQr

__all__ = [
    "CompactSlot",
    "Drawing",
    "KitSheet",
    "ParsedKit",
    "RecoveryKit",
    "SlotQr",
    "parse_sheets",
]

PAGE_WIDTH = 78
_LABEL_WIDTH = 14
_WORD_COLUMNS = 3
_WORD_CELL = 20
_COMMAND = "datafold-wizard"
_INDENT = "     "


@dataclass(frozen=True, slots=True)
class KitSheet:
    """One sheet: sheet ``number`` (from 1) ``of`` so many, of which ``threshold`` are needed.

    ``database_id`` is hexadecimal, ``fingerprint`` that of the master public key in the slot.
    Raises `InvalidInput` where the fields, the words and the slot do not say the same.
    """

    database_name: str
    database_id: str
    fingerprint: str
    format_version: int
    cipher: str
    created_at: str
    tool: str
    number: int
    of: int
    threshold: int
    holder: str
    words: Mnemonic = field(repr=False)
    slot: CompactSlot

    def __post_init__(self) -> None:
        parameters = share_parameters(self.words)
        slot = self.slot
        stated = (self.number - 1, self.of, self.threshold, self.cipher, self.database_id)
        agreed = (
            parameters.index,
            slot.shares,
            slot.threshold,
            slot.cipher,
            slot.database_id.hex(),
        )
        if (
            stated != agreed
            or (parameters.identifier, parameters.threshold)
            != (slot.share_identifier, slot.threshold)
            or parameters.index >= slot.shares
            or self.fingerprint != MasterPublicKey(slot.master_public_key).fingerprint
        ):
            raise InvalidInput("This sheet's heading, words and recovery slot do not agree.")

    def text(self) -> str:
        """Return the whole sheet: at most 78 columns, about 60 lines, ready for paper.

        ASCII, but for the database's name and the holder's label where they are not.
        """
        title = f"DATAFOLD-WIZARD RECOVERY SHEET {self.number} OF {self.of}"
        lines = [
            title,
            "=" * len(title),
            "",
            *self._warning(),
            "",
            *_field("Database", self.database_name),
            *_field("Database id", self.database_id),
            *_field("Fingerprint", self.fingerprint),
            *_field("Format", f"version {self.format_version}, cipher {self.cipher}"),
            *_field("Made", f"{self.created_at} by {self.tool}"),
            *_field("Sheet", f"{self.number} of {self.of}; {self._needed()}"),
            *_field("Holder", self.holder),
            "",
            *self._instructions(),
            "",
            _heading(WORDS_TITLE),
            *_word_rows(self.words),
            "",
            _heading(SLOT_TITLE),
            *self.slot.to_lines(),
            "",
            _heading(END_TITLE),
        ]
        return "\n".join(lines) + "\n"

    def qr(self) -> SlotQr:
        """Return the QR code of the slot; it holds no words."""
        return SlotQr.of(self.slot)

    def qr_matrix(self) -> tuple[tuple[bool, ...], ...]:
        """Return the QR code's modules with the quiet zone; True is dark."""
        return self.qr().modules

    def qr_terminal(self, *, ascii_only: bool = False) -> list[str]:
        """Return the QR code as lines for a terminal, dark on light: 69 columns, 35 rows.

        With ``ascii_only`` they are made of spaces and colours alone: 138 columns, 69 rows.
        """
        return self.qr().lines(Drawing.SPACES if ascii_only else Drawing.HALF_BLOCKS)

    def _needed(self) -> str:
        if self.of == 1:
            return "it is enough"
        return f"{self._enough()} are needed"

    def _enough(self) -> str:
        if self.threshold == self.of:
            return f"all {self.of} sheets"
        return f"any {self.threshold} of the {self.of} sheets"

    def _warning(self) -> list[str]:
        if self.of == 1:
            return wrap(
                "KEEP THIS SECRET. Whoever holds this sheet and the database file can read and "
                "change the database. Keep the sheet on paper, away from the database.",
                PAGE_WIDTH,
            )
        return wrap(
            f"KEEP THIS SECRET. Whoever holds {self._enough()} and the database file can read and "
            "change the database; fewer sheets tell nothing. Keep them on paper, away from the "
            "database and away from each other.",
            PAGE_WIDTH,
        )

    def _instructions(self) -> list[str]:
        several = self.threshold > 1
        files = [f"SHEET_{number}_FILE" for number in range(1, self.threshold + 1)]
        words = f"words of {self.threshold} sheets together" if several else "words below"
        return [
            *wrap(
                f"The {words} open the database without its passphrase. The slot lines replace "
                "the file DATABASE.crypto.json beside it if that file is lost. Nobody can open "
                "the database without the passphrase or the words.",
                PAGE_WIDTH,
            ),
            "",
            "1. Install the program:",
            f"{_INDENT}pip install {_COMMAND}",
            "2. Have each sheet in a text file. From paper, type it from the line",
            f'   "== {WORDS_TITLE}" to the line "== {END_TITLE}". Capitals and spacing do not',
            "   matter; mistakes are found, and the program says where.",
            "3. Test, which changes nothing:",
            *_command("verify", files if several else ["THIS_FILE"]),
            "4. Open:",
            *_command("shell", files if several else ["THIS_FILE"]),
        ]


@dataclass(frozen=True, slots=True)
class RecoveryKit:
    """All sheets of one kit, in their order."""

    sheets: tuple[KitSheet, ...]


def _heading(title: str) -> str:
    return f"== {title} ".ljust(PAGE_WIDTH, "=")


def _word_rows(words: Mnemonic) -> list[str]:
    """Return the words numbered along the rows, so that reading them off gives their order."""
    cells = [f"{number:2d}. {word}".ljust(_WORD_CELL) for number, word in enumerate(words, 1)]
    return [
        "".join(cells[start : start + _WORD_COLUMNS]).rstrip()
        for start in range(0, WORD_COUNT, _WORD_COLUMNS)
    ]


def _command(verb: str, files: list[str]) -> list[str]:
    """Return a shell command, continued with backslashes where it is too long for a line."""
    lines = [f"{_INDENT}{_COMMAND} {verb} /path/to/DATABASE"]
    for file in files:
        option = f"--recovery {file}"
        if len(lines[-1]) + len(option) + len("  \\") > PAGE_WIDTH:
            lines[-1] += " \\"
            lines.append(f"{_INDENT}   {option}")
        else:
            lines[-1] += f" {option}"
    return lines


def _field(label: str, value: str) -> list[str]:
    """Return a labelled value, continued under itself where it is too wide."""
    rows = [""]
    room = PAGE_WIDTH - _LABEL_WIDTH
    for character in value:
        shown = character if character.isprintable() else "?"
        columns = _columns(shown)
        if columns > room:
            rows.append("")
            room = PAGE_WIDTH - _LABEL_WIDTH
        rows[-1] += shown
        room -= columns
    labels = [f"{label:<{_LABEL_WIDTH - 2}}: ", *[" " * _LABEL_WIDTH] * (len(rows) - 1)]
    return [f"{start}{row}".rstrip() for start, row in zip(labels, rows, strict=True)]


def _columns(character: str) -> int:
    if unicodedata.combining(character):
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1
