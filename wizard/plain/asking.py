"""Questions on a line each: a number, a word or a path is typed, and Enter takes what is proposed.

- `b` goes back to the question before, `?` explains, Ctrl+D and Ctrl+C give up.
- What an answers file says is shown as if it had been typed, and judged by the same rules.
- Nothing relies on colour, on the position on the screen, or on a line being redrawn.
- Where the locale or the terminal has nothing but ASCII, nothing else is written.
"""

from __future__ import annotations

import os
import sys
import textwrap
from collections.abc import Callable, Sequence
from typing import TypeVar

from rich.cells import cell_len

from wizard import engine
from wizard.characters import first_environment, suits_ascii
from wizard.cli import output
from wizard.cli.terminal import Terminal
from wizard.diagnostics import operating_system_sentence
from wizard.refusals import UsageProblem
from wizard.tui import glyphs

Value = TypeVar("Value")
BACK = "b"
EXPLAIN = "?"
_WIDEST = 100
_LONGEST_SECONDS = 60  # the engine's limit, said before it is asked
_BROKEN = "\ufffd"  # what stands for bytes that are not UTF-8


class Back(Exception):
    """The question before is wanted."""


class Refused(ValueError):
    """An answer that cannot be taken; the text says why."""


def refusal(error: Exception, advice: str = "") -> Refused:
    """An error in words as the answer to an answer, with what to do about it."""
    said = operating_system_sentence(error) if isinstance(error, OSError) else str(error)
    return Refused(f"{said} {advice}".rstrip())


class _Letters:
    """Which characters this terminal gets; there is one in a process."""

    ascii: bool | None = None


def use_ascii() -> None:
    """Write nothing but ASCII from now on, whatever the terminal is."""
    _Letters.ascii = True


def only_ascii() -> bool:
    """Whether this terminal, or this locale, is likely to write ruins for anything else."""
    if _Letters.ascii is None:
        _Letters.ascii = suits_ascii(first_environment())
    return _Letters.ascii


def shown(text: str) -> str:
    """``text`` as this terminal can show it, without what would steer it."""
    text = output.printable(text)
    return glyphs.spelled(text) if only_ascii() else text


def say(text: str = "", *, hanging: int = 0) -> None:
    """A paragraph of the conversation; on standard error, for it is not the result.

    On a terminal it is broken between words; lines after the first begin with ``hanging`` blanks
    and those that the text begins with.
    """
    output.note("\n".join(_broken(shown(text), hanging)))


def _broken(text: str, hanging: int) -> list[str]:
    if sys.stderr is None or not sys.stderr.isatty():
        return [text]
    columns = os.get_terminal_size(sys.stderr.fileno()).columns or 80
    begin = text[: len(text) - len(text.lstrip(" "))]
    rest = text[len(begin) :]
    # The blanks between columns stay: only lines that are too long are broken.
    if cell_len(text) < columns:
        return [text]
    return textwrap.wrap(
        rest,
        max(20, min(columns, _WIDEST) - 1),
        initial_indent=begin,
        subsequent_indent=begin + " " * hanging,
        break_long_words=False,
        break_on_hyphens=False,
    ) or [""]


def number(text: str) -> float:
    """A number as people type it, with a comma or a point. Raises `Refused`."""
    try:
        value = float(text.replace(",", "."))
    except ValueError:
        raise Refused("Type a number, such as 2 or 0.5.") from None
    if value != value or value in (float("inf"), float("-inf")):  # noqa: PLR0124 - a NaN
        raise Refused("Type a number, such as 2 or 0.5.")
    return value


def seconds(text: str) -> float:
    """A time that unlocking may take. Raises `Refused`."""
    value = number(text)
    if not 0 < value <= _LONGEST_SECONDS:
        raise Refused(f"Type a time of up to {_LONGEST_SECONDS} seconds.")
    return value


class Asker:
    """Asks on the controlling terminal, which is opened when the first question needs it."""

    def __init__(self) -> None:
        self._terminal: Terminal | None = None

    def line(self, question: str, *, proposed: str = "", name: str, explained: str = "") -> str:
        """A typed line, or ``proposed`` for none. ``name`` is what an answers file calls it.

        Raises `Back`, `Cancelled`, and `UsageProblem` without a terminal.
        """
        offered = f" [{proposed}]" if proposed else ""
        while True:
            answer = self._open(name).ask(f"{shown(question + offered)}: ")
            if answer == BACK:
                raise Back
            if _BROKEN in answer:
                say("A character did not arrive whole; is this terminal set to UTF-8?")
                continue
            if answer == EXPLAIN:
                usual = "Type an answer, or Enter for the one in brackets. b goes back."
                for paragraph in (explained or usual).splitlines():
                    say(paragraph)
                continue
            return answer or proposed

    def answer(
        self,
        question: str,
        read: Callable[[str], Value],
        *,
        given: str | None = None,
        proposed: str = "",
        name: str,
        explained: str = "",
    ) -> Value:
        """Ask until ``read`` takes the answer; ``given`` comes from a file and is not asked again.

        Raises what `line` raises, and `UsageProblem` for a given answer that cannot be taken.
        """
        if given is not None:
            say(f"{question}: {given}")
            try:
                return read(given)
            except Refused as error:
                raise UsageProblem(f"The answer {name} cannot be used: {error}") from None
        while True:
            typed = self.line(question, proposed=proposed, name=name, explained=explained)
            try:
                return read(typed)
            except Refused as error:
                say(str(error))

    def choose(
        self,
        question: str,
        rows: Sequence[tuple[str, str]],
        *,
        given: str | None = None,
        proposed: str = "",
        name: str,
        explained: str = "",
    ) -> str:
        """One of ``rows``: the value and the words for it. Answered by its number or its value."""
        values = [value for value, _words in rows]
        if given is None:
            for at, (_value, words) in enumerate(rows, 1):
                say(f"  {at:<{len(str(len(rows)))}}  {words}", hanging=2 + len(str(len(rows))))

        def read(text: str) -> str:
            if text in values:
                return text
            if text.isascii() and text.isdigit() and 1 <= int(text) <= len(values):
                return values[int(text) - 1]
            raise Refused(f"Answer with a number from 1 to {len(values)}.")

        number = str(values.index(proposed) + 1) if proposed in values else ""
        return self.answer(
            question, read, given=given, proposed=number, name=name, explained=explained
        )

    def agree(
        self, question: str, *, given: bool | None = None, name: str, explained: str = ""
    ) -> bool:
        """Yes or no; Enter alone is a no."""
        words = {"y": True, "yes": True, "n": False, "no": False}

        def read(text: str) -> bool:
            try:
                return words[text.lower()]
            except KeyError:
                raise Refused("Answer y for yes or n for no.") from None

        told = None if given is None else "yes" if given else "no"
        return self.answer(
            f"{question} (y/n)", read, given=told, proposed="n", name=name, explained=explained
        )

    def named(self, wanted: str) -> bool:
        """Whether ``wanted`` is typed in full, as nobody does in passing; Enter alone is a no."""
        while True:
            typed = self.line(f"Type the name {wanted}, or Enter to go back", name="confirm")
            if not typed:
                return False
            if typed == wanted:
                return True
            say("That is not the name of the database.")

    def terminal(self, name: str) -> Terminal:
        """The terminal that is asked at. Raises `UsageProblem` where there is none."""
        return self._open(name)

    def close(self) -> None:
        """Let the terminal go."""
        if self._terminal is not None:
            self._terminal.__exit__(None, None, None)
            self._terminal = None

    def _open(self, name: str) -> Terminal:
        if self._terminal is None:
            try:
                self._terminal = Terminal.open()
            except engine.WizardError:
                raise UsageProblem(
                    f"There is no terminal to ask at, and the answers do not say: {name}. "
                    "Nothing has been written."
                ) from None
        return self._terminal
