"""Step 3: how long unlocking may take, measured on this machine, and the cipher."""

from __future__ import annotations

from typing import TYPE_CHECKING

from wizard import engine
from wizard.cli import output
from wizard.cli.interruption import interruptible
from wizard.plain.asking import Back, Refused, say
from wizard.tui import wording
from wizard.tui.session import Choice, Parameters

if TYPE_CHECKING:
    from wizard.plain.conversation import Talk

_EXPLAINED = (
    "Each guess at the passphrase costs a thief what unlocking costs you here. Choose the longest "
    "time you can live with. Custom takes memory, passes and lanes of Argon2id."
)
_CUSTOM = "custom"
_KIB = 1024


def choose(talk: Talk) -> None:
    """Set the session's key derivation and cipher. Raises `Back`."""
    while True:
        choice = _given(talk) or _asked(talk)
        if _affordable(talk, choice):
            break
    talk.session.chosen, talk.session.custom = _CUSTOM, choice
    _tell_attack(talk, choice)
    talk.session.cipher = talk.asker.choose(
        "Cipher",
        [
            (cipher, f"{wording.CIPHER_NAMES[cipher]}: {wording.CIPHER_NOTES[cipher]}")
            for cipher in wording.CIPHER_NAMES
        ],
        given=talk.given.cipher,
        proposed=engine.recommended_cipher(),
        name="cipher",
        explained="How the pages of the file are encrypted. The one in brackets suits this machine.",
    )


def _given(talk: Talk) -> Choice | None:
    given = talk.given
    if given.has_numbers:
        return _measured(
            _CUSTOM,
            engine.KdfParams(
                memory_kib=(given.memory_mib or 64) * _KIB,
                passes=given.passes or 3,
                lanes=given.lanes or 4,
            ),
        )
    if given.preset is None:
        return None
    if given.preset in engine.RFC_9106_SETS:
        return _measured(given.preset, engine.RFC_9106_SETS[given.preset])
    with output.progress_line() as line, interruptible() as token:
        return _choice(given.preset, engine.preset(given.preset, progress=line, cancel=token))


def _asked(talk: Talk) -> Choice:
    if not talk.session.choices:
        say("Measuring this machine; that takes a few seconds.")
        with output.progress_line() as line, interruptible() as token:
            found = engine.presets(progress=line, cancel=token)
        talk.session.choices = [_choice(name, found[name]) for name in found]
    rows = [(each.name, _row(each)) for each in talk.session.choices]
    rows.append((_CUSTOM, "custom: your own values"))
    chosen = talk.asker.choose(
        "How long may unlocking take",
        rows,
        proposed="balanced",
        name="preset",
        explained=_EXPLAINED,
    )
    if chosen != _CUSTOM:
        return next(each for each in talk.session.choices if each.name == chosen)
    while True:
        params = engine.KdfParams(
            memory_kib=_KIB * _number(talk, "Memory in MiB", "256", "memory-mib"),
            passes=_number(talk, "Passes", "3", "passes"),
            lanes=_number(talk, "Lanes", str(min(4, engine.usable_processors())), "lanes"),
        )
        try:
            params.check()
        except engine.InvalidParameters as error:
            say(str(error))
        else:
            return _measured(_CUSTOM, params)


def _number(talk: Talk, question: str, proposed: str, name: str) -> int:
    def read(text: str) -> int:
        if not (text.isascii() and text.isdigit() and len(text) <= 12):  # noqa: PLR2004 - more is no amount
            raise Refused("Type a whole number.")
        return int(text)

    return talk.asker.answer(question, read, proposed=proposed, name=name, explained=_EXPLAINED)


def _measured(name: str, params: engine.KdfParams) -> Choice:
    params.check()
    try:
        engine.check_unattended(params)
    except engine.ResourceLimit as error:
        # Not run unasked, so not measured: the question comes first.
        return Choice(name, _parameters(params), reason=str(error))
    with output.progress_line(), interruptible() as token:
        return _choice(name, engine.measure(params, cancel=token))


def _choice(name: str, measured: engine.Measurement) -> Choice:
    return Choice(
        name,
        _parameters(measured.params),
        seconds=measured.seconds,
        fastest=measured.fastest,
        slowest=measured.slowest,
    )


def _parameters(params: engine.KdfParams) -> Parameters:
    return Parameters(params.memory_kib, params.passes, params.lanes)


def _affordable(talk: Talk, choice: Choice) -> bool:
    if choice.parameters is None or not choice.reason:
        return True
    say(f"{choice.reason} That much is needed again whenever the database is opened.")
    if talk.asker.agree("Use it", given=talk.given.allow_high_cost, name="allow-high-cost"):
        talk.session.consented.add(choice.parameters)
        return True
    if talk.given.has_numbers or talk.given.preset is not None:
        raise Back
    return False


def _row(choice: Choice) -> str:
    parameters = choice.parameters
    if parameters is None:
        return choice.name
    spread = ""
    if choice.fastest is not None and choice.slowest is not None:
        spread = f" ({wording.seconds(choice.fastest)} to {wording.seconds(choice.slowest)})"
    time = (
        "not measured" if choice.seconds is None else f"{wording.seconds(choice.seconds)}{spread}"
    )
    return f"{choice.name}: {time}, {wording.memory(parameters.memory_kib)}"


def _tell_attack(talk: Talk, choice: Choice) -> None:
    say(f"Chosen: {_row(choice)}.")
    if choice.parameters is None or choice.seconds is None or talk.session.strength is None:
        return
    measured = engine.Measurement(
        params=engine.KdfParams(**choice.parameters.as_fields()),
        seconds=choice.seconds,
        fastest=choice.fastest or choice.seconds,
        slowest=choice.slowest or choice.seconds,
        runs=1,
    )
    cost = engine.attack_cost(talk.session.strength.guesses_log10, measured)
    say(
        f"Guessing your passphrase would take {cost.attacker_name} "
        f"{engine.describe_duration(cost.attacker_seconds)} and cost "
        f"{wording.dollars(cost.attacker_usd)}."
    )
