"""How step 3 reads: rows of times that were measured, and what they mean for others."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from textual.content import Content

from wizard.tui import wording
from wizard.tui.answers.cost import Choice, CipherSpeed, OtherMachine
from wizard.tui.widgets.choice_list import Row

PRESETS = ("interactive", "balanced", "sensitive")
FIXED = ("rfc9106-second", "rfc9106-first")  # for the picture
TIME = "time"
CUSTOM = "custom"
_TITLES = {TIME: "another time", CUSTOM: "own numbers"}
_PURPOSES = {
    "interactive": "opened all day long",
    "balanced": "most databases",
    "sensitive": "opened rarely",
    TIME: "you name it, below",
    CUSTOM: "Enter opens them",
}
_CAREFUL_RUNS = 5
_RUNS = 3
_SHORT_SECONDS = 0.5


def runs_for(seconds: float) -> int:
    """How often a set is measured for its spread: short ones cost little, and vary more."""
    return _CAREFUL_RUNS if seconds < _SHORT_SECONDS else _RUNS


def choice_row(name: str, choice: Choice | None) -> Row:
    """One row: name, measured time and its spread, memory, and what it is for."""
    note, spread, unlock, memory = _PURPOSES[name], "", "", ""
    if choice is None or choice.parameters is None:
        unlock = "…" if name in PRESETS else ""
    else:
        unlock = wording.seconds(choice.seconds) if choice.seconds is not None else "–"
        memory = wording.memory(choice.parameters.memory_kib)
        spread = wording.spread(choice.fastest, choice.slowest, choice.runs)
        if choice.seconds is None:
            note = "over the limit: asks"
    title = _TITLES.get(name, name)
    return Row(name, f"{title:<13} {unlock:>7}  {spread:<17} {memory:>8}   {note}")


def cipher_rows(recommended: str, speeds: Mapping[str, CipherSpeed]) -> list[Row]:
    """The ciphers with their speed here; the recommended one says so."""
    rows = []
    for key, name in wording.CIPHER_NAMES.items():
        speed = speeds.get(key)
        text = f"{name:<18}"
        if speed is not None:
            text += f"{wording.rate(speed.write):>10} {wording.rate(speed.read):>10}"
        else:
            text += " " * 21
        note = "recommended" if key == recommended else ""
        if key == "sqlcipher":
            note = "for other programs"
        rows.append(Row(key, f"{text}   {note}"))
    return rows


def attack_sentences(guesses_log10: float, answer: dict[str, Any]) -> Content:
    """What all those guesses cost, from the engine's answer to `attack`."""
    cost = f"{answer['attacker_time']}, {wording.dollars(answer['attacker_usd'])}"
    return Content.assemble(
        f"Guessing your passphrase takes {wording.guesses(guesses_log10)}, and so\n",
        ("  this machine  ", "dim"),
        (answer["one_machine"], "bold"),
        "\n",
        ("  a rented GPU  ", "dim"),
        (cost, "bold"),
    )


def elsewhere_sentence(other: OtherMachine | None, choice: Choice | None) -> Content:
    """What the choice means on the smaller machine."""
    if other is None:
        return Content.styled(
            "Only this machine has to open it; else see “Smaller machine”.", "dim"
        )
    if choice is None or choice.parameters is None or choice.seconds is None:
        return Content.styled("On the smaller machine: known when it is measured.", "dim")
    needed, there = choice.parameters.memory_kib, other.memory_kib
    if needed > there:
        return Content.styled(
            f"Does not open there: it needs {wording.memory(needed)}, that machine has "
            f"{wording.memory(there)}.",
            "bold $error",
        )
    tight = "; it will ask first, being over half" if needed > there // 2 else ""
    return Content.assemble(
        "There: ",
        (f"about {choice.seconds * other.slower:.1f} s", "bold"),
        f"; needs {wording.memory(needed)}, it has {wording.memory(there)}{tight}.",
    )
