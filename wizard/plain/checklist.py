"""Step 5, second half: what makes a protected database last; each thing is done, skipped or open.

- The list is the audit log's, so that a run can be ended here and taken up another day.
- Skipping takes the database's name; what is skipped stays open in `status`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from wizard import engine
from wizard.cli import program
from wizard.plain.asking import Back, say
from wizard.plain.place import BESIDE, typed_path
from wizard.todo import DELETION, OUTDATED, TITLES
from wizard.tui.process import keeping
from wizard.tui.process.aftercare import checklist, copy_sidecar, kept_originals
from wizard.tui.process.failures import FieldFault
from wizard.tui.wording import clipboard

if TYPE_CHECKING:
    from wizard.plain.conversation import Talk

_FINISH, _LATER, _NOTED, _COPY = "finish", "later", "noted", "clipboard"
_EXPLAINED = (
    "Each of these makes the database last. What you leave open is skipped by typing the database's "
    "name, and `datafold-wizard status` goes on listing it."
)
_DO = {
    "kit_proved": "Prove the recovery kit now, by typing its words",
    "kit_saved": "Print the present lines for the sheets",
    "sidecar_copied": "Save a copy of the sidecar elsewhere",
    "fingerprint_noted": "Note the fingerprint",
    "plaintext_handled": "Deal with the unencrypted files",
}


def see_to(talk: Talk, path: Path) -> None:
    """Go through what is open for a protected database, until it is done or skipped."""
    while True:
        found = engine.inspect(path)
        items = checklist(found)
        _tell(items)
        open_items = [item for item, each in items.items() if each.state is engine.ItemState.OPEN]
        rows = [(item.value, _DO[item]) for item in items if _can(item, items[item], found)]
        try:
            chosen = talk.asker.choose(
                "What next",
                [*rows, (_FINISH, "Finish" if open_items else "Nothing more")],
                proposed=next((name for name, _ in rows if name in open_items), _FINISH),
                name="checklist",
                explained=_EXPLAINED,
            )
            if chosen != _FINISH:
                _ACTIONS[engine.Item(chosen)](talk, found)
            elif not open_items or _skipped(talk, found, open_items):
                return
        except Back:
            continue


def _tell(items: Mapping[engine.Item, engine.ItemStatus]) -> None:
    say()
    say("What makes it last:")
    for item, status in items.items():
        say(f"  [{status.state:^7}]  {TITLES[item]}")
        if status.outdated:
            say(f"             {OUTDATED[item]}")


def _can(item: engine.Item, status: engine.ItemStatus, found: engine.Inspection) -> bool:
    """Whether something can be done about it here and now."""
    if status.state is engine.ItemState.DONE:
        return item in {engine.Item.SIDECAR_COPIED, engine.Item.FINGERPRINT_NOTED}
    if item is engine.Item.KIT_SAVED:
        return status.outdated
    return item is not engine.Item.PLAINTEXT_HANDLED or bool(found.plaintext_left)


def _skipped(talk: Talk, found: engine.Inspection, items: list[engine.Item]) -> bool:
    titles = "; ".join(TITLES[item] for item in items)
    say(f"Still open: {titles}.")
    say("Each stays open in `datafold-wizard status`, and can be done later.")
    if not talk.asker.named(found.path.name):
        return False
    for item in items:
        _record(found, item, engine.ItemState.SKIPPED)
    return True


def _record(found: engine.Inspection, item: engine.Item, state: engine.ItemState) -> None:
    warning = engine.record_item(found, item, state)
    if warning:
        say(f"Warning: {warning}")


# What can be done ---------------------------------------------------------------------------------


def _prove(_talk: Talk, found: engine.Inspection) -> None:
    program.run(["recovery", "rehearse", str(found.path)])


def _print_lines(_talk: Talk, found: engine.Inspection) -> None:
    program.run(["recovery", "lines", str(found.path)])


def _copy(talk: Talk, found: engine.Inspection) -> None:
    say(
        f"{engine.sidecar_path(found.path).name} is public, without any secret. Without it only the "
        "recovery kit opens the database: keep a copy on another disk or machine."
    )
    target = talk.asker.answer(
        "Directory or file for the copy",
        typed_path,
        name="sidecar-copy",
        explained="A directory on another disk or machine. An existing file is not overwritten.",
    )
    beside = False
    while True:
        try:
            written = copy_sidecar(found, target, beside=beside)
        except FieldFault:
            say(BESIDE)
            beside = talk.asker.agree("Save it there all the same", name="sidecar-copy")
            if not beside:
                return
        except (engine.WizardError, OSError) as error:
            say(f"It was not saved: {error}")
            return
        else:
            break
    say(f"Copied, read back and verified: {written}")
    _record(found, engine.Item.SIDECAR_COPIED, engine.ItemState.DONE)


def _tell_fingerprint(metadata: engine.Metadata) -> None:
    """The fingerprint in its spellings; all of them are public."""
    key = metadata.public_key
    say(f"Fingerprint:  {key.fingerprint}")
    say(f"In ten words: {' '.join(engine.fingerprint_words(key))}")
    say(f"OpenSSH's:    {engine.openssh_fingerprint(key)}")
    for line in engine.randomart(key):
        say(f"  {line}")


def _note(talk: Talk, found: engine.Inspection) -> None:
    if found.metadata is None:
        return
    _tell_fingerprint(found.metadata)
    say(
        "Note one of them where you will find it: when another one is shown, then it is another "
        "database, or its keys were changed."
    )
    rows = [(_NOTED, "I have noted it"), (_LATER, "Later")]
    terminal = talk.asker.terminal("checklist")
    if terminal.wipes:
        rows.insert(1, (_COPY, "Copy it to the terminal's clipboard"))
    while True:
        chosen = talk.asker.choose("The fingerprint", rows, proposed=_LATER, name="checklist")
        if chosen != _COPY:
            break
        terminal.write(clipboard(found.metadata.public_key.fingerprint))
        say("Sent to your terminal; it may not arrive. It is public: no secret in it.")
    if chosen == _NOTED:
        _record(found, engine.Item.FINGERPRINT_NOTED, engine.ItemState.DONE)


def _plaintext(talk: Talk, found: engine.Inspection) -> None:
    originals = kept_originals(found)
    for path in found.plaintext_left:
        ours = "the original that was kept" if path in originals else "not the wizard's to delete"
        say(f"Not encrypted: {path} ({ours})")
    for path in originals:
        say(DELETION)
        if talk.asker.agree(f"Delete {path.name}", name="checklist"):
            try:
                keeping.remove(path)
            except OSError as error:
                say(f"It was not deleted: {error}")
            else:
                say("Deleted.")
    now = engine.inspect(found.path)
    if not now.plaintext_left:
        _record(now, engine.Item.PLAINTEXT_HANDLED, engine.ItemState.DONE)


_ACTIONS: Mapping[engine.Item, Callable[[Talk, engine.Inspection], None]] = {
    engine.Item.KIT_PROVED: _prove,
    engine.Item.KIT_SAVED: _print_lines,
    engine.Item.SIDECAR_COPIED: _copy,
    engine.Item.FINGERPRINT_NOTED: _note,
    engine.Item.PLAINTEXT_HANDLED: _plaintext,
}
