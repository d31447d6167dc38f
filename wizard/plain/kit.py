"""Step 5, first half: each sheet of the kit reaches paper or a file, and is proved from there.

- One sheet at a time, each under the name of who keeps it; no word is shown unasked.
- Going back undoes the encrypted copy, and so is asked about; skipping takes the database's name.
- What was saved as text is proved as it was read back from the disk.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from wizard import engine
from wizard.cli.kit import KitFiles, show_sheet, warn_about_place
from wizard.plain.asking import Back, say
from wizard.plain.place import (
    BESIDE,
    FILE,
    SCREEN,
    SEALED,
    WHERE_EXPLAINED,
    ask_readers,
    kit_rows,
    new_file,
    new_sheets,
    readers_of,
)
from wizard.plain.proof import holder, prove
from wizard.tui.process.failures import FieldFault
from wizard.tui.process.keeping import check_elsewhere

if TYPE_CHECKING:
    from wizard.plain.conversation import Talk

_SKIP = "skip"
_SEALED = (
    "Encrypted and saved. Only the private key opens it, so it was not tried here: decrypt it once."
)


@dataclass(slots=True)
class Kept:
    """What became of each sheet, by its number: shown, or saved in a file. ``texts`` are read back."""

    shown: set[int] = field(default_factory=set)
    texts: dict[int, str] = field(default_factory=dict)
    files: dict[int, Path] = field(default_factory=dict)
    proved: bool = False

    def untouched(self, sheets: int) -> list[int]:
        """The sheets that nobody has."""
        return [n for n in range(1, sheets + 1) if n not in self.shown and n not in self.files]

    def notes(self, sheets: int) -> Mapping[engine.Item, engine.ItemState]:
        """What the checklist is told about the kit."""
        done, skipped = engine.ItemState.DONE, engine.ItemState.SKIPPED
        return {
            engine.Item.KIT_PROVED: done if self.proved else skipped,
            engine.Item.KIT_SAVED: skipped if self.untouched(sheets) else done,
        }


def hand_out(talk: Talk, pending: engine.PendingInitialization, files: KitFiles) -> Kept:
    """Let the kit be kept and proved. Raises `Back` when the encrypted copy is to be undone."""
    kit = pending.kit
    if kit is None:
        return Kept(proved=True)
    if talk.given.recovery_out is not None:
        return _scripted(talk, pending, kit, files)
    say("The recovery kit opens the database without the passphrase: 33 words a sheet.")
    kept = Kept()
    while True:
        _sheets(talk, pending, kit, kept, files)
        unseen = bool(kept.untouched(len(kit.sheets)))
        try:
            kept.proved = prove(talk, pending, kit, unseen=unseen)
        except Back:
            continue
        return kept


# The sheets -------------------------------------------------------------------------------------


def _sheets(
    talk: Talk,
    pending: engine.PendingInitialization,
    kit: engine.RecoveryKit,
    kept: Kept,
    files: KitFiles,
) -> None:
    at = 0
    while at < len(kit.sheets):
        sheet = kit.sheets[at]
        try:
            _one_sheet(talk, pending, sheet, kept, files)
        except Back:
            if at:
                at -= 1
            elif _undo_wanted(talk):
                raise
        else:
            at += 1


def _undo_wanted(talk: Talk) -> bool:
    say("The encrypted copy is removed then, and its kit opens nothing.")
    try:
        return talk.asker.agree("Undo it and go back to the review", name="recovery-out")
    except Back:
        return False


def _one_sheet(
    talk: Talk,
    pending: engine.PendingInitialization,
    sheet: engine.KitSheet,
    kept: Kept,
    files: KitFiles,
) -> None:
    say()
    title = _title(talk, sheet)
    if sheet.of > 1:
        whom = holder(talk, sheet) or "whoever keeps this sheet"
        say(f"{title}. Call {whom} to the screen, and nobody else.")
    while True:
        how = _how(talk, sheet, kept)
        try:
            if how == _SKIP:
                return
            if how == SCREEN:
                _show(talk, sheet, kept)
            else:
                _save(talk, pending, sheet, kept, files, encrypted=how == SEALED)
        except Back:
            continue
        return


def _title(talk: Talk, sheet: engine.KitSheet) -> str:
    if sheet.of == 1:
        return "The sheet"
    whom = holder(talk, sheet)
    kept = f", kept by {whom}" if whom else ""
    return f"Sheet {sheet.number} of {sheet.of}{kept}"


def _how(talk: Talk, sheet: engine.KitSheet, kept: Kept) -> str:
    wipes = talk.asker.terminal("recovery-out").wipes
    seen_to = _touched(sheet, kept)
    rows = [
        *kit_rows(wipes=wipes),
        (_SKIP, "Go on: it was seen to" if seen_to else "Go on without it"),
    ]
    proposed = _SKIP if seen_to else SCREEN if wipes else FILE
    return talk.asker.choose(
        _title(talk, sheet),
        rows,
        proposed=proposed,
        name="recovery-out",
        explained=WHERE_EXPLAINED,
    )


def _touched(sheet: engine.KitSheet, kept: Kept) -> bool:
    return sheet.number in kept.shown or sheet.number in kept.files


def _show(talk: Talk, sheet: engine.KitSheet, kept: Kept) -> None:
    terminal = talk.asker.terminal("recovery-out")
    with terminal.alternate_screen():
        show_sheet(terminal, sheet)
    kept.shown.add(sheet.number)


def _save(
    talk: Talk,
    pending: engine.PendingInitialization,
    sheet: engine.KitSheet,
    kept: Kept,
    files: KitFiles,
    *,
    encrypted: bool,
) -> None:
    readers = ask_readers(talk) if encrypted else ()
    path = talk.asker.answer(
        "File for the sheet",
        new_file,
        proposed=_proposed(pending.path, sheet, encrypted=encrypted),
        name="recovery-out",
        explained=WHERE_EXPLAINED,
    )
    if not _elsewhere(talk, path, pending.path):
        raise Back
    try:
        if readers:
            files.seal(path, sheet.text(), readers)
        else:
            kept.texts[sheet.number] = files.write(path, sheet.text())
    except (engine.WizardError, OSError) as error:
        say(f"It was not saved: {error}")
        raise Back from None
    kept.files[sheet.number] = path
    say(f"Saved: {path}")
    names = ", ".join(reader.name for reader in readers)
    say(
        f"{_SEALED} It is for {names}."
        if readers
        else "Move it off this machine, then delete it here."
    )


def _proposed(database: Path, sheet: engine.KitSheet, *, encrypted: bool) -> str:
    middle = f"-{sheet.number}" if sheet.of > 1 else ""
    suffix = ".age" if encrypted else ".txt"
    return str(Path.home() / f"{database.stem}-recovery-kit{middle}{suffix}")


def _elsewhere(talk: Talk, path: Path, database: Path) -> bool:
    try:
        check_elsewhere(path, database, allowed=False)
    except FieldFault:
        say(BESIDE)
        return talk.asker.agree("Save it there all the same", name="recovery-out")
    return True


# Without anybody ----------------------------------------------------------------------------------


def _scripted(
    talk: Talk,
    pending: engine.PendingInitialization,
    kit: engine.RecoveryKit,
    files: KitFiles,
) -> Kept:
    """All sheets to where the answers file says, as text or for its readers."""
    readers = tuple(
        reader
        for text in talk.given.recovery_encrypt_to or ()
        for reader in talk.asker.answer("For", readers_of, given=text, name="recovery-encrypt-to")
    )
    paths = talk.asker.answer(
        "File for the recovery kit",
        lambda text: new_sheets(text, shares=len(kit.sheets)),
        given=talk.given.recovery_out,
        name="recovery-out",
    )
    warn_about_place(paths, database=pending.path)
    kept = Kept(proved=True)
    for path, sheet in zip(paths, kit.sheets, strict=True):
        if readers:
            files.seal(path, sheet.text(), readers)
        else:
            kept.texts[sheet.number] = files.write(path, sheet.text())
        kept.files[sheet.number] = path
        say(f"Saved: {path}")
    if readers:
        say(_SEALED)
    return kept
