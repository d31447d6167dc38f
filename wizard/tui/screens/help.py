"""What F1 says about a page; the dialog that says it is loaded when it is asked for."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Explanation:
    """A page in plain words: what it is, what to choose, what happens after it."""

    what: str
    choose: str
    after: str
