"""``verify`` and ``shell``: what needs the passphrase or the recovery kit.

- A statement's rows go to standard output and nowhere else; the shell keeps no history file, which
  would hold data in plaintext.
- ``verify`` changes nothing; ``shell`` changes what its statements change.
"""

from __future__ import annotations

import os
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from wizard import engine
from wizard.cli import options, output
from wizard.cli.interruption import interruptible
from wizard.cli.progress import progress_line
from wizard.cli.unlocking import Attempt, UnlockOptions, open_with
from wizard.refusals import StatementFailed

if TYPE_CHECKING:
    import apsw

    from wizard.cli.sources import Source


@click.command(
    "verify",
    short_help="Prove that the passphrase or the recovery kit opens a database.",
    epilog=options.example(
        "datafold-wizard verify node.db",
        "datafold-wizard verify node.db --recovery kit.txt",
    ),
)
@options.path_argument
@options.unlock_options
def verify(path: Path, *, as_json: bool, **given: Any) -> None:
    """Prove that the passphrase, or the recovery kit, opens PATH, and check its integrity."""
    chosen = UnlockOptions(**given)

    def prove(attempt: Attempt) -> engine.Verification:
        with progress_line() as line, interruptible() as token:
            return engine.verify(
                path,
                attempt.passphrase,
                keyfile=chosen.keyfile,
                operator=chosen.operator,
                recovery=attempt.recovery,
                allow_high_cost=attempt.allow_high_cost,
                progress=line,
                cancel=token,
            )

    proved = open_with(path, chosen, prove)
    if as_json:
        output.say_json(
            {
                "path": str(proved.path),
                "fingerprint": proved.fingerprint,
                "generation": proved.generation,
                "opened_with": proved.opened_with,
                "tables": proved.tables,
                "rows": proved.rows,
                "warnings": list(proved.warnings),
            }
        )
        return
    with_what = {
        "recovery": "the recovery kit",
        "operator": "the operator's passphrase",
    }.get(proved.opened_with, "the passphrase")
    output.say(f"Verified: {with_what} opens it, and every page is sound.")
    output.say_pairs(
        [
            ("Database", str(proved.path)),
            ("Fingerprint", proved.fingerprint),
            ("Generation", str(proved.generation)),
            ("Content", f"{proved.rows:,} rows in {output.describe_tables(proved.tables)}"),
        ]
    )
    for warning in proved.warnings:
        output.note(f"Warning: {output.printable(warning)}")


@click.command(
    "shell",
    short_help="Open a database in SQLite's shell, or run one statement.",
    epilog=options.example(
        "datafold-wizard shell node.db",
        "datafold-wizard shell node.db --sql 'SELECT count(*) FROM node' --json",
    ),
)
@options.path_argument
@click.option("--sql", metavar="STATEMENT", help="Run one statement, print its rows, and end.")
@options.unlock_options
def shell(
    path: Path, sql: str | None, *, as_json: bool, source: Source | None, **given: Any
) -> None:
    """Open PATH and start SQLite's shell on it (.help there lists its commands)."""
    if as_json and sql is None:
        raise click.UsageError("--json goes with --sql.")
    chosen = UnlockOptions(source=source, **given)

    def unlock(attempt: Attempt) -> engine.Database:
        with interruptible() as token, ExitStack() as undo:
            database = undo.enter_context(
                engine.unlock(
                    path,
                    attempt.passphrase,
                    keyfile=chosen.keyfile,
                    operator=chosen.operator,
                    recovery=attempt.recovery,
                    allow_high_cost=attempt.allow_high_cost,
                )
            )
            token.check()
            undo.pop_all()
        return database

    with open_with(path, chosen, unlock) as database:
        for warning in database.warnings:
            output.note(f"Warning: {output.printable(warning)}")
        if sql is None:
            _interact(database.connection)
        else:
            _run(database.connection, sql, as_json=as_json)


def _shell(connection: apsw.Connection) -> apsw.shell.Shell:
    import apsw.shell  # noqa: PLC0415 - the other commands start without SQLite's shell

    terminal = apsw.shell.Shell(db=connection)
    # Statements hold data; the default would append them to ~/.sqlite_history in plaintext.
    terminal.history_file = os.devnull
    # A script stops at its first error; a person goes on.
    terminal.bail = not terminal.interactive
    return terminal


def _interact(connection: apsw.Connection) -> None:
    import apsw.shell  # noqa: PLC0415

    try:
        # Not typed by apsw.
        _shell(connection).cmdloop()  # type: ignore[no-untyped-call]
    except (apsw.Error, apsw.shell.Shell.Error):
        # The shell has said where and why.
        raise StatementFailed("The script stopped at the statement above.") from None


def _run(connection: apsw.Connection, sql: str, *, as_json: bool) -> None:
    import apsw  # noqa: PLC0415

    try:
        if as_json:
            output.say_json(_rows(connection, sql))
        else:
            # A box on a terminal, values separated by | elsewhere.
            _shell(connection).process_sql(sql)
    except apsw.Error as error:
        raise StatementFailed(f"SQLite: {error}.") from None
    except OSError as error:
        # SQLite's own are apsw's: this is what the rows are written to.
        raise output.not_written(error) from None


def _rows(connection: apsw.Connection, sql: str) -> dict[str, Any]:
    columns: list[str] = []

    def note_columns(cursor: apsw.Cursor, _sql: str, _bindings: object) -> bool:
        # Before the first row: a statement without rows has columns too.
        columns[:] = [column[0] for column in cursor.get_description()]
        return True

    cursor = connection.cursor()
    cursor.exec_trace = note_columns
    rows = [[_as_json(value) for value in row] for row in cursor.execute(sql)]
    return {"columns": columns, "rows": rows}


def _as_json(value: object) -> object:
    """Return what JSON has a word for as it is, and the rest as an object that says what it is."""
    if isinstance(value, bytes):
        return {"blob": value.hex()}
    if value in {float("inf"), float("-inf")}:
        return {"real": str(value)}
    return value
