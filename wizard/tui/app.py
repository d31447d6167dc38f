"""Starts the screen process: an environment without surprises first, Textual only after it.

Textual reads its `TEXTUAL*` variables when it is imported, and some of them write every key to a
file; so this module drops them and imports the wizard afterwards.
"""

from __future__ import annotations

import os

_HARMLESS = frozenset({"TEXTUAL_ANIMATIONS", "TEXTUAL_DISABLE_KITTY_KEY"})


def drop_textual_variables() -> None:
    """Remove what could log keys, take screenshots or load a driver of somebody's choice."""
    for name in [name for name in os.environ if name.startswith("TEXTUAL")]:
        if name not in _HARMLESS:
            del os.environ[name]


def over_ssh() -> bool:
    """Whether the terminal is at the other end of an SSH connection."""
    return bool(os.environ.get("SSH_CONNECTION") or os.environ.get("SSH_TTY"))


def run(path: str | None, *, mouse: bool | None = None) -> int:
    """Run the wizard in this terminal and return the exit code of the process.

    Without `mouse` it is off over SSH, where it costs a byte for every move and the terminal's
    own selection.
    """
    drop_textual_variables()
    from wizard.tui.engine_client import EngineClient  # noqa: PLC0415 - after the environment
    from wizard.tui.terminal import let_bad_bytes_pass  # noqa: PLC0415 - the same
    from wizard.tui.wizard_app import WizardApp  # noqa: PLC0415 - the same

    let_bad_bytes_pass()
    app = WizardApp(EngineClient(), path)
    app.run(mouse=not over_ssh() if mouse is None else mouse)
    app.say_last_words()
    return app.return_code or 0
