"""A database that is protected already: what one comes for, and the command that does it.

Each choice says what it changes and what it does not, in the words of the full screens, asks what
the command cannot guess, and runs the command itself, which asks for its secrets. So it does the
same with the same exit codes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from wizard import engine
from wizard.cli import program
from wizard.cli.choose import DEFAULT_PRESET
from wizard.plain import checklist, passphrase, review
from wizard.plain.asking import Back, Refused, say, seconds
from wizard.plain.place import kit_options, typed_file, typed_new_file
from wizard.tui import errands
from wizard.tui.answers.overview import Overview
from wizard.tui.process.overview import described

if TYPE_CHECKING:
    from wizard.plain.conversation import Talk

Commands = Iterator[list[str]]
_END = "end"
_TIME = "time"
_CANCELLED = 130


def hold(talk: Talk, path: str) -> int:
    """Offer what the state of the database allows until nothing more is wanted.

    Returns the exit code of the last command; when it is given up, whether anything was achieved, as
    the screens do. Raises `UsageProblem` as asking does.
    """
    code, achieved = program.run(["status", path]), False
    while True:
        offered = {each.key: each for each in errands.offered(_overview(path))}
        try:
            chosen = talk.asker.choose(
                "What brings you here",
                [*((key, errand.title) for key, errand in offered.items()), (_END, "Nothing more")],
                proposed=_END,
                name="command",
                explained="Each choice says what it does before anything is asked or changed.",
            )
            if chosen == _END:
                return code
            errand = offered[chosen]
            say(f"Changes: {errand.changes}")
            say(f"Stays:   {errand.keeps}")
            for words in COMMANDS[chosen](talk, path):
                code = program.run(words)
                if code:
                    break
                achieved = True
            else:
                code = 0
        except Back:
            continue
        except (engine.Cancelled, KeyboardInterrupt):
            # A command that was given up has said itself what became of it.
            say()
            say("Ended. What was done before stays as it is.")
            return 0 if achieved else _CANCELLED


def manageable(found: engine.Inspection) -> bool:
    """Whether there is something to be done with it here."""
    return found.opens or found.state is engine.State.DAMAGED


def _overview(path: str) -> Overview:
    return Overview.from_answer(described(engine.inspect(path)))


# What each choice runs -------------------------------------------------------------------------


def _leaked(talk: Talk, path: str) -> Commands:
    yield ["passwd", path, *_passphrase_options(talk)]
    yield from _rotation_if_wanted(talk, path)


def _passphrase_options(talk: Talk) -> list[str]:
    if not talk.asker.terminal("passphrase").wipes:
        return []
    chosen = talk.asker.choose(
        "The new passphrase", passphrase.WAYS, proposed=passphrase.TYPE, name="passphrase"
    )
    return ["--generate"] if chosen == passphrase.MAKE else []


def _forgotten(talk: Talk, path: str) -> Commands:
    made = _passphrase_options(talk)
    yield ["recover", path, *made, *kit_options(talk, path)]


def _renewed(talk: Talk, path: str) -> Commands:
    metadata = engine.inspect(path).metadata
    first = metadata is not None and metadata.recovery_slot is None
    plan = _plan_options(talk) if first else []
    yield ["recovery", "new", path, *plan, *kit_options(talk, path)]


def _started_over(talk: Talk, path: str) -> Commands:
    made = _passphrase_options(talk)
    yield [
        "reinit",
        path,
        *made,
        *_cost_options(talk),
        *_plan_options(talk),
        *kit_options(talk, path),
    ]


def _plan_options(talk: Talk) -> list[str]:
    plan = review.ask_plan(talk)
    holders = [word for name in plan.holders for word in ("--recovery-holder", name)]
    return ["--recovery-shares", f"{plan.threshold}of{plan.shares}", *holders]


def _left(talk: Talk, path: str) -> Commands:
    yield ["operator", "remove", path, "--label", _operator(talk, path)]
    yield from _rotation_if_wanted(talk, path)


def _rotation_if_wanted(talk: Talk, path: str) -> Commands:
    say("The data key itself is as it was: who has seen it can read a file copied later, too.")
    if talk.asker.agree("Rotate the data key now, which encrypts every page anew", name="rotate"):
        yield ["rotate", path]


def _retuned(talk: Talk, path: str) -> Commands:
    yield ["passwd", path, "--retune", *_cost_options(talk)]


def _cost_options(talk: Talk) -> list[str]:
    rows = [
        (name, f"{name}: unlock in about {engine.PRESETS[name].target_seconds:g} s here")
        for name in engine.PRESETS
    ]
    preset = talk.asker.choose(
        "How long may unlocking take",
        [*rows, (_TIME, "another time: you name it")],
        proposed=DEFAULT_PRESET,
        name="preset",
    )
    if preset != _TIME:
        return ["--preset", preset]
    target = talk.asker.answer("Seconds", seconds, proposed="2", name="target-time")
    return ["--target-time", f"{target:.3f}"]


def _operators(talk: Talk, path: str) -> Commands:
    rows = [
        ("list", "List them"),
        ("add", "Add one: a passphrase of their own, which changes nothing about the keys"),
        ("rename", "Correct a name"),
        ("remove", "Remove one"),
    ]
    chosen = talk.asker.choose("Operators", rows, proposed="list", name="operator")
    if chosen == "list":
        yield ["operator", "list", path]
    elif chosen == "add":
        yield ["operator", "add", path, "--label", _text(talk, "Name of the operator")]
    elif chosen == "rename":
        label = _operator(talk, path)
        yield ["operator", "rename", path, "--label", label, "--to", _text(talk, "The right name")]
    else:
        yield from _left(talk, path)


def _backed_up(talk: Talk, path: str) -> Commands:
    yield ["backup", path, "--to", typed_new_file(talk, "File for the backup")]


def _backup_verified(talk: Talk, _path: str) -> Commands:
    yield ["backup", "verify", typed_file(talk, "The backup")]


def _sidecar_restored(talk: Talk, path: str) -> Commands:
    yield ["restore", "--metadata", typed_file(talk, "The saved sidecar, or a backup"), path]


def _decrypted(talk: Talk, path: str) -> Commands:
    yield ["decrypt", path, "--to", typed_new_file(talk, "File for the plaintext copy")]


def _copied_out(talk: Talk, path: str) -> Commands:
    target = typed_new_file(talk, "File for the plaintext copy")
    yield ["decrypt", path, "--to", target, "--recovery", "-"]


def _checked(talk: Talk, path: str) -> Commands:
    checklist.see_to(talk, Path(path))
    yield from ()


def _ended(_talk: Talk, path: str) -> Commands:
    say(engine.end_interrupted(path) or "Ended: nothing is left of it.")
    yield from ()


def _undone(_talk: Talk, path: str) -> Commands:
    say(engine.undo_interrupted(path) or "Undone: the database is as it was.")
    yield from ()


def _running(*words: str, after: tuple[str, ...] = ()) -> Callable[[Talk, str], Commands]:
    def commands(_talk: Talk, path: str) -> Commands:
        yield [*words, path, *after]

    return commands


def _operator(talk: Talk, path: str) -> str:
    metadata = engine.inspect(path).metadata
    labels = [slot.label for slot in metadata.operator_slots] if metadata is not None else []
    if not labels:
        say("This database has no operators.")
        raise Back
    return talk.asker.choose("Which operator", [(label, label) for label in labels], name="label")


def _text(talk: Talk, question: str) -> str:
    def read(text: str) -> str:
        if not text:
            raise Refused("Type a name.")
        return text

    return talk.asker.answer(question, read, name="label")


COMMANDS: Mapping[str, Callable[[Talk, str], Commands]] = {
    "leaked": _leaked,
    "forgotten": _forgotten,
    "left": _left,
    "left-master": _leaked,
    "stronger": _retuned,
    "renew": _renewed,
    "prove": _running("recovery", "rehearse"),
    "operators": _operators,
    "rotate": _running("rotate"),
    "backup": _backed_up,
    "verify": _backup_verified,
    "restore-sidecar": _sidecar_restored,
    "checklist": _checked,
    "start-over": _started_over,
    "decrypt": _decrypted,
    "decrypt-by-kit": _copied_out,
    "kit": _running("verify", after=("--recovery", "-")),
    "settle": _ended,
    "undo": _undone,
}
"""For each errand of the screens, by its key."""
