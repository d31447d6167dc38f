"""Starts the screen process: an environment without surprises first, Textual only after it.

Textual reads its `TEXTUAL*` variables when it is imported, and some of them write every key to a
file; so this module drops them and imports the wizard afterwards.
"""

from __future__ import annotations

import gc
import os
import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from wizard.invocation import Invocation
    from wizard.tui.wizard_app import WizardApp

_HARMLESS = frozenset({"TEXTUAL_ANIMATIONS", "TEXTUAL_DISABLE_KITTY_KEY"})


def drop_textual_variables() -> None:
    """Remove what could log keys, take screenshots or load a driver of somebody's choice.

    COLUMNS and LINES, too, which Textual believes more than the terminal: whoever exports them has
    the size that the window had then.
    """
    for name in [name for name in os.environ if name.startswith("TEXTUAL")]:
        if name not in _HARMLESS:
            del os.environ[name]
    for name in ("COLUMNS", "LINES"):
        os.environ.pop(name, None)


def over_ssh() -> bool:
    """Whether the terminal is at the other end of an SSH connection."""
    return bool(os.environ.get("SSH_CONNECTION") or os.environ.get("SSH_TTY"))


def honour_no_color() -> None:
    """Forget an empty NO_COLOR: no-color.org asks for one that is not empty, Textual does not."""
    if not os.environ.get("NO_COLOR"):
        os.environ.pop("NO_COLOR", None)


def load_asyncio_without_tls() -> None:
    """Load asyncio as in a Python without OpenSSL: no socket of the screen speaks TLS.

    OpenSSL takes ten milliseconds, a twentieth of the way to the first page.
    """
    if "ssl" in sys.modules:
        return
    modules: dict[str, Any] = sys.modules
    modules["ssl"] = None
    try:
        import asyncio  # noqa: F401, PLC0415 - for what it leaves in the table of modules
    finally:
        del sys.modules["ssl"]


def prepare_environment() -> None:
    """What has to be so before Textual is imported."""
    drop_textual_variables()
    honour_no_color()
    load_asyncio_without_tls()


def run(asked: Invocation) -> int:
    """Run the wizard in this terminal and return the exit code of the process."""
    # Nothing that is loaded now becomes garbage: looking for it would delay the first page.
    gc.disable()
    prepare_environment()
    try:
        from wizard.tui.engine_client import EngineClient  # noqa: PLC0415 - after the environment
        from wizard.tui.wizard_app import WizardApp  # noqa: PLC0415 - the same

        app = WizardApp(EngineClient(), asked.path, ascii=asked.ascii or None)
        if asked.answers is not None:
            from wizard.plain.prefill import prefill  # noqa: PLC0415 - only with answers

            app.start_path = prefill(app.session, asked.answers) or app.start_path
        return run_app(app, asked)
    except Exception as error:  # noqa: BLE001 - the last place that can turn it into words
        from wizard.tui.crash import say  # noqa: PLC0415 - only needed in a crash

        return say(error)


def run_app(app: WizardApp, asked: Invocation, **options: Any) -> int:
    """Run `app`; its exit code.

    The mouse is off over SSH unless it was asked for: it costs bytes for every move, and the
    terminal's own selection.
    """
    from wizard.tui import forgetful_parser  # noqa: PLC0415 - after the environment
    from wizard.tui.terminal import let_bad_bytes_pass  # noqa: PLC0415 - the same

    forgetful_parser.install()
    let_bad_bytes_pass()
    app.run(mouse=asked.mouse or not over_ssh(), **options)
    app.say_last_words()
    return app.return_code or 0
