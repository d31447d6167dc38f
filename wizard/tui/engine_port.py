"""What a screen may ask of the engine process; screens know this shape and nothing behind it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

Answer = dict[str, Any]
ProgressCallback = Callable[[Answer], None]


class Engine(Protocol):
    """The client side of the engine process, as the screens use it."""

    on_event: Callable[[Answer], None] | None

    async def start(self) -> None:
        """Start the engine process."""

    async def request(
        self, op: str, /, *, on_progress: ProgressCallback | None = None, **fields: Any
    ) -> Answer:
        """Ask and wait for the answer; `EngineError` when the engine refuses."""

    def send(self, op: str, /, **fields: Any) -> None:
        """Tell without waiting; the order of calls is kept."""

    async def cancel_current(self) -> None:
        """Ask the long operation under way to stop and to undo what it did."""

    async def close(self) -> None:
        """Let the engine undo what is pending, wipe and end."""

    def kill(self) -> None:
        """End the engine process at once."""
