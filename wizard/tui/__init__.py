"""The wizard on the screen: a Textual process that draws, and an engine process that knows."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from wizard.invocation import Invocation


def run(asked: Invocation) -> int:
    """Run the wizard as it was asked for, and return the exit code of the process."""
    # Textual reads its environment when it is imported, and costs 250 ms: only when it is wanted.
    from wizard.tui.app import run as run_app  # noqa: PLC0415

    return run_app(asked)
