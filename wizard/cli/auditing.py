"""``audit``: what was done with the keys of a database, and whether the record is whole.

- ``show`` prints what is written, and says that it was not verified; ``verify`` does that.
- A finding is a line of its own; the exit code tells that there are some.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from wizard import engine
from wizard.cli import changes, options, output
from wizard.cli.interruption import interruptible
from wizard.cli.progress import progress_line
from wizard.cli.unlocking import Attempt, UnlockOptions, open_with
from wizard.diagnostics import explain
from wizard.version import PROGRAM

if TYPE_CHECKING:
    from wizard.cli.sources import Source

_SHOWN = 20


@click.group(
    "audit",
    short_help="What was done with the keys of a database: show it, verify it.",
    epilog=options.example(
        "datafold-wizard audit show node.db", "datafold-wizard audit verify node.db"
    ),
)
def audit() -> None:
    """Show or verify the audit log beside a database."""


@audit.command(
    "show",
    short_help="Print the newest entries of the audit log.",
    epilog=options.example("datafold-wizard audit show node.db --last 50"),
)
@options.path_argument
@click.option(
    "--last",
    type=click.IntRange(min=1),
    default=_SHOWN,
    show_default=True,
    metavar="N",
    help="How many entries.",
)
@options.json_option
def show(path: Path, last: int, *, as_json: bool) -> None:
    """Print the newest entries of the audit log of PATH, oldest first, as they are written."""
    found = engine.inspect(path)
    entries = list(engine.read_log(found.path, last=last))[::-1]
    if not entries:
        raise _no_log(found)
    if as_json:
        output.say_json(
            {
                "path": str(engine.audit_path(found.path)),
                "verified": False,
                "entries": [entry.as_json() for entry in entries],
            }
        )
        return
    for entry in entries:
        output.say(output.printable(_line(entry)))
    output.note(f"Not verified. That is: {PROGRAM} audit verify {output.quoted(path)}")


def _no_log(found: engine.Inspection) -> engine.WizardError:
    if found.state is engine.State.ABSENT and found.error is not None:
        return found.error
    return engine.AuditUnavailable.absent(engine.audit_path(found.path))


def _line(entry: engine.AuditEntry) -> str:
    who = entry.actor.user or str(entry.actor.uid)
    if entry.actor.login and entry.actor.login != who:
        who = f"{who} (logged in as {entry.actor.login})"
    over = " over SSH" if entry.actor.over_ssh else ""
    details = ", ".join(f"{name} {value}" for name, value in sorted(entry.details.items()))
    signed = " signed" if entry.signature else ""
    line = f"{entry.number:>5}  {entry.time}  {entry.event} {entry.outcome}  by {who}{over}"
    return f"{line}{signed}" + (f"  [{details}]" if details else "")


@audit.command(
    "verify",
    short_help="Find what was removed, changed, reordered or cut off.",
    epilog=options.example(
        "datafold-wizard audit verify node.db",
        "datafold-wizard audit verify node.db --passphrase file:/run/secret",
    ),
)
@options.path_argument
@click.option(
    "--inside",
    is_flag=True,
    help="Ask for the passphrase, and compare with what the database itself remembers.",
)
@options.passphrase_option
@options.keyfile_option
@options.high_cost_option
@options.json_option
@click.pass_context
def verify(
    context: click.Context,
    path: Path,
    source: Source | None,
    keyfile: Path | None,
    *,
    inside: bool,
    allow_high_cost: bool,
    as_json: bool,
) -> None:
    """Verify the audit log of PATH: every entry, the chain, the signatures and the anchors.

    Without a passphrase it is held against the signed crypto metadata; with it also against what
    the database itself remembers, which finds a log that was cut off later.
    """
    chosen = UnlockOptions(source=source, keyfile=keyfile, allow_high_cost=allow_high_cost)

    def check(attempt: Attempt | None) -> engine.AuditReport:
        secret = {} if attempt is None else _secret(attempt, keyfile)
        with progress_line() as line, interruptible() as token:
            return engine.verify_log(path, progress=line, cancel=token, **secret)

    try:
        with_secret = inside or source is not None
        report = open_with(path, chosen, check) if with_secret else check(None)
    except engine.AuditBroken as error:
        told = explain(error, path=path)
        if as_json:
            output.say_json({"findings": list(error.findings), "error": told.as_dict()})
        else:
            for finding in error.findings:
                output.say(output.printable(finding))
        output.note(f"Error: {output.printable(told.message)}")
        output.note(output.printable(told.hint))
        context.exit(told.exit_code)
    if as_json:
        output.say_json(_as_json(report))
    else:
        _tell(report)


def _secret(attempt: Attempt, keyfile: Path | None) -> dict[str, Any]:
    return {
        "passphrase": attempt.passphrase,
        "keyfile": keyfile,
        "allow_high_cost": attempt.allow_high_cost,
    }


def _as_json(report: engine.AuditReport) -> dict[str, Any]:
    return {
        "path": str(report.path),
        "entries": report.entries,
        "signed": report.signed,
        "covered": report.covered,
        "anchors": report.anchors,
        "head": report.head.head.hex(),
        "findings": [],
        "notes": list(report.notes),
    }


def _tell(report: engine.AuditReport) -> None:
    output.say("Verified: nothing was removed, changed, reordered or cut off.")
    output.say_pairs(
        [
            ("Log", str(report.path)),
            ("Entries", f"{report.entries:,}, of which {report.signed:,} signed"),
            ("Vouched for", f"up to entry {report.covered:,}"),
            ("Compared with", _anchors(report.anchors)),
        ]
    )
    for note in report.notes:
        output.note(f"Note: {output.printable(note)}")


def _anchors(count: int) -> str:
    words = ("nothing else", "the crypto metadata", "the crypto metadata and the database itself")
    return words[min(count, 2)]


@audit.command(
    "restart",
    short_help="Begin a new audit log where the old one is gone or damaged, and you know why.",
    epilog=options.example(
        "datafold-wizard audit restart node.db",
        "datafold-wizard audit restart node.db --confirm node.db --passphrase file:/run/secret",
    ),
)
@options.path_argument
@options.confirm_option
@options.passphrase_option
@options.keyfile_option
@options.high_cost_option
@options.json_option
def restart(
    path: Path,
    source: Source | None,
    keyfile: Path | None,
    confirm: str | None,
    *,
    allow_high_cost: bool,
    as_json: bool,
) -> None:
    """Put the audit log of PATH aside under a dated name and begin a new one, signed.

    Nothing warns any longer of what is missing in the old one. Needs the master passphrase.
    """
    name = changes.confirmed_name(
        path, confirm, warning="From now on nothing warns of what is missing in the present log."
    )

    def begin(attempt: Attempt) -> engine.RestartedLog:
        with progress_line() as line:
            return engine.restart_log(
                path,
                attempt.secret,
                confirm=name,
                keyfile=keyfile,
                allow_high_cost=attempt.allow_high_cost,
                progress=line,
            )

    chosen = UnlockOptions(source=source, keyfile=keyfile, allow_high_cost=allow_high_cost)
    done = open_with(path, chosen, begin)
    if as_json:
        output.say_json({**changes.as_document(done), "kept": str(done.kept)})
        return
    changes.tell_settled(done)
    output.say("A new audit log was begun; the crypto metadata name it.")
    output.say_pairs([("Log", str(engine.audit_path(done.path))), ("Kept", str(done.kept))])
    changes.tell_warnings(done)
