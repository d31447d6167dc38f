"""How a command ends: the one place where an error becomes words and an exit code.

- Whatever happens, a person sees a sentence and a script an exit code; nobody sees a traceback.
- A reader that went away (``| head``) is no error to talk about.
"""

from __future__ import annotations

import sys

from wizard.cli import output

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

EXIT_BROKEN_PIPE = 141  # what a shell reports for a program that SIGPIPE ended


def show_any_name() -> None:
    """Let the streams show a name in another character set escaped; it never ends the program."""
    for stream in (sys.stdout, sys.stderr):
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure is not None:
            reconfigure(errors="backslashreplace")


def guarded(work: Callable[[], int], given: Mapping[str, Path], *, as_json: bool) -> int:
    """Do ``work`` and return its exit code, or that of the error it raises, told in words.

    ``given["path"]``, if ``work`` has put it there by then, is the path that hints speak of.
    """
    try:
        code = work()
        output.flush()
    except BrokenPipeError:
        output.forget(sys.stdout, sys.stderr)
        return EXIT_BROKEN_PIPE
    except Exception as error:  # noqa: BLE001 - the last place that can turn it into words
        return _tell(error, path=given.get("path"), as_json=as_json)
    except KeyboardInterrupt as error:
        output.note("")
        return _tell(error, path=given.get("path"), as_json=as_json)
    return code


def _tell(error: BaseException, *, path: Path | None, as_json: bool) -> int:
    from wizard.diagnostics import explain  # noqa: PLC0415 - if all goes well unneeded
    from wizard.refusals import OutputFailed  # noqa: PLC0415 - if all goes well unneeded

    told = explain(error, path=path)
    try:
        output.tell_error(told, as_json=as_json and not isinstance(error, OutputFailed))
    except (BrokenPipeError, OutputFailed):
        output.forget(sys.stdout, sys.stderr)
    return told.exit_code
