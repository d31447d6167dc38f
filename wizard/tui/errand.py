"""One thing that somebody comes for; the table of them is `wizard.tui.errands`."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Errand:
    """One thing that somebody comes for, and the pages that lead through it.

    ``changes`` and ``keeps`` say what it changes and what it does not; ``after`` names what is
    worth doing next. ``derivations`` counts the key derivations, for the time it takes.
    """

    key: str
    title: str
    changes: str
    keeps: str
    way: tuple[str, ...]
    op: str = ""
    button: str = ""
    done: str = ""
    stages: tuple[tuple[str, str], ...] = ()
    derivations: int = 0
    whole_file: bool = False
    typed_name: bool = False
    new_kit: bool = False
    after: str = ""
    advice: str = ""
    origin: str = "intents"
