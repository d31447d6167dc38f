"""A path, typed; the engine process completes it, and nothing else is remembered."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.suggester import Suggester

from wizard.tui.widgets.one_line import OneLine

Candidates = Callable[[str], Awaitable[list[str]]]


def expanded(text: str) -> str:
    """What was typed as an absolute path; `~` is the home directory."""
    text = text.strip()
    return str(Path(text).expanduser().absolute()) if text else ""


class PathSuggester(Suggester):
    """Offers the first candidate as the rest of the line."""

    def __init__(self, candidates: Candidates) -> None:
        # Files come and go: an answer is good for one key.
        super().__init__(use_cache=False, case_sensitive=True)
        self._candidates = candidates

    async def get_suggestion(self, value: str) -> str | None:
        """The first candidate that begins with what was typed."""
        candidates = await self._candidates(value)
        return next((path for path in candidates if path.startswith(value)), None)


class PathField(OneLine):
    """One line; Tab or Right takes the offered rest, Up and Down go to other fields."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("tab", "complete", show=False),
    ]

    def __init__(self, value: str, *, id: str, candidates: Candidates) -> None:  # noqa: A002 - Textual's own name
        super().__init__(value, id=id, suggester=PathSuggester(candidates))

    def action_complete(self) -> None:
        """Take the offered rest, or go on when there is none."""
        if self._suggestion and self._suggestion != self.value:
            self.value = self._suggestion
            self.cursor_position = len(self.value)
        else:
            self.screen.focus_next()
