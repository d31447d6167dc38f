"""``status PATH`` and ``check NAME...``, with or without ``--json``, read without Click.

Service managers and scripts call them thus, often and for many databases; loading Click would take
as long as all the rest.

- Read here is only what Click takes for exactly this; whatever else is among the arguments is
  left to Click, and so is a mistake. A test compares the two.
- The commands themselves are the same either way: `wizard.cli.status` and `wizard.cli.check`.
"""

from __future__ import annotations

import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

_JSON = "--json"


def is_plain(arguments: Sequence[str]) -> bool:
    """Whether `run` can do what the arguments say, just as Click would have it done."""
    names = [word for word in arguments[1:] if word != _JSON]
    if any(not name or name.startswith("-") for name in names):
        return False
    match arguments[:1]:
        case ["check"]:
            return True
        case ["status"]:
            return len(names) == 1 and _is_taken_as_path(names[0])
    return False


def _is_taken_as_path(name: str) -> bool:
    """Whether Click takes it for a path: it refuses what is there and cannot be read."""
    return os.access(name, os.R_OK) or not os.path.exists(name)  # noqa: PTH110 - never raises


def run(arguments: Sequence[str]) -> int:
    """Do what arguments in the plain form say, and return the exit code."""
    from wizard.cli import ending  # noqa: PLC0415 - most arguments are not in that form

    command, *words = arguments
    names = [word for word in words if word != _JSON]
    as_json = len(names) != len(words)
    ending.show_any_name()
    if command == "check":
        return _check(names, as_json=as_json)
    return _status(names[0], as_json=as_json)


def _status(name: str, *, as_json: bool) -> int:
    from pathlib import Path  # noqa: PLC0415 - as above

    from wizard.cli import ending, status  # noqa: PLC0415

    path = Path(name)
    return ending.guarded(
        lambda: status.tell(path, as_json=as_json), {"path": path}, as_json=as_json
    )


def _check(names: Sequence[str], *, as_json: bool) -> int:
    from wizard.cli import check, ending  # noqa: PLC0415 - as above

    return ending.guarded(lambda: check.tell(names, as_json=as_json), {}, as_json=as_json)
