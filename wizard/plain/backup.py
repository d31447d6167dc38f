"""The work, and step 5: the kit is proved, the database takes its place, and copies are made."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

from wizard import engine
from wizard.cli import kit, output
from wizard.cli.interruption import interruptible, uninterrupted
from wizard.cli.progress import progress_line
from wizard.plain import checklist, review
from wizard.plain.asking import only_ascii, refusal, say, shown
from wizard.plain.kit import hand_out
from wizard.plain.place import typed_path
from wizard.todo import TITLES
from wizard.tui import wording
from wizard.tui.process.aftercare import checklist as items_of
from wizard.tui.process.aftercare import copy_sidecar
from wizard.tui.process.failures import FieldFault
from wizard.tui.screens import opening_lines

if TYPE_CHECKING:
    from wizard.plain.conversation import Talk


def carry_out(talk: Talk) -> None:
    """Do what was agreed to. Whatever fails before the commit leaves the state of before.

    Raises `Back` when the encrypted copy was undone to change something.
    """
    with _prepared(talk) as pending:
        _tell_prepared(pending)
        say()
        say("Step 5 of 5: Backup")
        done = _prove_and_commit(talk, pending)
    say()
    say("Protected, and proved to open.")
    if talk.given.confirm:
        _copy_as_scripted(talk, done)  # nobody is there to be asked for the rest
    else:
        _see_to(talk, done)
    _last_page(done)


def _see_to(talk: Talk, done: engine.Initialized) -> None:
    """The checklist. Giving up now undoes nothing: what was wanted is done."""
    try:
        checklist.see_to(talk, done.path)
    except (engine.Cancelled, KeyboardInterrupt):
        say()
        say(f"{done.path} is encrypted and stays so. What is open is listed by `status`.")


def _prepared(talk: Talk) -> engine.PendingInitialization:
    session, secret = talk.session, talk.secret
    choice = session.choice
    if session.target is None or secret is None or choice is None or choice.parameters is None:
        raise AssertionError("the steps before have set them")
    plan = session.plan
    recovery = (
        None
        if review.without_kit(talk)
        else engine.RecoveryPlan(plan.threshold, plan.shares, plan.holders)
    )
    with progress_line() as line, interruptible() as token:
        return engine.prepare_initialization(
            session.target.path,
            secret,
            params=engine.KdfParams(**choice.parameters.as_fields()),
            cipher=session.cipher,
            recovery=recovery,
            minimum_score=session.minimum_score,
            allow_high_cost=choice.parameters in session.consented,
            progress=line,
            cancel=token,
        )


def _tell_prepared(pending: engine.PendingInitialization) -> None:
    report = pending.conversion
    if report is not None:
        tables, rows = wording.count(report.tables, "table"), wording.count(report.rows, "row")
        say(f"{tables} and {rows} are the same in both.")
    say("The encrypted copy is ready; nothing has been replaced yet.")


def _prove_and_commit(talk: Talk, pending: engine.PendingInitialization) -> engine.Initialized:
    with ExitStack() as stack:
        files = stack.enter_context(kit.kit_files())
        kept = hand_out(talk, pending, files)
        line = stack.enter_context(progress_line())
        sheets = () if pending.kit is None else pending.kit.sheets
        if sheets:
            pending.rehearse(
                [kept.texts.get(sheet.number, sheet.text()) for sheet in sheets], progress=line
            )
        with uninterrupted(), files.kept_by_commit(pending):
            done = pending.commit(talk.session.original, progress=line)
    if sheets:
        for item, state in kept.notes(len(sheets)).items():
            engine.record_item(engine.inspect(done.path), item, state)
    return done


def _copy_as_scripted(talk: Talk, done: engine.Initialized) -> None:
    scripted = talk.given.sidecar_copy
    if scripted is None:
        say(f"{done.sidecar.name} is public, and needed to open it: keep a copy elsewhere.")
        return

    def copied(text: str) -> Path:
        try:
            return copy_sidecar(engine.inspect(done.path), typed_path(text), beside=False)
        except (engine.WizardError, FieldFault, OSError) as error:
            raise refusal(error) from None

    written = talk.asker.answer(
        "Directory or file for the copy of the sidecar", copied, given=scripted, name="sidecar-copy"
    )
    say(f"Copied, read back and verified: {written}")
    engine.record_item(engine.inspect(done.path), engine.Item.SIDECAR_COPIED, engine.ItemState.DONE)


def _last_page(done: engine.Initialized) -> None:
    found = engine.inspect(done.path)
    result = output.say
    result(shown(f"Protected: {done.path}"))
    result(f"Fingerprint: {done.fingerprint}")
    for path in found.plaintext_left:
        result(shown(f"Still unencrypted: {path}"))
    left = [
        TITLES[item]
        for item, status in items_of(found).items()
        if status.state is not engine.ItemState.DONE
    ]
    if left:
        result(f"Still open: {'; '.join(left)}")
    if only_ascii() and not str(done.path).isascii():
        say(
            "This terminal cannot show every letter of the path: put its own in the place of each ?."
        )
    for title, lines in (
        ("Shell", opening_lines.shell_lines),
        ("Python", opening_lines.python_lines),
        ("systemd", opening_lines.systemd_lines),
    ):
        result()
        result(f"{title}:")
        for each in lines(str(done.path)):
            result(shown(f"  {each}").rstrip())
