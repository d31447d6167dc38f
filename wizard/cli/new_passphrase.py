"""A new passphrase: typed twice on the terminal, or read once from its source.

- What the engine would refuse is refused before the second typing and before any work.
- A mismatch shows nothing of what was typed and asks again, three times at most.
- `?` alone, which no rule would let pass, explains.
- One that is made here is shown once, on the screen that keeps no history, and counts when it was typed.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from wizard import engine
from wizard.cli import output
from wizard.cli.interruption import interrupted_at_once
from wizard.cli.progress import ProgressLine
from wizard.cli.terminal import Terminal, is_dumb, is_terminal
from wizard.cli.unlocking import ATTEMPTS
from wizard.refusals import UsageProblem

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import ExitStack

    from wizard.cli.sources import Source


EXPLANATION = (
    (
        "A good one is six or more words that have nothing to do with each other, picked by dice or by "
        "a machine. Names, dates, sentences from books and the name of the database are guessed first."
    ),
    (
        "What you type goes into locked memory. The key is computed from it, here, whenever the "
        "database is opened. It is stored nowhere: forgotten, only the recovery kit opens the database."
    ),
    (
        "Nothing is shown while you type. Backspace takes back a character, Ctrl+U all of them, Enter "
        "ends it, Ctrl+C gives up. Letters and signs that every keyboard has are the safest."
    ),
)
_QUESTION = b"?"


@dataclass(frozen=True, slots=True)
class Demand:
    """What a new passphrase has to be: zxcvbn's score, given words an attacker tries first."""

    minimum_score: int
    context: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Generated:
    """In the place of a source: it is drawn here."""


def source_of(source: Source | None, *, generate: bool) -> Source | Generated | None:
    """Where the new passphrase comes from; None to have it typed. Raises `UsageProblem` for both."""
    if not generate:
        return source
    if source is not None:
        raise UsageProblem(
            "Have a passphrase made with --generate, or say where it is, but not both."
        )
    if not is_terminal() or is_dumb():
        raise UsageProblem(
            "There is no terminal to show the generated passphrase on. Say where the passphrase is."
        )
    return Generated()


def new_passphrase(source: Source | Generated | None, demand: Demand) -> engine.Secret:
    """Return it in the engine's form; the caller closes it.

    Raises `InvalidPassphrase`, `WeakPassphrase`, and what reading it raises.
    """
    if isinstance(source, Generated):
        return drawn_passphrase()
    if source is not None:
        with source.read() as given:
            return _accepted(given, demand)
    with Terminal.open() as terminal:
        for attempt in range(1, ATTEMPTS + 1):
            try:
                return _typed_twice(terminal, demand)
            except engine.InvalidPassphrase as error:
                if attempt == ATTEMPTS:
                    raise
                output.note(f"{error} Choose again.")
    raise AssertionError("the last attempt returns or raises")


def unjudged(source: Source) -> engine.Secret:
    """Return what a source delivers in the engine's form; the caller closes it.

    For a verb that begins nothing before the engine has judged its strength, which takes time.
    """
    with source.read() as given:
        return engine.new_passphrase_from(given)


def drawn_passphrase() -> engine.Secret:
    """Draw words, show them where no history is kept, and have them typed again.

    Raises `Cancelled` on an end of input, and `UsageProblem` without a terminal.
    """
    drawn = engine.generate_passphrase()
    try:
        with Terminal.open() as terminal, terminal.alternate_screen() as clear:
            message = ""
            while True:
                clear()
                with drawn.secret.expose() as view:
                    terminal.write(
                        f"{message}{drawn.words} random words of the EFF's long list: "
                        f"{drawn.bits:.1f} bits.\n"
                        "Write them down or learn them. They are not shown again later.\n\n"
                        f"  {str(view, 'utf-8')}\n\n"
                    )
                terminal.ask("[Enter: hide it, and type it again] ")
                clear()
                with terminal.ask_unseen("The passphrase: ") as typed:
                    if typed.equals(drawn.secret):
                        return drawn.secret
                message = "That was not the same. Look again.\n\n"
    except BaseException:
        drawn.secret.close()
        raise


def asked_when_needed(
    source: Source | Generated | None, demand: Demand, secrets: ExitStack, line: ProgressLine
) -> Callable[[], engine.Secret]:
    """What the engine calls for the new passphrase, once the present one was found right.

    ``secrets`` wipes it in the end; ``line`` is cleared before somebody is asked.
    """

    def ask() -> engine.Secret:
        line.clear()
        with interrupted_at_once():
            return secrets.enter_context(new_passphrase(source, demand))

    return ask


def asks_for_explanation(typed: engine.Secret) -> bool:
    """Whether nothing but a question mark was typed."""
    if len(typed) != len(_QUESTION):
        return False
    with typed.expose() as view:
        return bytes(view) == _QUESTION


def _typed_twice(terminal: Terminal, demand: Demand) -> engine.Secret:
    with terminal.ask_unseen("New passphrase: ") as typed:
        if asks_for_explanation(typed):
            for sentences in EXPLANATION:
                output.note(sentences)
            return _typed_twice(terminal, demand)
        accepted = _accepted(typed, demand)
        for warning in engine.passphrase_warnings(typed):
            output.note(f"Note: {warning.sentence}")
    try:
        with (
            terminal.ask_unseen("The same again: ") as again,
            engine.new_passphrase_from(again) as repeated,
        ):
            same = repeated.equals(accepted)
    except BaseException:
        accepted.close()
        raise
    if not same:
        accepted.close()
        raise engine.InvalidPassphrase("mismatch", "The two passphrases are not the same.")
    return accepted


def _accepted(given: engine.Secret, demand: Demand) -> engine.Secret:
    passphrase = engine.new_passphrase_from(given)
    try:
        engine.check_strength(passphrase, demand.minimum_score, context=demand.context)
    except BaseException:
        passphrase.close()
        raise
    return passphrase
