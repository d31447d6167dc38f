"""``selftest``: what an administrator can try on his own machine, on scratch databases."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from wizard import engine
from wizard.cli import options, output
from wizard.cli.interruption import interruptible
from wizard.refusals import UsageProblem

if TYPE_CHECKING:
    from wizard.selftest.crash import CrashReport

# A test keeps them equal to the cases; asking for those would load the engine.
VERBS = (
    "init-new", "init", "passwd", "retune", "operator", "operator-remove", "rotate", "backup",
    "restore", "restore-metadata", "recover", "recovery-new", "reinit", "decrypt", "audit-restart",
)  # fmt: skip

_WHAT_IT_IS_NOT = (
    "A process was killed; the power was not cut. What a disk forgets when the power fails is not "
    "tested by this."
)


@click.command(
    "selftest",
    short_help="Kill the commands that change keys at every step, and see that nothing is lost.",
    epilog=options.example(
        "datafold-wizard selftest --crash /var/lib/node",
        "datafold-wizard selftest --crash /var/lib/node --quick --json",
    ),
)
@click.option(
    "--crash",
    "directory",
    type=click.Path(path_type=Path, exists=True, file_okay=False, writable=True),
    required=True,
    metavar="DIRECTORY",
    help="Where: scratch databases are made there and removed again. Take a directory on the "
    "file system that your database is on.",
)
@click.option(
    "--only", type=click.Choice(VERBS), multiple=True, help="Only this command; may be repeated."
)
@click.option("--quick", is_flag=True, help="Kill each command a dozen times, not at every step.")
@options.json_option
def selftest(*, directory: Path, only: tuple[str, ...], quick: bool, as_json: bool) -> None:
    """Run the commands that change keys on a scratch database, and kill each at everything it does.

    After every kill the database has to open with all its rows, and the next command has to end
    what was cut off.
    """
    from wizard.selftest.cases import CASES  # noqa: PLC0415 - rarely needed
    from wizard.selftest.crash import QUICK, CannotRun, crash_test  # noqa: PLC0415 - rarely needed

    with interruptible() as token:
        report = _Line()
        try:
            done = crash_test(
                directory,
                kills=QUICK if quick else None,
                cases=[case for case in CASES if not only or case.verb in only],
                report=report,
                cancel=token,
            )
        except CannotRun as error:
            raise UsageProblem(str(error)) from None
        finally:
            report.clear()
    if as_json:
        output.say_json(_as_document(directory, done))
    else:
        _tell(directory, done)
    if done.losses:
        raise engine.NotVerified(
            f"After {done.losses} kills something was lost. The files are in {done.kept}."
        )


class _Line:
    """One line on a terminal that counts the kills."""

    def __init__(self) -> None:
        self._shown = sys.stderr is not None and sys.stderr.isatty()

    def __call__(self, verb: str, done: int, total: int) -> None:
        if self._shown:
            told = f"Killing {verb}: {done:,} of {total:,}"
            width = shutil.get_terminal_size().columns
            click.echo(f"\r\x1b[K{told[: width - 1]}", nl=False, err=True)

    def clear(self) -> None:
        if self._shown:
            click.echo("\r\x1b[K", nl=False, err=True)


def _tell(directory: Path, done: CrashReport) -> None:
    for result in done.verbs:
        lost = f"{len(result.losses)} LOST SOMETHING" if result.losses else "nothing lost"
        output.say(
            f"{result.verb}: {result.kills:,} of {result.operations:,} kills, {lost} "
            f"({result.seconds:.1f} s)"
        )
        for loss in result.losses:
            output.say(
                f"  killed before {output.printable(loss.operation)}: "
                f"{output.printable(loss.found)}"
            )
    output.say(f"On the file system of {output.printable(str(directory))}.")
    if done.instead:
        output.say(done.instead)
    output.say(_WHAT_IT_IS_NOT)


def _as_document(directory: Path, done: CrashReport) -> dict[str, Any]:
    return {
        "directory": str(directory),
        "kills": sum(verb.kills for verb in done.verbs),
        "losses": done.losses,
        "kept": None if done.kept is None else str(done.kept),
        "verbs": [
            {
                "verb": result.verb,
                "operations": result.operations,
                "kills": result.kills,
                "losses": [
                    {"operation": loss.operation, "found": loss.found} for loss in result.losses
                ],
                "seconds": round(result.seconds, 3),
            }
            for result in done.verbs
        ],
        "every_step": not done.instead,
        "note": f"{done.instead} {_WHAT_IT_IS_NOT}".strip(),
    }
