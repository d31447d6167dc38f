"""Getting the secret that opens a database, and asking again where asking again makes sense.

- What can be said without a secret is said before one is asked for.
- A question names the fingerprint, so that a replaced sidecar is noticed before anything is typed.
- Only a person is asked again: a source delivers once, and its failure is the answer.
"""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from wizard import engine
from wizard.cli import output
from wizard.cli.terminal import Terminal, ask_passphrase, is_terminal, yes
from wizard.cli.typed_words import ask_words
from wizard.refusals import UsageProblem

if TYPE_CHECKING:
    from collections.abc import Callable

    from wizard.cli.sources import Source

Opened = TypeVar("Opened")

ATTEMPTS = 3
TYPED = Path("-")
_MAXIMUM_SHEET_BYTES = 64 * 1024


@dataclass(frozen=True, slots=True)
class UnlockOptions:
    """What the command line says about the secret."""

    source: Source | None = None
    keyfile: Path | None = None
    recovery: tuple[Path, ...] = ()
    allow_high_cost: bool = False
    operator: str | None = None

    def __post_init__(self) -> None:
        others = (self.source, self.keyfile, self.operator)
        if self.recovery and any(other is not None for other in others):
            raise UsageProblem("Give the passphrase or the recovery kit, not both.")
        if self.operator is not None and self.keyfile is not None:
            raise UsageProblem("An operator's passphrase has no keyfile.")
        if TYPED in self.recovery and len(self.recovery) > 1:
            raise UsageProblem("Give the recovery sheets as files, or - to type them, not both.")


@dataclass(frozen=True, slots=True)
class Attempt:
    """The secret arguments of one call of the engine; exactly one of the first two is set."""

    passphrase: engine.Secret | None
    recovery: tuple[str, ...] | None
    allow_high_cost: bool

    @property
    def secret(self) -> engine.Secret:
        """The passphrase, for a verb that takes nothing else."""
        if self.passphrase is None:
            raise AssertionError("this verb was given recovery sheets")
        return self.passphrase


def open_with(path: Path, options: UnlockOptions, verb: Callable[[Attempt], Opened]) -> Opened:
    """Call ``verb`` with what was given or typed, again after a mistake; return what it returns.

    Raises what ``verb`` raises, and `UsageProblem` without a terminal and without a source.
    """
    found = engine.inspect(path)
    if options.recovery:
        texts = read_sheets(options.recovery, found.metadata)
        return verb(Attempt(None, texts, options.allow_high_cost))
    if found.error is not None:
        raise found.error
    fingerprint = "" if found.metadata is None else found.metadata.public_key.fingerprint
    _check_secret(found, options)
    with ExitStack() as secrets:
        cost = _agreed_cost(found, options)
        if options.source is not None:
            passphrase = secrets.enter_context(options.source.read())
            return verb(Attempt(passphrase, None, cost))
        question = _question(path, options, fingerprint)
        return _open_typed(question, verb, allow_high_cost=cost)


def _question(path: Path, options: UnlockOptions, fingerprint: str) -> str:
    whose = "" if options.operator is None else f" of {output.printable(options.operator)}"
    return f"Passphrase{whose} for {output.printable(path.name)} (fingerprint {fingerprint}): "


def _open_typed(
    question: str, verb: Callable[[Attempt], Opened], *, allow_high_cost: bool
) -> Opened:
    for attempt in range(1, ATTEMPTS + 1):
        with ask_passphrase(question) as typed:
            try:
                return verb(Attempt(typed, None, allow_high_cost))
            except (engine.WrongPassphrase, engine.InvalidPassphrase) as error:
                if attempt == ATTEMPTS:
                    raise
                output.note(f"{error} Try again.")
    raise AssertionError("the last attempt returns or raises")


def agree_to_cost(error: engine.ResourceLimit, *, subject: str) -> None:
    """Ask whether the memory may be used. Raises the error where nobody can answer, or on a no."""
    if not is_terminal() or not yes(f"{error} {subject} Go on?"):
        raise error


def _agreed_cost(found: engine.Inspection, options: UnlockOptions) -> bool:
    """Whether the stored cost may be paid, asking before the passphrase where it has to."""
    if options.allow_high_cost or found.metadata is None:
        return options.allow_high_cost
    slot = None if options.operator is None else found.metadata.operator(options.operator)
    params = (slot or found.metadata.master_slot).params
    try:
        engine.check_unattended(params)
    except engine.ResourceLimit as error:
        agree_to_cost(error, subject="The database asks for it.")
        return True
    return False


def _check_secret(found: engine.Inspection, options: UnlockOptions) -> None:
    """What no passphrase could open is said before one is asked for."""
    metadata = found.metadata
    if metadata is None:
        return
    labels = [slot.label for slot in metadata.operator_slots]
    if options.operator is not None:
        if options.operator not in labels:
            raise engine.InvalidInput("This database has no operator of that name.")
        return
    expected = metadata.master_slot.keyfile
    given = options.keyfile is not None
    # Without the keyfile it may still be the passphrase of an operator.
    if expected != given and not (expected and labels):
        raise engine.WrongPassphrase(
            metadata.public_key.fingerprint, keyfile_expected=expected, keyfile_given=given
        )


def _read_sheet(path: Path) -> str:
    with path.open("rb") as file:
        data = file.read(_MAXIMUM_SHEET_BYTES + 1)
    if len(data) > _MAXIMUM_SHEET_BYTES:
        raise engine.InvalidRecoveryPhrase(f"{path} is too large to be a recovery sheet.")
    try:
        return data.decode()
    except UnicodeDecodeError:
        raise engine.InvalidRecoveryPhrase(f"{path} is not a text file.") from None


def read_sheets(files: tuple[Path, ...], metadata: engine.Metadata | None) -> tuple[str, ...]:
    """The text of each sheet, from its file or, for ``-``, typed on the terminal."""
    if files == (TYPED,):
        return ask_sheets(metadata)
    return tuple(_read_sheet(file) for file in files)


def ask_sheets(metadata: engine.Metadata | None) -> tuple[str, ...]:
    """Ask for as many sheets as are needed, word by word, on a screen that is wiped after.

    Without metadata the slot lines are asked for too: they stand for a sidecar that is gone.
    """
    if not is_terminal():
        raise UsageProblem(
            "There is no terminal to type the recovery kit at. "
            "Say where its sheets are with --recovery FILE."
        )
    slot = None if metadata is None else metadata.recovery_slot
    needed = 1 if slot is None else slot.threshold
    sheets: list[str] = []
    with Terminal.open() as terminal, terminal.alternate_screen() as clear:
        message = ""
        while len(sheets) < needed:
            of = f" of {needed} sheets" if needed > 1 else ""
            title = f"Recovery sheet {len(sheets) + 1}{of}: type its words."
            text = ask_words(terminal, title, message=message)
            clear()
            if metadata is None:
                text = _with_slot_lines(terminal, text)
            try:
                parsed = engine.parse_sheets([*sheets, text])
            except engine.InvalidRecoveryPhrase as error:
                message = f"{error} Type this sheet again."
                continue
            message = ""
            sheets.append(text)
            if parsed.slot is not None:
                needed = parsed.slot.threshold
    return tuple(sheets)


def _with_slot_lines(terminal: Terminal, words: str) -> str:
    terminal.write(
        "Now the slot lines below the words, because the .crypto.json file cannot be used.\n"
        "End with an empty line.\n\n"
    )
    lines = _ask_block(terminal)
    return "\n".join(["== RECOVERY WORDS ==", words, "== RECOVERY SLOT ==", *lines, "== END =="])


def _ask_block(terminal: Terminal) -> list[str]:
    lines: list[str] = []
    while True:
        line = terminal.ask("> ")
        if line:
            lines.append(line)
        elif lines:
            return lines
