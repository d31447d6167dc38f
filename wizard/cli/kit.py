"""The recovery kit on its way to paper or to files, and the proof that it got there.

- A file is made with mode 0600, never over another one, and read back from disk: what is proved
  is what was stored. Unless the database is committed, the files are removed again.
- On a terminal the kit is shown on the screen that is wiped, and three words of it are asked for.
"""

from __future__ import annotations

import contextlib
import os
import sys
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, TypeVar

from wizard import engine
from wizard.characters import first_environment, suits_ascii
from wizard.cli import output
from wizard.cli.interruption import uninterrupted
from wizard.cli.progress import progress_line
from wizard.cli.terminal import Terminal, is_dumb, is_terminal
from wizard.refusals import UsageProblem

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

Done = TypeVar("Done")
_SEALED = (
    "The kit was proved from memory: what is encrypted to a public key cannot be read back here. "
    "Decrypt each sheet once with the private key:  age --decrypt --identity KEY FILE"
)


def sheet_paths(base: Path, *, shares: int) -> tuple[Path, ...]:
    """Return one name for each sheet: FILE, or FILE-1of3 and so on."""
    if shares == 1:
        return (base,)
    return tuple(
        base.with_name(f"{base.name}-{number}of{shares}") for number in range(1, shares + 1)
    )


def sheet_files(
    recovery_out: Path | None, plan: engine.RecoveryPlan, *, database: Path
) -> tuple[Path, ...]:
    """Where the sheets of a new kit go; none where they are shown. Refuses what cannot be."""
    if recovery_out is None:
        if not can_be_shown():
            raise UsageProblem(
                "There is no terminal to show the new recovery kit on. Say where to write it with "
                "--recovery-out FILE."
            )
        return ()
    sheets = sheet_paths(recovery_out, shares=plan.shares)
    check_free(sheets)
    warn_about_place(sheets, database=database)
    return sheets


def readers_of(
    encrypt_to: Sequence[str], recovery_out: Path | None
) -> tuple[engine.Recipient, ...]:
    """Who alone shall be able to read the files of a new kit; nobody in particular where none is given.

    Raises `UsageProblem` where there are no files, and what `engine.recipients_from` raises.
    """
    if encrypt_to and recovery_out is None:
        raise UsageProblem("--recovery-encrypt-to needs --recovery-out FILE to write to.")
    return tuple(key for text in encrypt_to for key in engine.recipients_from(text))


def check_free(paths: Sequence[Path]) -> None:
    """Raise `OutputExists`, or `OSError` for a missing directory, before any work is done."""
    for path in paths:
        if os.path.lexists(path):
            raise engine.OutputExists(path)
        path.parent.stat()


@dataclass(slots=True)
class KitFiles:
    """Sheets on disk that are removed again unless they are kept."""

    paths: list[Path] = field(default_factory=list)
    kept: bool = False

    def write(self, path: Path, text: str) -> str:
        """Store one sheet durably and return what a new read of it gives."""
        engine.create_file(path, text.encode())
        self.paths.append(path)
        return path.read_bytes().decode()

    def seal(self, path: Path, text: str, readers: Sequence[engine.Recipient]) -> None:
        """Store one sheet encrypted, and check that the bytes are on the disk.

        Raises `VerificationFailed` if they are not.
        """
        data = engine.encrypt_to(readers, text.encode())
        engine.create_file(path, data)
        self.paths.append(path)
        if path.read_bytes() != data:
            raise engine.VerificationFailed(f"{path} does not read back as it was written.")

    @contextmanager
    def kept_by_commit(self, pending: Pending) -> Iterator[None]:
        """Keep them if the commit inside ends well, or what they open is in force although it raised."""
        try:
            yield
        except BaseException:
            found = engine.inspect(pending.path)
            # The chain, for a change of keys keeps the database's identity.
            self.kept = (
                found.metadata is not None and found.metadata.chain == pending.metadata.chain
            )
            raise
        self.kept = True


@contextmanager
def kit_files() -> Iterator[KitFiles]:
    """Yield a place for sheets that leaves no file behind unless they are kept."""
    files = KitFiles()
    try:
        yield files
    finally:
        if not files.kept:
            for path in files.paths:
                with contextlib.suppress(OSError):
                    path.unlink()


class Pending(Protocol):
    """What waits for its kit: an initialization, or a change of keys."""

    path: Path

    @property
    def metadata(self) -> engine.Metadata: ...  # noqa: D102

    @property
    def kit(self) -> engine.RecoveryKit | None: ...  # noqa: D102

    def challenge(self) -> tuple[engine.WordChallenge, ...]: ...  # noqa: D102

    def check_words(self, answers: Sequence[str]) -> None: ...  # noqa: D102

    def rehearse(  # noqa: D102
        self, sheet_texts: Sequence[str] | None = None, *, progress: engine.ProgressSink = ...
    ) -> None: ...


def prove_and_commit(
    pending: Pending,
    sheets: Sequence[Path],
    commit: Callable[[engine.ProgressSink], Done],
    *,
    readers: Sequence[engine.Recipient] = (),
) -> Done:
    """Get the kit to paper or to files, let it open the database, and only then commit.

    The files are removed again unless ``commit`` returns, or what they open is in force although it
    raised. With ``readers`` the files are encrypted, and the kit is proved from memory.
    """
    with kit_files() as files, progress_line() as line:
        if pending.kit is not None:
            texts = None
            if sheets and readers:
                for path, sheet in zip(sheets, pending.kit.sheets, strict=True):
                    files.seal(path, sheet.text(), readers)
                output.note(_SEALED)
            elif sheets:
                texts = [
                    files.write(path, sheet.text())
                    for path, sheet in zip(sheets, pending.kit.sheets, strict=True)
                ]
            else:
                _prove_on_screen(pending)
            pending.rehearse(texts, progress=line)
        with uninterrupted():
            with files.kept_by_commit(pending):
                done = commit(line)
            if pending.kit is not None:
                # Written and read back, or shown and three words of it typed.
                engine.record_item(
                    engine.inspect(pending.path), engine.Item.KIT_SAVED, engine.ItemState.DONE
                )
    return done


def can_be_shown() -> bool:
    """Whether there is a terminal that can wipe the words again; they must never get into a pipe."""
    return is_terminal() and not is_dumb() and sys.stdout is not None and sys.stdout.isatty()


def _prove_on_screen(pending: Pending) -> None:
    """Show every sheet, and ask for drawn words until they are right.

    Raises `Cancelled` on an end of input.
    """
    kit = pending.kit
    if kit is None:
        raise AssertionError("there is no kit to show")
    with Terminal.open() as terminal, terminal.alternate_screen() as clear:
        _show(terminal, kit)
        message = ""
        while True:
            clear()
            terminal.write(
                f"{message}Answer from your paper copy, to prove that it is complete.\n"
                "(Four letters are enough; ? shows the kit again, Ctrl+C gives up and changes "
                "nothing.)\n\n"
            )
            answers = _ask_words(terminal, pending.challenge())
            if answers is None:
                _show(terminal, kit)
                message = ""
                continue
            try:
                pending.check_words(answers)
            except engine.InvalidRecoveryPhrase as error:
                message = f"{error}\n\n"
                continue
            return


def _show(terminal: Terminal, kit: engine.RecoveryKit) -> None:
    for number, sheet in enumerate(kit.sheets, 1):
        last = number == len(kit.sheets)
        show_sheet(terminal, sheet, go_on="it is on paper" if last else "next sheet")


def show_sheet(
    terminal: Terminal, sheet: engine.KitSheet, *, go_on: str = "it is on paper"
) -> None:
    """Show one sheet on the alternate screen that is on already, and its QR code if that is asked for."""
    after = f"[Enter: {go_on}, b: back, q: QR code of the slot] "
    while terminal.show_pages(sheet.text().splitlines(), after=after).lower() == "q":
        terminal.show_pages(_qr_lines(terminal, sheet), after="[Enter: back to the sheet] ")


def _qr_lines(terminal: Terminal, sheet: engine.KitSheet) -> list[str]:
    """Return the QR code, if it can be seen whole: in pieces it could not be scanned."""
    if not terminal.wipes:
        return ["This terminal has no colours to draw a QR code with."]
    blank = suits_ascii(first_environment())
    columns, rows = terminal.size()
    modules = len(sheet.qr_matrix())
    # Half blocks: a module is one column wide, and two rows of modules are one row of text. Where
    # there are none, a module is two blanks in one row.
    width, needed = (2 * modules, modules) if blank else (modules, (modules + 1) // 2)
    if columns < width or rows < needed + 2:
        return [
            f"The QR code of the slot lines needs {width} columns and {needed + 2} rows;",
            f"this terminal has {columns} and {rows}.",
        ]
    return sheet.qr_terminal(ascii_only=blank)


def _ask_words(terminal: Terminal, challenge: Sequence[engine.WordChallenge]) -> list[str] | None:
    answers = []
    several = len({asked.sheet for asked in challenge}) > 1
    for asked in challenge:
        sheet = f"Sheet {asked.sheet}, word" if several else "Word"
        answer = terminal.ask(f"{sheet} {asked.position}: ")
        if answer == "?":
            return None
        found = engine.complete_word(answer.lower()) if answer else ()
        answers.append(found[0] if len(found) == 1 else answer)
    return answers


def warn_about_place(paths: Sequence[Path], *, database: Path) -> None:
    """Say so when whoever takes the database takes the kit with it."""
    if any(path.resolve().parent == database.resolve().parent for path in paths):
        output.note(
            "Note: the recovery kit lies in the same directory as the database. "
            "Print it or move it to another place: whoever has both can read everything."
        )
