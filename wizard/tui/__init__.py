"""The wizard on the screen: a Textual process that draws, and an engine process that knows."""

from __future__ import annotations


def run(path: str | None) -> int:
    """Run the wizard, on ``path`` if one is given, and return the exit code of the process."""
    # Textual reads its environment when it is imported, and costs 250 ms: only when it is wanted.
    from wizard.tui.app import run as run_app  # noqa: PLC0415

    return run_app(path)
