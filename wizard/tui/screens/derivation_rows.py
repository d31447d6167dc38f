"""How step 3 reads: a row a choice, and what its cost means for a thief."""

from __future__ import annotations

from typing import Any

from textual.content import Content

from wizard.tui import wording
from wizard.tui.session import Choice
from wizard.tui.widgets.choice_list import Row

PRESETS = ("interactive", "balanced", "sensitive", "rfc9106-second", "rfc9106-first")
CUSTOM = "custom"
_PURPOSES = {
    "interactive": "unlocked many times a day",
    "balanced": "most databases",
    "sensitive": "opened rarely, guards much",
    "rfc9106-second": "RFC 9106, little memory",
    "rfc9106-first": "RFC 9106, much memory",
    CUSTOM: "your own values, below",
}


def choice_row(name: str, choice: Choice | None) -> Row:
    """One row: name, measured time, memory, and what it is for."""
    note = _PURPOSES[name]
    if choice is None or choice.parameters is None:
        unlock, memory = ("", "") if name == CUSTOM else ("…", "")
    else:
        unlock = wording.seconds(choice.seconds) if choice.seconds is not None else "–"
        memory = wording.memory(choice.parameters.memory_kib)
        if choice.seconds is None:
            note = "over the limit here: asks first"
    return Row(name, f"{name:<15} {unlock:>8} {memory:>9}   {note}")


def cipher_rows(recommended: str) -> list[Row]:
    """The ciphers; the recommended one says so."""
    return [
        Row(key, f"{name} (recommended)" if key == recommended else name)
        for key, name in wording.CIPHER_NAMES.items()
    ]


def attack_sentences(guesses_log10: float, answer: dict[str, Any]) -> Content:
    """What all those guesses cost, from the engine's answer to `attack`."""
    return Content.assemble(
        f"Your passphrase stands {wording.guesses(guesses_log10)}. They would take\n",
        ("  this machine    ", "dim"),
        (answer["one_machine"], "bold"),
        "\n",
        (f"  {answer['attacker_name']}\n                  ", "dim"),
        (f"{answer['attacker_time']}, {wording.dollars(answer['attacker_usd'])}", "bold"),
    )
