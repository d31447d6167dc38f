"""The work, and step 5: the kit is proved, the database takes its place, and copies are made."""

from __future__ import annotations

import shlex
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

from wizard import engine
from wizard.cli import kit, output
from wizard.cli.initializing import is_in_place
from wizard.cli.interruption import interruptible, uninterrupted
from wizard.plain import review
from wizard.plain.asking import Refused, say

if TYPE_CHECKING:
    from wizard.plain.conversation import Talk

_SCREEN, _FILE = "screen", "file"
_WHERE_EXPLAINED = (
    "On the screen the words are shown and you write them down; the screen is wiped after. A file "
    "is readable by you only: print it, or put it on a USB stick, and delete it here."
)
_SKIP = "-"


def carry_out(talk: Talk) -> None:
    """Do what was agreed to. Whatever fails before the commit leaves the state of before."""
    with _prepared(talk) as pending:
        say()
        say("Step 5 of 5: Backup")
        done = _prove_and_commit(talk, pending)
    _tell(done)
    _copy_sidecar(talk, done)
    _last_words(done)


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
    with output.progress_line() as line, interruptible() as token:
        minimum = talk.given.minimum_score
        return engine.prepare_initialization(
            session.target.path,
            secret,
            params=engine.KdfParams(**choice.parameters.as_fields()),
            cipher=session.cipher,
            recovery=recovery,
            minimum_score=engine.DEFAULT_MINIMUM_SCORE if minimum is None else minimum,
            allow_high_cost=choice.parameters in session.consented,
            progress=line,
            cancel=token,
        )


def _prove_and_commit(talk: Talk, pending: engine.PendingInitialization) -> engine.Initialized:
    with ExitStack() as stack:
        files = stack.enter_context(kit.kit_files())
        texts = _kept(talk, pending, files)
        line = stack.enter_context(output.progress_line())
        pending.rehearse(texts, progress=line)
        with uninterrupted():
            try:
                done = pending.commit(talk.session.original, progress=line)
            except BaseException:
                if is_in_place(pending):
                    files.keep()
                raise
            files.keep()
    return done


def _kept(
    talk: Talk, pending: engine.PendingInitialization, files: kit.KitFiles
) -> list[str] | None:
    """Show the kit or store it; return the sheets as read back from files, or None."""
    if pending.kit is None:
        return None
    scripted = talk.given.recovery_out
    if scripted is None and _where(talk) == _SCREEN:
        kit.prove_on_screen(pending)
        return None
    shares = talk.session.plan.shares
    paths = talk.asker.answer(
        "File for the recovery kit",
        lambda text: _sheet_paths(text, shares=shares),
        given=scripted,
        name="recovery-out",
        explained=_WHERE_EXPLAINED,
    )
    kit.warn_about_place(paths, database=pending.path)
    texts = [
        files.write(path, sheet.text())
        for path, sheet in zip(paths, pending.kit.sheets, strict=True)
    ]
    for path in paths:
        say(f"Saved: {path}")
    if scripted is None:
        say("Open it elsewhere, or print it; some of its words are asked for now.")
        kit.prove_on_screen(pending, shown_first=False)
    return texts


def _where(talk: Talk) -> str:
    return talk.asker.choose(
        "The recovery kit",
        [
            (_SCREEN, "Show it on the screen, to be written down"),
            (_FILE, "Save it as a file that only you can read"),
        ],
        proposed=_SCREEN,
        name="recovery-out",
        explained=_WHERE_EXPLAINED,
    )


def _sheet_paths(text: str, *, shares: int) -> tuple[Path, ...]:
    if not text or "\0" in text:
        raise Refused("Type the path of a new file.")
    paths = kit.sheet_paths(Path(text).expanduser().absolute(), shares=shares)
    try:
        kit.check_free(paths)
    except (engine.OutputExists, OSError) as error:
        raise Refused(f"{error} Choose another name.") from None
    return paths


def _tell(done: engine.Initialized) -> None:
    say()
    say("Protected, and proved to open.")
    say(f"Fingerprint: {done.fingerprint}")
    say("Note it where you will find it: it tells your database from one put in its place.")
    for path in done.plaintext_left:
        say(f"Still unencrypted: {path}")


def _copy_sidecar(talk: Talk, done: engine.Initialized) -> None:
    say()
    say(f"{done.sidecar.name} is public, and needed to open the database: keep a copy elsewhere.")
    scripted = talk.given.sidecar_copy
    if scripted is None and talk.given.confirm:
        return  # Nobody is there to be asked; the sentence above stands in the log.

    def copied(text: str) -> Path | None:
        if text == _SKIP:
            return None
        target = Path(text).expanduser().absolute()
        target = target / done.sidecar.name if target.is_dir() else target
        data = done.sidecar.read_bytes()
        try:
            engine.create_file(target, data, public=True)
        except engine.WizardError as error:
            raise Refused(str(error)) from None
        if target.read_bytes() != data:
            raise Refused(f"{target} does not read back as it was written.")
        return target

    target = talk.asker.answer(
        "Directory or file for the copy (- for none)",
        copied,
        given=scripted,
        proposed=_SKIP,
        name="sidecar-copy",
        explained="A directory on another disk or machine. An existing file is not overwritten.",
    )
    say("No copy was made." if target is None else f"Copied and read back: {target}")


def _last_words(done: engine.Initialized) -> None:
    path = str(done.path)
    output.say(f"Protected: {output.printable(path)}")
    output.say(f"Fingerprint: {done.fingerprint}")
    output.say(f"Shell:   datafold-wizard shell {output.printable(shlex.quote(path))}")
    output.say(f"Verify:  datafold-wizard verify {output.printable(shlex.quote(path))}")
    output.say(
        f"Python:  with wizard.unlock({output.printable(repr(path))}, passphrase) as database: ..."
    )
