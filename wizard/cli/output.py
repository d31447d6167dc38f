"""What the command line prints: results on standard output, everything else on standard error.

- With ``--json`` standard output holds one JSON document and nothing else, an error included.
- Text that comes from files is shown with its control characters escaped: a name cannot steer the
  terminal.
- Click is loaded only for a stream that needs it, so that a state is told without it.
"""

from __future__ import annotations

import json
import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import TextIO

    from wizard.diagnostics import Explanation

_PARAGRAPH_WIDTH = 100
_STEP = 1024


def printable(text: str) -> str:
    """Escape what would steer a terminal; everything a person can read stays."""
    return "".join(
        character if character.isprintable() else character.encode("unicode_escape").decode()
        for character in text.encode(errors="backslashreplace").decode()
    )


def quoted(path: object) -> str:
    """Return a path as it stands in a command that is printed for a shell."""
    import shlex  # noqa: PLC0415 - `status` and `check` mostly print no command

    return shlex.quote(printable(str(path)))


def describe_tables(count: int) -> str:
    """Return how many tables, for people."""
    return "1 table" if count == 1 else f"{count:,} tables"


def say(text: str = "") -> None:
    """Print a line of the result."""
    _print(text, err=False)


def say_paragraph(text: str) -> None:
    """Print a paragraph of the result, broken between words."""
    import shutil  # noqa: PLC0415 - few results have paragraphs
    import textwrap  # noqa: PLC0415 - the same

    width = min(_PARAGRAPH_WIDTH, shutil.get_terminal_size().columns - 1)
    say(textwrap.fill(text, width, break_long_words=False, break_on_hyphens=False))


def note(text: str) -> None:
    """Print a line that is not the result."""
    _print(text, err=True)


def say_json(document: object) -> None:
    """Print the one document of a ``--json`` run. A NaN would not be JSON and raises."""
    say(json.dumps(document, ensure_ascii=False, indent=2, allow_nan=False))


def tell_error(explanation: Explanation, *, as_json: bool) -> None:
    """Print an error for people on standard error, and for programs on standard output."""
    note(f"Error: {printable(explanation.message)}")
    if explanation.hint:
        note(printable(explanation.hint))
    if as_json:
        say_json({"error": explanation.as_dict()})


def say_pairs(pairs: Sequence[tuple[str, str]]) -> None:
    """Print names and values in two columns; an empty name continues the value above."""
    width = max(len(name) for name, _value in pairs)
    for name, value in pairs:
        say(f"{name:<{width}}  {printable(value)}".rstrip())


def say_table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Print columns: the first to the left, the others (numbers) to the right."""
    cells = [list(header), *[[printable(cell) for cell in row] for row in rows]]
    widths = [max(len(row[column]) for row in cells) for column in range(len(header))]
    for row in cells:
        first = f"{row[0]:<{widths[0]}}"
        others = (f"{cell:>{width}}" for cell, width in zip(row[1:], widths[1:], strict=True))
        say("  ".join([first, *others]).rstrip())


def describe_bytes(count: int) -> str:
    """Return a size for people, in binary units."""
    if count < _STEP:
        return f"{count} bytes"
    size = count / _STEP
    for unit in ("KiB", "MiB"):
        if size < _STEP:
            return f"{size:.1f} {unit}"
        size /= _STEP
    return f"{size:.1f} GiB"


def describe_derivation(*, memory_kib: int, passes: int, lanes: int, keyfile: bool) -> str:
    """Return the cost of unlocking in words."""
    memory = describe_bytes(memory_kib * 1024)
    with_keyfile = ", with a keyfile" if keyfile else ""
    in_lanes = f"{lanes} lane{'' if lanes == 1 else 's'}"
    return (
        f"Argon2id, {memory}, {passes} pass{'' if passes == 1 else 'es'}, {in_lanes}{with_keyfile}"
    )


def flush() -> None:
    """Have what was printed as a result written. Raises `OutputFailed`."""
    try:
        sys.stdout.flush()
    except OSError as error:
        raise not_written(error) from None


def not_written(error: OSError) -> Exception:
    """Return what is raised where standard output refuses a result: nobody is to believe it.

    A reader that went away stays what it is.
    """
    if isinstance(error, BrokenPipeError):
        return error
    from wizard.refusals import OutputFailed  # noqa: PLC0415 - where all goes well not needed

    forget(sys.stdout)
    return OutputFailed(error)


def forget(*streams: TextIO) -> None:
    """Let what is still buffered go nowhere; without this Python would complain at exit."""
    null = os.open(os.devnull, os.O_WRONLY)
    for stream in streams:
        os.dup2(null, stream.fileno())
    os.close(null)


def _print(text: str, *, err: bool) -> None:
    try:
        _write(text, err=err)
    except OSError as error:
        if not err or isinstance(error, BrokenPipeError):
            raise not_written(error) from None
        # Work is not given up because nobody can be told what goes on beside it.
        forget(sys.stderr)


def _write(text: str, *, err: bool) -> None:
    """What `click.echo` does; it is asked where a stream is not UTF-8 or the text has colours."""
    stream = sys.stderr if err else sys.stdout
    if getattr(stream, "encoding", None) == "utf-8" and "\x1b" not in text:
        stream.write(f"{text}\n")
        stream.flush()
        return
    import click  # noqa: PLC0415 - see above

    click.echo(text, err=err)
