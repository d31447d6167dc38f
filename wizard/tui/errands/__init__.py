"""What people come for, once a database is protected: one row each, and which of them a state has.

- A row says what it changes and what it does not; nothing is on the menu that cannot be done now.
- Ways are the pages in their order; the verb at their end is the engine's.
"""

from __future__ import annotations

from wizard.tui.answers.overview import Overview
from wizard.tui.errand import Errand
from wizard.tui.errands.files import (
    BACK_UP,
    DECRYPT,
    DECRYPT_BY_KIT,
    RESTORE_SIDECAR,
    VERIFY_BACKUP,
)
from wizard.tui.errands.keys import FORGOTTEN, LEAKED, LEFT_MASTER, ROTATE, START_OVER, STRONGER
from wizard.tui.errands.kit import ADD_KIT, OPEN_BY_KIT, PROVE, RENEW
from wizard.tui.errands.operators import ADD_OPERATOR, LEFT, OPERATORS, RENAME_OPERATOR
from wizard.tui.errands.unfinished import CHECKLIST, SETTLE, UNDO

__all__ = [
    "ADD_KIT",
    "ADD_OPERATOR",
    "BACK_UP",
    "CHECKLIST",
    "DECRYPT",
    "DECRYPT_BY_KIT",
    "EVERY",
    "FORGOTTEN",
    "LEAKED",
    "LEFT",
    "LEFT_MASTER",
    "OPEN_BY_KIT",
    "OPERATORS",
    "PROVE",
    "RENAME_OPERATOR",
    "RENEW",
    "RESTORE_SIDECAR",
    "ROTATE",
    "SETTLE",
    "START_OVER",
    "STRONGER",
    "UNDO",
    "VERIFY_BACKUP",
    "named",
    "offered",
]

EVERY = (
    LEAKED,
    FORGOTTEN,
    LEFT,
    LEFT_MASTER,
    STRONGER,
    RENEW,
    ADD_KIT,
    PROVE,
    OPERATORS,
    ADD_OPERATOR,
    RENAME_OPERATOR,
    ROTATE,
    BACK_UP,
    VERIFY_BACKUP,
    RESTORE_SIDECAR,
    START_OVER,
    DECRYPT,
    DECRYPT_BY_KIT,
    CHECKLIST,
    SETTLE,
    UNDO,
    OPEN_BY_KIT,
)


def offered(found: Overview) -> tuple[Errand, ...]:
    """What can be done about a database as it was found, in the order of the menu."""
    if found.state == "protected" and found.keys is not None:
        return _for_protected(found)
    if found.state == "interrupted":
        return (SETTLE,) if found.opens else (UNDO,)
    if found.state in {"damaged", "foreign"} and found.database_there and found.encrypted:
        return (RESTORE_SIDECAR, OPEN_BY_KIT, DECRYPT_BY_KIT, VERIFY_BACKUP, START_OVER)
    return (VERIFY_BACKUP,) if found.state == "damaged" else ()


def named(key: str) -> Errand | None:
    """The errand of that key."""
    return next((errand for errand in EVERY if errand.key == key), None)


def _for_protected(found: Overview) -> tuple[Errand, ...]:
    keys = found.keys
    kit, operators = bool(keys and keys.shares), bool(keys and keys.operators)
    errands = [
        LEAKED,
        FORGOTTEN if kit else None,
        LEFT if operators else LEFT_MASTER,
        STRONGER,
        RENEW if kit else ADD_KIT,
        PROVE if kit else None,
        OPERATORS,
        ROTATE,
        BACK_UP,
        VERIFY_BACKUP,
        RESTORE_SIDECAR,
        CHECKLIST if found.open_items else None,
        START_OVER,
        DECRYPT,
    ]
    return tuple(errand for errand in errands if errand is not None)
