"""How much of a table an ordinary run takes; DATAFOLD_TUI=full takes all of it."""

from __future__ import annotations

import os
from collections.abc import Iterable
from typing import TypeVar

One = TypeVar("One")
FULL = os.environ.get("DATAFOLD_TUI") == "full"


def some(every: Iterable[One], *ordinary: One) -> list[One]:
    """All of `every` when everything was asked for, else those named here, which must be in it."""
    everything = list(every)
    assert all(one in everything for one in ordinary)
    return everything if FULL else list(ordinary)
