"""Step 1: which database; what cannot be protected says why, and what can be done."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from wizard import engine, node
from wizard.plain.asking import Back, Refused, say
from wizard.plain.managing import manageable
from wizard.plain.place import typed_path
from wizard.tui import wording
from wizard.tui.answers.target import Target
from wizard.tui.process.looking import utc
from wizard.tui.screens.descriptions import STATE_WORDS

if TYPE_CHECKING:
    from wizard.plain.conversation import Talk

_EXPLAINED = (
    "A database is one SQLite file. Choose the one to be encrypted, or the place of a new one. "
    "It stays as it is until you have proved the recovery kit. Next comes the passphrase."
)
_NEW, _OTHER = "new", "other"


def select(talk: Talk) -> None:
    """Set the session's target. Raises `Back`, and the target's error where it was given."""
    if talk.path is not None:
        if _managed(talk, talk.path):
            return
        # Given before the first question: what is wrong with it ends the run, as `init` would.
        talk.session.target = _surveyed(_usable(talk, talk.path))
        _tell(talk.session.target)
        return
    found = [_target(each) for each in node.known_databases()]
    while True:
        path = _asked_path(talk, found)
        if _managed(talk, path):
            return
        try:
            talk.session.target = _surveyed(_usable(talk, path))
        except engine.WizardError as error:
            say(f"This one cannot be set up. {error}")
            for way in engine.inspect(path).ways_out:
                say(f"  {way}")
        else:
            _tell(talk.session.target)
            return


def _asked_path(talk: Talk, found: list[Target]) -> str:
    rows = [(each.path, _row(each)) for each in found]
    rows += [(_NEW, "A new database"), (_OTHER, "Another path")]
    usable = [each.path for each in found if each.usable]
    chosen = talk.asker.choose(
        "Which database",
        rows,
        proposed=usable[0] if usable else _NEW,
        name="database",
        explained=_EXPLAINED,
    )
    if chosen not in {_NEW, _OTHER}:
        return chosen
    return talk.asker.answer(
        "Path of the new database" if chosen == _NEW else "Path",
        lambda text: _path(text, new=chosen == _NEW),
        proposed=proposed_path() if chosen == _NEW else "",
        name="database",
        explained=_EXPLAINED,
    )


def proposed_path() -> str:
    """A name for a new database that nothing has yet, in the current directory."""
    names = ("node.db", *(f"node-{number}.db" for number in range(2, 1000)))
    here = Path.cwd()
    return str(next((here / name for name in names if not (here / name).exists()), here / "new.db"))


def _path(text: str, *, new: bool) -> str:
    if not text or "\0" in text:
        raise Refused("Type a path, such as /srv/data/node.db.")
    path = typed_path(text)
    if new and path.exists():
        raise Refused("There is a file of that name already.")
    if not path.exists() and not path.parent.is_dir():
        raise Refused(f"There is no directory {path.parent}.")
    return str(path)


def _managed(talk: Talk, path: str) -> bool:
    """Whether it is there to be looked after. A script asks for one thing: to be protected."""
    if talk.given.confirm is not None or not manageable(engine.inspect(path)):
        return False
    talk.managed = path
    return True


def _usable(talk: Talk, path: str) -> Target:
    found = engine.inspect(path)
    if found.state is engine.State.INTERRUPTED and not found.opens:
        say(found.reason)
        if not talk.asker.agree(
            "Undo what that run left", given=talk.given.confirm, name="confirm"
        ):
            raise Back
        say(engine.undo_interrupted(path) or "")
        found = engine.inspect(path)
    if found.opens and found.metadata is not None:
        raise engine.AlreadyProtected(
            f"{found.path} is already protected; its fingerprint is "
            f"{found.metadata.public_key.fingerprint}."
        )
    if found.state is engine.State.ABSENT and not found.path.parent.is_dir():
        raise engine.Unreadable(f"There is no directory {found.path.parent}.")
    target = _target(found)
    if not target.usable:
        raise found.error or engine.ForeignTarget(found.reason)
    return target


def _surveyed(target: Target) -> Target:
    """With its tables, and how long encrypting it takes here."""
    if target.state != "plaintext" or target.size is None:
        return target
    found = engine.survey_database(Path(target.path), size=target.size)
    return replace(target, tables=found.tables, seconds=found.seconds)


def _target(found: engine.Inspection) -> Target:
    return Target(
        path=str(found.path),
        state=found.state.value,
        reason=found.reason,
        size=found.size,
        ways_out=found.ways_out,
        modified=None if found.modified is None else utc(found.modified),
    )


def _row(target: Target) -> str:
    size = "" if target.size is None else f", {wording.size(target.size)}"
    changed = "" if target.modified is None else f", last changed {wording.day(target.modified)}"
    return f"{target.path}: {STATE_WORDS[target.state]}{size}{changed}"


def _tell(target: Target) -> None:
    if target.state == "absent":
        say(f"{target.path}: a new, empty database will be made there.")
    else:
        tables = "" if target.tables is None else f", {wording.count(target.tables, 'table')}"
        changed = (
            "" if target.modified is None else f", last changed {wording.day(target.modified)}"
        )
        say(f"{target.path}: not encrypted, {wording.size(target.size or 0)}{tables}{changed}.")
        takes = "" if target.seconds is None else f", which takes {wording.about(target.seconds)}"
        say(
            f"An encrypted copy will be made and compared{takes}. The database stays as it is until "
            "you have proved the recovery kit. Stop the application that uses it first."
        )
