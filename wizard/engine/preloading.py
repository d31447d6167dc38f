"""What an initialization loads on its way, loaded beforehand: for a process that is about to divide.

Modules are loaded where they are first needed, so that a command starts fast. Processes that are
divided from one that has loaded them share that work, and its memory.
"""

from __future__ import annotations

import importlib

from wizard.engine import argon2_choice

# The libraries that the engine loads late, and its own modules that load the rest of it.
_LATE = (
    "encodings.ascii",
    "wizard.engine.audit_reading",
    "wizard.engine.checklist",
    "wizard.engine.initialization",
    "zxcvbn",
)


def load_initialization() -> None:
    """Load it, kit and strength check included; nothing is read, written or kept of a secret."""
    for name in _LATE:
        importlib.import_module(name)
    argon2_choice.argon2()
