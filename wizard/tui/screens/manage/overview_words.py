"""How a protected database reads: its facts in sentences, made of the engine's `overview`."""

from __future__ import annotations

from wizard.tui import wording
from wizard.tui.answers.overview import Keys, Overview
from wizard.tui.screens.checklist_words import TITLES
from wizard.tui.screens.descriptions import STATE_WORDS
from wizard.tui.widgets.fact_list import Fact

_ATTENTION = "bold $warning"


def facts(found: Overview, seconds: float | None, limit: str = "") -> list[Fact]:
    """All that is worth knowing; ``seconds`` is what a derivation takes here, once measured.

    ``limit`` says why it was not measured.
    """
    size = "" if found.size is None else f" ({wording.size(found.size)})"
    told = [Fact("Database", f"{wording.path(found.path)}{size}")]
    if found.state != "protected":
        words = STATE_WORDS.get(found.state, found.state)
        told.append(Fact("State", f"{words}. {wording.printable(found.reason)}", _ATTENTION))
    if found.keys is not None and found.opens:
        told += _keys(found, found.keys, seconds, limit)
    told += _proof(found)
    if found.open_items:
        titles = "; ".join(TITLES[item] for item in found.open_items if item in TITLES)
        told.append(Fact("Still open", titles, _ATTENTION))
    told += _log(found)
    return told


def derivation_sentence(found: Overview, keys: Keys, seconds: float | None, limit: str) -> str:
    """What a guess costs, against this machine."""
    cost = keys.parameters
    work = f"{wording.work(cost.memory_kib, cost.passes)}"
    if limit:
        return f"{work}. {limit}"
    here = "being measured…" if seconds is None else f"{wording.seconds(seconds)} here"
    if found.stronger is None:
        return f"{work}: {here}"
    more = wording.memory(found.stronger.memory_kib)
    end = "" if seconds is None else "."
    return f"{work}: {here}{end} It can afford {more}."


def _keys(found: Overview, keys: Keys, seconds: float | None, limit: str) -> list[Fact]:
    cipher = wording.CIPHER_NAMES.get(keys.cipher, keys.cipher)
    guessing = derivation_sentence(found, keys, seconds, limit)
    told = [
        Fact("Protected", f"since {wording.day(keys.created_at)}, {cipher}"),
        Fact("Fingerprint", f"{keys.fingerprint}, generation {keys.generation}", "bold"),
        Fact("Guessing", guessing, _ATTENTION if found.stronger else ""),
        Fact("Opens with", opens_with(keys), "" if keys.shares else _ATTENTION),
    ]
    seen = keys.retired_slots
    if seen:
        slots = wording.count(seen, "removed slot")
        text = f"seen by {slots}; rotating takes {wording.about(found.rotation_seconds)}"
        told.append(Fact("Data key", text, _ATTENTION))
    return told


def opens_with(keys: Keys) -> str:
    """Every way in."""
    ways = ["passphrase and keyfile" if keys.keyfile else "passphrase"]
    if keys.shares == 1:
        ways.append("one recovery sheet")
    elif keys.shares:
        ways.append(f"any {keys.threshold} of {keys.shares} recovery sheets")
    else:
        ways.append("no recovery kit: a lost passphrase is lost data")
    if keys.operators:
        names = ", ".join(wording.shortened(each.label, 20) for each in keys.operators[:4])
        more = ", …" if len(keys.operators) > 4 else ""  # noqa: PLR2004 - as shown above
        ways.append(f"{wording.count(len(keys.operators), 'operator')} ({names}{more})")
    return "; ".join(ways)


def _proof(found: Overview) -> list[Fact]:
    if found.keys is None or not found.keys.shares:
        return []
    days = found.log["kit_proved_days"]
    if days is None:
        return [Fact("Recovery", "the audit log knows of no proof that the kit opens", _ATTENTION)]
    when = "today" if days == 0 else f"{wording.count(days, 'day')} ago"
    if "kit_proved" in found.open_items:
        # The wizard tried the kit in its memory, and the words were never asked for.
        return [Fact("Recovery", f"the wizard tried the kit {when}; nobody proved the words")]
    return [Fact("Recovery", f"the kit was last proved {when}")]


def _log(found: Overview) -> list[Fact]:
    log, last = found.log, found.log["last"]
    told = []
    if last is not None:
        event = str(last["event"]).replace("_", " ")
        by = f" by {wording.printable(last['user'])}" if last["user"] else ""
        entries = f"{log['entries']:,} {'entry' if log['entries'] == 1 else 'entries'}"
        text = f"{event} {last['outcome']}, {wording.day(last['time'])}{by} ({entries})"
        told.append(Fact("Last entry", text))
    if log["reason"]:
        told.append(Fact("Audit log", wording.printable(log["reason"]), _ATTENTION))
    return told
