"""What the administrator keeps: sheets on the screen or in new files, and nothing overwritten."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from wizard import engine
from wizard.engine import InvalidInput, VerificationFailed
from wizard.tui.process.failures import FieldFault

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from wizard.engine import KitSheet


def drawn(sheet: KitSheet) -> Mapping[str, object]:
    """Return one sheet of the kit as the protocol's object."""
    lines = sheet.qr().half_blocks()
    return {
        "number": sheet.number,
        "of": sheet.of,
        "threshold": sheet.threshold,
        "holder": sheet.holder,
        "words": sheet.words,
        "slot_lines": sheet.slot.to_lines(),
        "qr": {"lines": lines, "width": len(lines[0]), "height": len(lines)},
    }


def write_new(path: Path, data: bytes) -> Path:
    """Write a new file of mode 0600 and read it back. Raises `OutputExists` and system errors."""
    engine.create_file(path, data)
    if path.read_bytes() != data:
        path.unlink(missing_ok=True)
        raise VerificationFailed(f"{path} does not read back as it was written.")
    return path


def check_elsewhere(target: Path, database: Path, *, allowed: bool) -> None:
    """Refuse the directory of the database, or one below it, unless that was ``allowed``.

    Links are followed: what counts is where the bytes will lie. Raises `FieldFault`.
    """
    home = database.resolve().parent
    if not allowed and home in target.resolve().parents:
        raise FieldFault(
            "beside",
            InvalidInput(
                "Another directory or a USB stick is better. To save it here all the same, press "
                "Save again."
            ),
        )


def remove(path: Path) -> None:
    """Remove one file, durably. What a disk keeps of it is beyond any program's reach."""
    path.unlink()
    directory = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(directory)
    finally:
        os.close(directory)
