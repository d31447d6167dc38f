"""What a worker does. Arguments and results are plain JSON values; secrets come beside them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from wizard import engine
from wizard.api import receipts

Arguments = Mapping[str, Any]
Secrets = Mapping[str, engine.Secret]
Tell = Callable[[dict[str, Any]], None]


def initialize(arguments: Arguments, secrets: Secrets, tell: Tell) -> Any:
    """Protect a database; the receipt is on the disk, and proved, before anything is replaced."""
    path = Path(arguments["path"])
    with ExitStack() as stack:
        passphrase, drawn = _passphrase(arguments, secrets, stack)
        plan = arguments["recovery"]
        pending = stack.enter_context(
            engine.prepare_initialization(
                path,
                passphrase,
                params=engine.KdfParams(**arguments["params"]),
                cipher=arguments["cipher"],
                keyfile=secrets.get("keyfile"),
                recovery=None if plan is None else engine.RecoveryPlan(**_plan(plan)),
                minimum_score=arguments["minimum_score"],
                # The node's memory budget has admitted it.
                allow_high_cost=True,
                progress=_told(tell),
            )
        )
        return _finished(pending, arguments, secrets, drawn)


def recover(arguments: Arguments, secrets: Secrets, tell: Tell) -> Any:
    """Set a new passphrase by the recovery sheets, and make a new kit."""
    params, plan = arguments["params"], arguments["recovery"]
    with ExitStack() as stack:
        passphrase, drawn = _passphrase(arguments, secrets, stack)
        pending = stack.enter_context(
            engine.prepare_recovery(
                arguments["path"],
                _sheets(secrets),
                passphrase,
                new_keyfile=secrets.get("keyfile"),
                params=None if params is None else engine.KdfParams(**params),
                recovery=None if plan is None else engine.RecoveryPlan(**_plan(plan)),
                minimum_score=arguments["minimum_score"],
                allow_high_cost=True,
                progress=_told(tell),
            )
        )
        return _finished(pending, arguments, secrets, drawn)


def unlock(arguments: Arguments, secrets: Secrets, _tell: Tell) -> Any:
    """Open a database and close it again."""
    with engine.unlock(
        arguments["path"],
        secrets["passphrase"],
        keyfile=secrets.get("keyfile"),
        readonly=True,
        allow_high_cost=True,
    ) as database:
        return {"fingerprint": database.fingerprint, "generation": database.generation}


def rate(arguments: Arguments, secrets: Secrets, _tell: Tell) -> Any:
    """Say how strong a new passphrase is, or what is wrong with it."""
    with engine.new_passphrase_from(secrets["passphrase"]) as passphrase:
        found = engine.strength(passphrase, context=tuple(arguments["context"]))
    return {
        "score": found.score,
        "guesses_log10": round(found.guesses_log10, 2),
        "warning": found.warning,
        "suggestions": list(found.suggestions),
    }


def calibrate(arguments: Arguments, _secrets: Secrets, _tell: Tell) -> Any:
    """Measure what a preset means on this machine, within the memory budget."""
    aim = engine.PRESETS[arguments["preset"]]
    budget = arguments["maximum_memory_kib"]
    params = engine.calibrate(
        aim.target_seconds,
        minimum_memory_kib=min(aim.minimum_memory_kib, budget),
        maximum_memory_kib=budget,
    ).params
    return {"memory_kib": params.memory_kib, "passes": params.passes, "lanes": params.lanes}


def change_passphrase(arguments: Arguments, secrets: Secrets, tell: Tell) -> Any:
    """Replace the passphrase; the keyfile stays."""
    params = arguments["params"]
    changed = engine.change_passphrase(
        arguments["path"],
        secrets["passphrase"],
        secrets["new_passphrase"],
        keyfile=secrets.get("keyfile"),
        params=None if params is None else engine.KdfParams(**params),
        minimum_score=arguments["minimum_score"],
        allow_high_cost=True,
        progress=_told(tell),
    )
    return {
        "fingerprint": changed.fingerprint,
        "generation": changed.metadata.generation,
        "settled": changed.settled,
        "warnings": list(changed.warnings),
    }


def backup(arguments: Arguments, secrets: Secrets, tell: Tell) -> Any:
    """Save the database into one signed, encrypted file."""
    facts = engine.backup(
        arguments["path"],
        secrets["passphrase"],
        to=arguments["to"],
        keyfile=secrets.get("keyfile"),
        allow_high_cost=True,
        progress=_told(tell),
    )
    return {
        "fingerprint": facts.fingerprint,
        "generation": facts.generation,
        "revision": facts.revision,
        "created_at": facts.created_at,
        "size": facts.size,
        "notes": list(facts.notes),
    }


def rotate(arguments: Arguments, secrets: Secrets, tell: Tell) -> Any:
    """Encrypt the database anew under a new data key."""
    rotated = engine.rotate(
        arguments["path"],
        secrets["passphrase"],
        keyfile=secrets.get("keyfile"),
        cipher=arguments["cipher"],
        allow_high_cost=True,
        progress=_told(tell),
    )
    return {
        "fingerprint": rotated.fingerprint,
        "generation": rotated.metadata.generation,
        "cipher": rotated.metadata.cipher,
        "seconds": round(rotated.seconds, 3),
        "sheets_outdated": rotated.sheets_outdated,
        "settled": rotated.settled,
        "warnings": list(rotated.warnings),
    }


def read_audit(arguments: Arguments, _secrets: Secrets, _tell: Tell) -> Any:
    """Return the newest entries of the audit log, the newest first."""
    entries = engine.read_log(Path(arguments["path"]), last=arguments["last"])
    return [entry.as_json() for entry in entries]


def verify_audit(arguments: Arguments, _secrets: Secrets, _tell: Tell) -> Any:
    """Verify the whole audit log against the signed metadata."""
    report = engine.verify_log(arguments["path"])
    return {
        "entries": report.entries,
        "signed": report.signed,
        "covered": report.covered,
        "notes": list(report.notes),
    }


VERBS: dict[str, Callable[[Arguments, Secrets, Tell], Any]] = {
    "initialize": initialize,
    "recover": recover,
    "unlock": unlock,
    "change_passphrase": change_passphrase,
    "backup": backup,
    "rotate": rotate,
    "read_audit": read_audit,
    "verify_audit": verify_audit,
    "rate": rate,
    "calibrate": calibrate,
}


def _passphrase(
    arguments: Arguments, secrets: Secrets, stack: ExitStack
) -> tuple[engine.Secret, str | None]:
    """Return the passphrase, and its text if it was drawn here: then it has to be told."""
    given = secrets.get("passphrase")
    if given is not None:
        return given, None
    drawn = stack.enter_context(engine.generate_passphrase(arguments["generate"]).secret)
    with drawn.expose() as view:
        return drawn, str(view, "ascii")


def _plan(plan: Mapping[str, Any]) -> dict[str, Any]:
    return {**plan, "holders": tuple(plan["holders"])}


def _sheets(secrets: Secrets) -> list[str]:
    """Return the sheets as text, which is how the engine takes them."""
    texts = []
    for name in sorted(name for name in secrets if name.startswith("sheet")):
        with secrets[name].expose() as view:
            texts.append(str(view, "utf-8"))
    return texts


def _finished(
    pending: engine.PendingInitialization | engine.PendingChange,
    arguments: Arguments,
    secrets: Secrets,
    drawn: str | None,
) -> Any:
    """Store the receipt, prove the kit by what was stored, and only then replace anything."""
    receipt = receipts.describe(pending, request=arguments["request"], generated=drawn)
    place = Path(arguments["receipt"])
    # The server has found that an older receipt of that name answers nothing.
    engine.remove_receipt(place)
    with receipts.sealed(receipt) as content:
        engine.write_receipt(place, secrets["receipt_key"], content)
    try:
        stored = receipts.opened(place, secrets["receipt_key"])
        kit = stored["kit"]
        pending.rehearse(None if kit is None else [sheet["text"] for sheet in kit["sheets"]])
        if isinstance(pending, engine.PendingInitialization):
            pending.commit(arguments["original"])
        else:
            pending.commit()
    except BaseException:
        if not _is_in_place(pending):
            engine.remove_receipt(place)
        raise
    return stored


def _is_in_place(pending: engine.PendingInitialization | engine.PendingChange) -> bool:
    metadata = engine.inspect(pending.path).metadata
    return metadata is not None and metadata.public_key.matches(pending.metadata.public_key)


def _told(tell: Tell) -> engine.ProgressSink:
    def sink(event: engine.Progress) -> None:
        tell({"stage": event.stage, "done": event.done, "total": event.total, "unit": event.unit})

    return sink
