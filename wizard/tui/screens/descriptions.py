"""What is said about each database that was found: what it is, and what can be done with it."""

from __future__ import annotations

import re
import shlex

from wizard.tui import wording
from wizard.tui.answers.target import Target

_MINUTE = 60
STATE_WORDS = {
    "plaintext": "not encrypted",
    "protected": "protected",
    "interrupted": "interrupted",
    "foreign": "not ours",
    "damaged": "damaged",
    "unreadable": "unreadable",
    "absent": "new",
}


def describe(target: Target) -> list[str]:
    """The path and two or three sentences, without markup."""
    return [wording.printable(target.path), *_sentences(target)]


def _sentences(target: Target) -> list[str]:
    if target.state == "plaintext":
        takes = "" if target.seconds is None else f", which takes {_about(target.seconds)} here"
        return [
            _plaintext(target),
            f"An encrypted copy is made and compared{takes}.",
            "The database stays as it is until you have proved the recovery kit.",
        ]
    if target.state == "absent":
        return ["Nothing is there yet: a new, empty, encrypted database."]
    if target.state == "protected":
        path = shlex.quote(wording.printable(target.path))
        return [
            f"Already protected. Fingerprint {target.fingerprint}.",
            "“Next” changes its passphrase, keys, operators or kit, and makes backups.",
            f"To open it:  datafold-wizard shell {path}",
        ]
    if target.state == "interrupted":
        if target.fingerprint is None:
            way_on = "Undo removes what that run left; the database is as it was before it."
        else:
            way_on = "It opens as always; “Next” ends what was cut off."
        return [target.reason, way_on]
    if target.kept:
        # The path stands above it already.
        reason = re.sub(rf"^{re.escape(target.path)} is\b", "It is", target.reason)
        return [reason, "“Next” shows what can be done about it."]
    return [f"Cannot be protected: {target.reason}", *target.ways_out[:2]]


def _about(seconds: float) -> str:
    if seconds < 1:
        return "less than a second"
    whole = round(seconds)
    return f"about {whole} s" if whole < _MINUTE else f"about {wording.seconds(whole)}"


def _plaintext(target: Target) -> str:
    parts = ["A readable SQLite database"]
    if target.tables is not None:
        parts.append(wording.count(target.tables, "table"))
    if target.modified is not None:
        parts.append(f"last changed {wording.day(target.modified)}")
    return ", ".join(parts) + "."
