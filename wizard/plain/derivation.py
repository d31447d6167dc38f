"""Step 3: how long unlocking may take, measured on this machine, and the cipher."""

from __future__ import annotations

from typing import TYPE_CHECKING

from wizard import engine
from wizard.cli.interruption import interruptible
from wizard.cli.progress import progress_line
from wizard.plain import smaller_machine
from wizard.plain.asking import Back, Refused, say, seconds
from wizard.refusals import UsageProblem
from wizard.tui import wording
from wizard.tui.answers.cost import Choice, CipherSpeed
from wizard.tui.parameters import Parameters
from wizard.tui.session import WizardSession

if TYPE_CHECKING:
    from wizard.plain.conversation import Talk

_EXPLAINED = (
    "Each guess at the passphrase costs a thief what unlocking costs you here. Choose the longest "
    "time you can live with. Custom takes memory, passes and lanes of Argon2id. If the database "
    "must also open on a smaller machine, say so first: the sets are then fitted to it."
)
_TIME, _CUSTOM, _SMALLER, _AGAIN = "time", "custom", "smaller", "again"
_PURPOSES = {
    "interactive": "opened all day long",
    "balanced": "most databases",
    "sensitive": "opened rarely",
}
_KIB = 1024
_RUNS = 3


def choose(talk: Talk) -> None:
    """Set the session's key derivation and cipher. Raises `Back`."""
    smaller_machine.from_answers(talk)
    while True:
        choice = _given(talk) or _asked(talk)
        if _affordable(talk, choice) and smaller_machine.fits(talk, choice):
            break
    _remember(talk.session, choice)
    say(f"Chosen: {_row(choice)}.")
    smaller_machine.tell(talk, choice)
    tell_attack(talk, choice)
    talk.session.cipher = talk.asker.choose(
        "Cipher",
        _cipher_rows(talk),
        given=talk.given.cipher,
        proposed=talk.session.cipher or engine.recommended_cipher(),
        name="cipher",
        explained="How the pages of the file are encrypted. The one in brackets suits this machine.",
    )


def _remember(session: WizardSession, choice: Choice) -> None:
    """As the screens do: a named set in its row, a named time, or own numbers."""
    if session.choice_named(choice.name) in session.choices:
        session.choices = [choice if row.name == choice.name else row for row in session.choices]
        session.chosen = choice.name
    elif choice.name == _TIME:
        session.chosen, session.timed = _TIME, choice
    else:
        session.chosen, session.custom = _CUSTOM, choice


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
    if given.target_time is not None:
        return _timed(talk, given.target_time)
    if given.preset is None:
        return None
    if given.preset in engine.RFC_9106_SETS:
        return _measured(given.preset, engine.RFC_9106_SETS[given.preset])
    if given.preset in engine.PRESETS:
        return _timed(talk, engine.PRESETS[given.preset].target_seconds, name=given.preset)
    known = ", ".join((*engine.PRESETS, *engine.RFC_9106_SETS))
    raise UsageProblem(f"The answer preset cannot be used: it is one of {known}.")


def _asked(talk: Talk) -> Choice:
    while True:
        _measure_presets(talk)
        rows = [(each.name, _row(each)) for each in talk.session.choices]
        rows += [
            (_TIME, "another time: you name it"),
            (_CUSTOM, "custom: your own values"),
            (_SMALLER, "It must also open on a smaller machine"),
            (_AGAIN, "Measure again"),
        ]
        chosen = talk.asker.choose(
            "How long may unlocking take",
            rows,
            proposed=talk.session.chosen,
            name="preset",
            explained=_EXPLAINED,
        )
        try:
            if chosen == _SMALLER:
                smaller_machine.ask(talk)
            elif chosen == _AGAIN:
                talk.session.choices, talk.session.cipher_speeds = [], {}
            elif chosen == _TIME:
                return _timed(talk, _seconds(talk))
            elif chosen == _CUSTOM:
                return _numbers(talk)
            else:
                return _spread(talk.session.choice_named(chosen))
        except Back:
            continue


def _measure_presets(talk: Talk) -> None:
    """Measure the sets one after the other; each is told as soon as it is, with what it costs to guess."""
    if talk.session.choices:
        return
    say("Measuring this machine; that takes a few seconds. Each set is told when it is measured.")
    cap = smaller_machine.memory_cap(talk)
    known: engine.Measurement | None = None
    measured: list[Choice] = []
    with progress_line() as line, interruptible() as token:
        for name in engine.PRESETS:
            known = engine.preset(
                name, known=known, maximum_memory_kib=cap, progress=line, cancel=token
            )
            measured.append(_choice_of(name, known))
            say(f"  {_row(measured[-1])}{_guessing(talk, measured[-1])}", hanging=2)
    talk.session.choices = measured


def _spread(choice: Choice | None) -> Choice:
    """Measure a set more often: one lucky number is none."""
    if choice is None or choice.parameters is None:
        raise AssertionError("the sets are measured before they are offered")
    params = engine.KdfParams(**choice.parameters.as_fields())
    with progress_line(), interruptible() as token:
        return _choice_of(choice.name, engine.measure(params, runs=_RUNS, cancel=token))


def _timed(talk: Talk, target: float, *, name: str = _TIME) -> Choice:
    say(f"Looking for what takes {wording.seconds(target)} here.")
    with progress_line() as line, interruptible() as token:
        found = engine.calibrate(
            target,
            maximum_memory_kib=smaller_machine.memory_cap(talk),
            progress=line,
            cancel=token,
        )
    return _choice_of(name, found)


def _seconds(talk: Talk) -> float:
    def read(text: str) -> float:
        value = seconds(text)
        talk.session.time_text = text
        return value

    return talk.asker.answer(
        "Seconds", read, proposed=talk.session.time_text, name="target-time", explained=_EXPLAINED
    )


def _numbers(talk: Talk) -> Choice:
    before = talk.session.custom.parameters if talk.session.custom else None
    memory = str(before.memory_kib // _KIB) if before else "256"
    passes = str(before.passes) if before else "3"
    lanes = str(before.lanes if before else min(4, engine.usable_processors()))
    while True:
        params = engine.KdfParams(
            memory_kib=_KIB * _whole_number(talk, "Memory in MiB", memory, "memory-mib"),
            passes=_whole_number(talk, "Passes", passes, "passes"),
            lanes=_whole_number(talk, "Lanes", lanes, "lanes"),
        )
        try:
            params.check()
        except engine.InvalidParameters as error:
            say(str(error))
        else:
            return _measured(_CUSTOM, params)


def _whole_number(talk: Talk, question: str, proposed: str, name: str) -> int:
    """A typed amount. Raises what `Asker.line` raises."""

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
    with progress_line(), interruptible() as token:
        return _choice_of(name, engine.measure(params, runs=_RUNS, cancel=token))


def _choice_of(name: str, measured: engine.Measurement) -> Choice:
    """A measurement as the session keeps it."""
    return Choice(
        name,
        _parameters(measured.params),
        seconds=measured.seconds,
        fastest=measured.fastest,
        slowest=measured.slowest,
        runs=measured.runs,
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
    spread = wording.spread(choice.fastest, choice.slowest, choice.runs)
    time = "not measured" if choice.seconds is None else wording.seconds(choice.seconds)
    between = f" ({spread} runs)" if spread else ""
    purpose = _PURPOSES.get(choice.name)
    meant = f"; {purpose}" if purpose else ""
    return f"{choice.name}: {time}{between}, {wording.memory(parameters.memory_kib)}{meant}"


def _cipher_rows(talk: Talk) -> list[tuple[str, str]]:
    speeds = talk.session.cipher_speeds
    if not speeds and talk.given.cipher is None:
        say("Measuring the ciphers.")
        with interruptible() as token:
            for cipher in engine.Cipher:
                speed = engine.cipher_throughput(cipher, cancel=token)
                speeds[cipher.value] = CipherSpeed(
                    speed.write_bytes_per_second, speed.read_bytes_per_second
                )
    rows: list[tuple[str, str]] = []
    for key, name in wording.CIPHER_NAMES.items():
        known = speeds.get(key)
        rate = (
            f", writes {wording.rate(known.write)}, reads {wording.rate(known.read)}"
            if known
            else ""
        )
        rows.append((key, f"{name}: {wording.CIPHER_NOTES[key]}{rate}"))
    return rows


def tell_attack(talk: Talk, choice: Choice) -> None:
    """What guessing the passphrase costs under the choice, where both are known."""
    cost = _attack_cost(talk, choice)
    if cost is not None:
        say(
            f"Guessing your passphrase would take a machine like this one "
            f"{engine.describe_duration(cost.one_machine_seconds)}, and {cost.attacker_name} "
            f"{engine.describe_duration(cost.attacker_seconds)}, for {wording.dollars(cost.attacker_usd)}."
        )


def _guessing(talk: Talk, choice: Choice) -> str:
    """The same in short, behind a set."""
    cost = _attack_cost(talk, choice)
    if cost is None:
        return ""
    return f"; guessed by a rented GPU for {wording.dollars(cost.attacker_usd)}"


def _attack_cost(talk: Talk, choice: Choice) -> engine.AttackCost | None:
    if choice.parameters is None or choice.seconds is None or talk.session.strength is None:
        return None
    measured = engine.Measurement(
        params=engine.KdfParams(**choice.parameters.as_fields()),
        seconds=choice.seconds,
        fastest=choice.fastest or choice.seconds,
        slowest=choice.slowest or choice.seconds,
        runs=1,
    )
    return engine.attack_cost(talk.session.strength.guesses_log10, measured)
