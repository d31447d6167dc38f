"""What a person, a script and an HTTP client are told about an error: one voice.

- A message is one or two plain sentences: what happened, and what that did *not* touch. The hint
  is the next thing to do, with a command where there is one. ``wizard.error_table`` holds them.
- Nothing here shows a value that the engine did not put into `str(error)`: errors that were not
  raised on purpose are named by their type and place only, for their text may quote anything.
"""

from __future__ import annotations

import os
import shlex
from pathlib import Path

import wizard
from wizard.engine import errors
from wizard.error_table import HINTS_BY_CODE, INTERNAL, OPERATING_SYSTEM, TABLE
from wizard.values import dataclass
from wizard.version import PROGRAM

TYPE_CHECKING = False
if TYPE_CHECKING:
    from wizard.error_table import Row


@dataclass(frozen=True, slots=True)
class Explanation:
    """An error in words. `hint` may be empty, every other field is not."""

    code: str
    exit_code: int
    http_status: int
    message: str
    hint: str

    def as_dict(self) -> dict[str, str | int]:
        """Return what ``--json`` prints and an API answers: all fields but the HTTP status."""
        return {
            "code": self.code,
            "exit_code": self.exit_code,
            "message": self.message,
            "hint": self.hint,
        }


def explain(error: BaseException, *, path: str | os.PathLike[str] | None = None) -> Explanation:
    """Return the words and numbers for `error`. `path` fills the commands in the hints.

    Never raises, whatever the error: this is what runs when everything else has failed.
    """
    row, said = _row_and_sentence(error)
    target = "PATH" if path is None else shlex.quote(os.fspath(path))
    return Explanation(
        code=row.code,
        exit_code=row.exit_code,
        http_status=row.http_status,
        message=" ".join(part for part in (said, row.assurance) if part),
        # replace, not format: a path may hold braces.
        hint=_hint(row, error).replace("{program}", PROGRAM).replace("{path}", target),
    )


def fault_id(error: BaseException) -> str:
    """Name an unexpected error by type and innermost place of ours, so that reports can be matched.

    The error's own text is left out: it may quote what it failed on, and that may be a secret.
    """
    import traceback  # noqa: PLC0415 - never loaded where all goes well

    own = str(Path(wizard.__file__).parent)
    frames = [
        (frame.f_code.co_filename, line) for frame, line in traceback.walk_tb(error.__traceback__)
    ]
    ours = [place for place in frames if place[0].startswith(own)] or frames
    where = f"{Path(ours[-1][0]).name}:{ours[-1][1]}" if ours else "nowhere"
    return f"{type(error).__name__} at {where}, version {wizard.__version__}"


def _row_and_sentence(error: BaseException) -> tuple[Row, str]:
    for ancestor in type(error).__mro__:
        row = TABLE.get(ancestor)
        if row is not None:
            return row, _sentence(error)
    if isinstance(error, OSError):
        row = OPERATING_SYSTEM.get(error.errno or 0)
        if row is not None:
            return row, operating_system_sentence(error)
    return INTERNAL, f"Something that should not happen did ({fault_id(error)})."


def _hint(row: Row, error: BaseException) -> str:
    return HINTS_BY_CODE.get((row.code, str(getattr(error, "code", ""))), row.hint)


def _sentence(error: BaseException) -> str:
    if isinstance(error, KeyboardInterrupt):
        return "Cancelled."
    if isinstance(error, MemoryError):
        return "There is not enough memory."
    # An error raised without words still gets a sentence: the first line of its class's contract.
    said = " ".join(str(error).split()) or (type(error).__doc__ or "").splitlines()[0]
    if (
        isinstance(error, errors.InvalidRecoveryPhrase)
        and error.where.casefold() not in said.casefold()
    ):
        said = f"{error.where}: {said}"
    if isinstance(error, errors.Busy):
        missing = [holder for holder in error.holders if holder not in said]
        if missing:
            said = f"{said} Held by {', '.join(missing)}."
    return said


def operating_system_sentence(error: OSError) -> str:
    """What the system refused, without its number and its quotes."""
    reason = os.strerror(error.errno or 0)
    # A descriptor is no name that tells anybody anything.
    if error.filename is None or isinstance(error.filename, int):
        return f"The operating system refused: {reason}."
    return f"{os.fsdecode(error.filename)}: {reason}."
