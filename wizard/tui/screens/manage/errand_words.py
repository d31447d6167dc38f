"""How an errand reads on its review and at its end: sentences made of answers, none of them secret."""

from __future__ import annotations

from typing import Any

from wizard.tui import wording
from wizard.tui.errand import Errand
from wizard.tui.screens.review import plan_sentence
from wizard.tui.session import WizardSession
from wizard.tui.widgets.fact_list import Fact

_OUTDATED = (
    "Their words open it. The slot lines below the words are of the data key before: "
    "`datafold-wizard recovery lines` prints the present ones."
)
_COPIES = ("change.decrypt", "change.decrypt_by_kit")


def takes(errand: Errand, session: WizardSession) -> str:
    """About how long it takes here; "" where it takes no time worth telling."""
    found = session.upkeep.overview
    if not errand.derivations or found is None or found.keys is None:
        return ""
    seconds = session.upkeep.measured.get(found.keys.parameters)
    if seconds is None:
        return ""
    parts = [wording.about(seconds * errand.derivations)]
    if errand.whole_file and found.size is not None:
        size = wording.size(found.size)
        parts.append(f"reading and writing {size} {wording.about(found.rotation_seconds)}")
    return "; ".join(parts)


def review_facts(errand: Errand, session: WizardSession) -> list[Fact]:
    """What will be done, to whom, and what will not."""
    upkeep = session.upkeep
    told = []
    if errand.op == "operator.rename":
        names = f"{wording.printable(upkeep.label)} becomes {wording.printable(upkeep.new_label)}"
        told.append(Fact("Operator", names, "bold"))
    elif errand.op.startswith("operator."):
        told.append(Fact("Operator", wording.printable(upkeep.label), "bold"))
    if "file" in errand.way:
        told.append(Fact("File", wording.path(upkeep.file), "bold"))
    told += [Fact("Changes", errand.changes), Fact("Stays", errand.keeps)]
    if errand.new_kit:
        told.append(Fact("New kit", plan_sentence(session.plan)))
    choice = session.choice
    if "derivation" in errand.way and choice is not None and choice.parameters is not None:
        work = wording.work(choice.parameters.memory_kib, choice.parameters.passes)
        told.append(Fact("Guessing", f"{work}: {wording.seconds(choice.seconds or 0)} here"))
    written = _written(errand, session)
    if written:
        told.append(Fact("Written", written))
    duration = takes(errand, session)
    if duration:
        told.append(Fact("Takes", duration))
    return told


def result_facts(errand: Errand, answer: dict[str, Any]) -> list[Fact]:
    """What came of it, fingerprints of changed keys aside: those stand side by side."""
    told = [*_own_facts(errand, answer)]
    if answer.get("settled"):
        told.insert(0, Fact("Before that", str(answer["settled"])))
    told += [
        Fact("Kept as" if number == 0 else "", wording.path(path))
        for number, path in enumerate(answer.get("moved") or ())
    ]
    if answer.get("copy"):
        told.append(Fact("Copy", wording.path(answer["copy"]), "bold"))
    if answer.get("lines_outdated"):
        told.append(Fact("The sheets", _OUTDATED, "bold $warning"))
    if "rows" in answer:
        tables = wording.count(answer["tables"], "table")
        told.append(Fact("Read", f"{tables}, {wording.count(answer['rows'], 'row')}"))
    if answer.get("retired_slots"):
        slots = wording.count(answer["retired_slots"], "removed slot")
        told.append(Fact("Data key", f"seen by {slots} since it was made", "bold $warning"))
    return told + [Fact("Note", str(note), "bold") for note in answer.get("warnings") or ()]


def _own_facts(errand: Errand, answer: dict[str, Any]) -> list[Fact]:
    if errand.op in {"change.settle", "undo"}:
        return [Fact("", str(answer.get("done") or "There was nothing left to end."))]
    if errand.op in {"backup.make", "backup.verify"}:
        return _backup_facts(answer)
    if errand.op in {"change.rehearse", "change.verify_kit"}:
        return [Fact("Fingerprint", answer["fingerprint"], "bold")]
    if errand.op != "sidecar.restore":
        return []
    told = [
        Fact("Fingerprint", answer["fingerprint"], "bold"),
        Fact("Generation", str(answer["generation"])),
    ]
    if answer["kept"]:
        told.append(Fact("Kept", wording.path(answer["kept"])))
    return [*told, Fact("Not proved", "Open it once with the passphrase, to be sure.")]


def _backup_facts(answer: dict[str, Any]) -> list[Fact]:
    what = "database and sidecar" if answer["kind"] == "database" else "sidecar alone"
    return [
        Fact("Fingerprint", answer["fingerprint"], "bold"),
        Fact("File", f"{wording.path(answer['file'])} ({wording.size(answer['size'])})"),
        Fact("Holds", f"{what}, generation {answer['generation']}"),
        Fact("Made", wording.day(answer["created_at"])),
    ]


def _written(errand: Errand, session: WizardSession) -> str:
    found = session.upkeep.overview
    if found is None or errand.op in {"backup.make", "undo", "change.settle", *_COPIES}:
        return ""
    sidecar = wording.shortened(found.sidecar.rpartition("/")[2], 40)
    if errand.op == "change.rotate":
        return f"A new {wording.shortened(found.name, 30)} and {sidecar}, each in one step."
    if errand.op == "change.start_over":
        return f"A new, empty {wording.shortened(found.name, 30)} and {sidecar}."
    if errand.new_kit:
        return f"{sidecar} alone, in one step, after the new kit has opened the database."
    return f"{sidecar} alone, in one step, after it was read back."
