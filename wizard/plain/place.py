"""Where files go: typed paths, and the options of a command that makes a new recovery kit."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from wizard import engine
from wizard.cli.kit import check_free, sheet_paths
from wizard.plain.asking import Refused, refusal, say

if TYPE_CHECKING:
    from wizard.plain.conversation import Talk

SCREEN, FILE, SEALED = "screen", "file", "age"
WHERE_EXPLAINED = (
    "On the screen the words are shown and you write them down; the screen is wiped after. A file "
    "is readable by you only: print it, or put it on a USB stick, and delete it here. Encrypted, "
    "only the private key opens it, with age --decrypt, so it cannot be tried here. b goes back."
)
BESIDE = "This is the database's own directory: a thief or a dead disk takes both."


def typed_path(text: str) -> Path:
    """An absolute path; ``~`` is the home directory. Raises `Refused`."""
    if not text or "\0" in text:
        raise Refused("Type a path, or b to go back.")
    try:
        return Path(text).expanduser().absolute()
    except RuntimeError:
        raise Refused("There is no home directory of that name.") from None


def typed_file(talk: Talk, question: str) -> str:
    """The path of a file, for a command that judges it. Raises what `Asker.line` raises."""
    return talk.asker.answer(question, lambda text: str(typed_path(text)), name="file")


def typed_new_file(talk: Talk, question: str) -> str:
    """The path of a file that is to be made. Raises what `Asker.line` raises."""
    return talk.asker.answer(question, lambda text: str(new_file(text)), name="file")


def new_file(text: str) -> Path:
    """A path where nothing is, in a directory that is there. Raises `Refused`."""
    (path,) = new_sheets(text, shares=1)
    return path


def new_sheets(text: str, *, shares: int) -> tuple[Path, ...]:
    """The same for each sheet of a kit, by the names that `sheet_paths` gives them."""
    paths = sheet_paths(typed_path(text), shares=shares)
    try:
        check_free(paths)
    except (engine.OutputExists, OSError) as error:
        raise refusal(error, "Choose another name.") from None
    return paths


def ask_readers(talk: Talk) -> tuple[engine.Recipient, ...]:
    """Whose private keys alone open a sheet. Raises what `Asker.line` raises."""
    return talk.asker.answer(
        "Public key, or the file that holds it",
        readers_of,
        name="recovery-encrypt-to",
        explained="An SSH key (ssh-ed25519, ssh-rsa) or an age key, or a file of them.",
    )


def readers_of(text: str) -> tuple[engine.Recipient, ...]:
    """Public keys, or those of a file. Raises `Refused`."""
    try:
        return engine.recipients_from(text)
    except (engine.WizardError, OSError, RuntimeError) as error:
        raise refusal(error) from None


def kit_rows(*, wipes: bool) -> list[tuple[str, str]]:
    """How a sheet can be kept; ``wipes`` tells whether the terminal can take words away again."""
    shown = "Show it on the screen, to be written down"
    return [
        (SCREEN, shown if wipes else "Show it here; it stays in this terminal's history"),
        (FILE, "Save it as a text file that only you can read, ready to print"),
        (SEALED, "Save it encrypted to an SSH or age public key"),
    ]


def kit_options(talk: Talk, path: str) -> list[str]:
    """What a command has to be told about its new kit. Raises what `Asker.line` raises."""
    wipes = talk.asker.terminal("recovery-out").wipes
    rows = kit_rows(wipes=wipes)
    how = talk.asker.choose(
        "The new recovery kit",
        rows if wipes else rows[1:],
        proposed=SCREEN if wipes else FILE,
        name="recovery-out",
        explained=WHERE_EXPLAINED,
    )
    if how == SCREEN:
        return []
    options = []
    if how == SEALED:
        readers = ask_readers(talk)
        options = [word for each in readers for word in ("--recovery-encrypt-to", each.line)]

    suffix = ".age" if how == SEALED else ".txt"
    file = talk.asker.answer(
        "File for the kit",
        new_file,
        proposed=str(Path.home() / f"{Path(path).stem}-new-recovery-kit{suffix}"),
        name="recovery-out",
        explained="Several sheets get several files: FILE-1of3 and so on.",
    )
    if file.parent.resolve() == Path(path).resolve().parent:
        say(BESIDE)
    return [*options, "--recovery-out", str(file)]
