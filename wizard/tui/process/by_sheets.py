"""A database opened by its recovery sheets, to see that they open it; nothing is changed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from wizard import engine
from wizard.engine import InvalidRecoveryPhrase, WrongRecoveryPhrase
from wizard.tui.process.failures import under

if TYPE_CHECKING:
    from wizard.tui.process.request import Call, Request

Answer = Mapping[str, object]


def check_sheets(request: Request, _call: Call, sheets: list[str]) -> Answer:
    """See that the sheets open the database; it is closed again at once."""
    with (
        under("sheets", InvalidRecoveryPhrase, WrongRecoveryPhrase),
        engine.unlock(request.path("path"), recovery=sheets, readonly=True) as database,
    ):
        return {"warnings": tuple(database.warnings)}


def rehearse(request: Request, call: Call, sheets: list[str]) -> Answer:
    """Prove that the sheets open the database, read all of it, and record that."""
    done = engine.rehearse_recovery(request.path("path"), sheets, progress=call.progress)
    return {
        "fingerprint": done.fingerprint,
        "lines_outdated": done.lines_outdated,
        "warnings": done.warnings,
    }


def verify_kit(request: Request, call: Call, sheets: list[str]) -> Answer:
    """Open a database without its sidecar by its sheets, and read all of it."""
    done = engine.verify(
        request.path("path"), recovery=sheets, progress=call.progress, cancel=call.cancel
    )
    return {
        "fingerprint": done.fingerprint,
        "tables": done.tables,
        "rows": done.rows,
        "warnings": done.warnings,
    }
