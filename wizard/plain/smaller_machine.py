"""Must it also open on a smaller machine? Its benchmark is read, or two numbers are typed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from wizard import engine
from wizard.plain.asking import Back, Refused, number, refusal, say
from wizard.plain.place import typed_path
from wizard.tui import wording
from wizard.tui.answers.cost import Choice, OtherMachine

if TYPE_CHECKING:
    from wizard.plain.conversation import Talk

_FLOOR_KIB = 19 * 1024  # the engine's floor: with less, nothing of this opens there
_KIB = 1024
_NONE = "-"
_EXPLAINED = (
    "Run there: datafold-wizard benchmark --json > there.json, and copy that file here. Without it, "
    "press Enter and type what you know of that machine. - says that only this machine matters."
)


def from_answers(talk: Talk) -> None:
    """Take the machine that an answers file describes. Raises `UsageProblem` for one too small."""
    given = talk.given
    if given.smaller_memory_mib is None:
        return
    memory = talk.asker.answer(
        "Free memory of the smaller machine in MiB",
        _memory,
        given=str(given.smaller_memory_mib),
        name="smaller-memory-mib",
    )
    slower = talk.asker.answer(
        "How many times slower it is",
        _slower,
        given=f"{1.0 if given.smaller_slower is None else given.smaller_slower:g}",
        name="smaller-slower",
    )
    talk.session.other = OtherMachine(memory * _KIB, slower)


def ask(talk: Talk) -> None:
    """Set or forget the machine; the sets are measured anew for it. Raises `Back`."""
    say(_EXPLAINED)
    machine = talk.asker.answer(
        "Benchmark file of the smaller machine", lambda text: _read(talk, text), name="report"
    )
    if machine is not None and machine.memory_kib == 0:
        memory = talk.asker.answer(
            "Its free memory in MiB", _memory, name="smaller-memory-mib", explained=_EXPLAINED
        )
        slower = machine.slower or talk.asker.answer(
            "How many times slower it is than this one",
            _slower,
            proposed="1",
            name="smaller-slower",
            explained="1 is as fast as this machine; 4 takes four times as long.",
        )
        machine = OtherMachine(memory * _KIB, slower)
    talk.session.other = machine
    talk.session.choices = []


def memory_cap(talk: Talk) -> int | None:
    """What a set that is fitted to both machines may use; None where only this one matters."""
    other = talk.session.other
    return None if other is None else other.memory_cap(floor_kib=_FLOOR_KIB)


def fits(talk: Talk, choice: Choice) -> bool:
    """Whether it opens there. Says why not; raises `InvalidParameters` where nobody can choose again."""
    other, parameters = talk.session.other, choice.parameters
    if other is None or parameters is None or parameters.memory_kib <= other.memory_kib:
        return True
    sentence = (
        f"This needs {wording.memory(parameters.memory_kib)}, and the smaller machine has "
        f"{wording.memory(other.memory_kib)}."
    )
    if talk.given.has_numbers or talk.given.preset is not None:
        raise engine.InvalidParameters(sentence)
    say(f"{sentence} Choose another, or change that machine.")
    return False


def tell(talk: Talk, choice: Choice) -> None:
    """What the choice means there."""
    other, parameters = talk.session.other, choice.parameters
    if other is None or parameters is None or choice.seconds is None:
        return
    tight = ""
    if parameters.memory_kib > other.memory_kib // 2:
        tight = " It will ask first there, being over half of that."
    say(
        f"On the smaller machine: about {choice.seconds * other.slower:.1f} s; it needs "
        f"{wording.memory(parameters.memory_kib)} of {wording.memory(other.memory_kib)}.{tight}"
    )


def _read(talk: Talk, text: str) -> OtherMachine | None:
    """The machine; 0 stands for what the file does not tell, or what has to be typed."""
    if text == _NONE:
        return None
    if not text:
        return OtherMachine(0, 0.0)
    reference = talk.session.choice_named("balanced")
    if reference is None or reference.parameters is None or reference.seconds is None:
        raise Back
    try:
        report = engine.read_benchmark(typed_path(text))
    except (engine.WizardError, OSError) as error:
        raise refusal(error) from None
    there = report.seconds_for(engine.KdfParams(**reference.parameters.as_fields()))
    slower = max(0.01, there / max(reference.seconds, 1e-6))
    return OtherMachine(report.available_kib or 0, slower)


def _memory(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) <= 9):  # noqa: PLR2004 - more is no amount
        raise Refused("Type a whole number.")
    if int(text) * _KIB < _FLOOR_KIB:
        raise Refused("Type its free memory, 19 MiB at least.")
    return int(text)


def _slower(text: str) -> float:
    value = number(text)
    if value <= 0:
        raise Refused("Type how many times slower it is; 1 is as fast as this one.")
    return value
