"""A database that is protected already: what one comes for, and the command that does it.

Each choice says what it changes and what it does not, asks what the command cannot guess, and runs
the command itself, which asks for its secrets. So it does the same with the same exit codes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from wizard import engine
from wizard.cli import program
from wizard.cli.choose import DEFAULT_PRESET
from wizard.plain.asking import Back, Refused, say

if TYPE_CHECKING:
    from wizard.plain.conversation import Talk

Commands = Iterator[list[str]]
_END = "end"


@dataclass(frozen=True, slots=True)
class Intent:
    """What one comes for; ``means`` says what it changes and what it does not."""

    words: str
    means: str
    commands: Callable[[Talk, str], Commands]


def hold(talk: Talk, path: str) -> int:
    """Offer what the state of the database allows until nothing more is wanted.

    Returns the exit code of the last command. Raises `Cancelled` and `UsageProblem` as asking does.
    """
    code = program.run(["status", path])
    while True:
        found = engine.inspect(path)
        intents = _WHOLE if found.opens else _DAMAGED
        rows = [(name, intent.words) for name, intent in intents.items()]
        try:
            chosen = talk.asker.choose(
                "What brings you here",
                [*rows, (_END, "Nothing more")],
                proposed=_END,
                name="command",
                explained="Each choice says what it does before anything is asked or changed.",
            )
            if chosen == _END:
                return code
            intent = intents[chosen]
            say(intent.means)
            for words in intent.commands(talk, path):
                code = program.run(words)
                if code:
                    break
        except Back:
            continue


def manageable(found: engine.Inspection) -> bool:
    """Whether there is something to be done with it here."""
    return found.opens or found.state is engine.State.DAMAGED


# What each choice runs -------------------------------------------------------------------------


def _leaked(talk: Talk, path: str) -> Commands:
    yield ["passwd", path]
    yield from _rotation_if_wanted(talk, path)


def _left(talk: Talk, path: str) -> Commands:
    yield ["operator", "remove", path, "--label", _operator(talk, path)]
    yield from _rotation_if_wanted(talk, path)


def _rotation_if_wanted(talk: Talk, path: str) -> Commands:
    say("The data key itself is as it was: who has seen it can read a file copied later, too.")
    if talk.asker.agree("Rotate the data key now, which encrypts every page anew", name="rotate"):
        yield ["rotate", path]


def _retuned(talk: Talk, path: str) -> Commands:
    rows = [
        (name, f"{name}: unlock in about {engine.PRESETS[name].target_seconds:g} s here")
        for name in engine.PRESETS
    ]
    preset = talk.asker.choose(
        "How long may unlocking take", rows, proposed=DEFAULT_PRESET, name="preset"
    )
    yield ["passwd", path, "--retune", "--preset", preset]


def _added(talk: Talk, path: str) -> Commands:
    yield ["operator", "add", path, "--label", _text(talk, "Name of the operator")]


def _renamed(talk: Talk, path: str) -> Commands:
    label = _operator(talk, path)
    yield ["operator", "rename", path, "--label", label, "--to", _text(talk, "The right name")]


def _backed_up(talk: Talk, path: str) -> Commands:
    yield ["backup", path, "--to", _file(talk, "File for the backup")]


def _sidecar_restored(talk: Talk, path: str) -> Commands:
    yield ["restore", "--metadata", _file(talk, "The saved sidecar, or a backup"), path]


def _decrypted(talk: Talk, path: str) -> Commands:
    yield ["decrypt", path, "--to", _file(talk, "File for the plaintext copy")]


def _copied_out(talk: Talk, path: str) -> Commands:
    target = _file(talk, "File for the plaintext copy")
    yield ["decrypt", path, "--to", target, "--recovery", "-"]


def _running(*words: str) -> Callable[[Talk, str], Commands]:
    def commands(_talk: Talk, path: str) -> Commands:
        yield [*words, path]

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


def _file(talk: Talk, question: str) -> str:
    def read(text: str) -> str:
        if not text or "\0" in text:
            raise Refused("Type the path of a file.")
        return str(Path(text).expanduser().absolute())

    return talk.asker.answer(question, read, name="file")


_WHOLE = {
    "leaked": Intent(
        "The passphrase leaked, or may have",
        "You set a new passphrase; the old one opens this database no longer. The data stay as they "
        "are. A file that was copied before still opens with the old passphrase.",
        _leaked,
    ),
    "forgot": Intent(
        "I forgot the passphrase",
        "The recovery kit sets a new passphrase, and a new kit is made; the old kit stops working. "
        "The data stay as they are.",
        _running("recover"),
    ),
    "left": Intent(
        "Somebody left who could open it",
        "The operator's slot is removed; nothing else changes. A copy he made still opens.",
        _left,
    ),
    "stronger": Intent(
        "Stronger parameters, or the machine changed",
        "Guessing and unlocking cost more or less, under the same passphrase. The data stay as they "
        "are. A file that was copied before keeps the old cost.",
        _retuned,
    ),
    "kit": Intent(
        "A new recovery kit, or the first one",
        "The old kit stops working where the sidecar is. The passphrase and the data stay.",
        _running("recovery", "new"),
    ),
    "prove": Intent(
        "Prove that the recovery kit still works",
        "Nothing is changed; the day is remembered.",
        _running("recovery", "rehearse"),
    ),
    "add": Intent(
        "Let somebody open it (an operator)",
        "He gets a passphrase of his own, opens the data, and can change nothing about the keys.",
        _added,
    ),
    "rename": Intent("Correct the name of an operator", "Only the name changes.", _renamed),
    "rotate": Intent(
        "Rotate the data key",
        "Every page is encrypted anew in a second file that takes the place of the first. The "
        "passphrase, the recovery words and the operators stay.",
        _running("rotate"),
    ),
    "backup": Intent(
        "Back it up", "One encrypted, signed file is made; nothing is changed.", _backed_up
    ),
    "sidecar": Intent(
        "Bring back an older or lost sidecar",
        "It is checked first, and an older one is refused.",
        _sidecar_restored,
    ),
    "decrypt": Intent(
        "Undo the protection",
        "A plaintext copy is made under another name; this database stays encrypted.",
        _decrypted,
    ),
    "reinit": Intent(
        "Start over: passphrase and kit are gone",
        "The old files get a dated name and are not deleted; a new, empty database takes their "
        "place. What is in the old one stays locked for good.",
        _running("reinit"),
    ),
}
_DAMAGED = {
    "sidecar": Intent(
        "Bring the sidecar back from a saved copy or a backup",
        "It is checked first; one of another database is refused.",
        _sidecar_restored,
    ),
    "copy": Intent(
        "Copy the data out with the recovery kit",
        "A plaintext copy is made under another name; nothing else is changed.",
        _copied_out,
    ),
    "reinit": _WHOLE["reinit"],
}
