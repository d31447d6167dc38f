"""``benchmark``: what unlocking costs and how fast the ciphers are, measured on this machine.

Every number printed was measured in this run; what would use more memory than runs without asking
is listed with the reason instead of a time.
"""

from __future__ import annotations

from typing import Any

import click

from wizard import engine
from wizard.cli import options, output
from wizard.cli.interruption import interruptible
from wizard.cli.progress import progress_line
from wizard.version import PROGRAM


@click.command(
    "benchmark",
    short_help="Measure key derivation and ciphers on this machine.",
    epilog=options.example("datafold-wizard benchmark --json"),
)
@options.json_option
def benchmark(*, as_json: bool) -> None:
    """Measure the named key derivation sets and the ciphers on this machine.

    With --json into a file, the wizard on another machine reads in its step 3 what unlocking will
    take on this one.
    """
    with progress_line() as line, interruptible() as token:
        found = engine.presets(progress=line, cancel=token)
        derivations = [_derivation(name, found[name]) for name in found]
        for name, params in engine.RFC_9106_SETS.items():
            token.check()
            derivations.append(_fixed(name, params, token))
        ciphers = _ciphers(token)
    argon2 = engine.argon2_in_use()
    if as_json:
        output.say_json(
            {
                "key_derivation": derivations,
                "ciphers": ciphers,
                "machine": _machine(),
                "argon2": _as_json(argon2),
            }
        )
        return
    _tell(derivations, ciphers)
    output.say()
    _tell_argon2(argon2)


def _as_json(argon2: engine.Argon2InUse) -> dict[str, Any]:
    return {
        "argon2_cffi_bindings": argon2.version,
        "built_for": argon2.built_for or None,
        "could_be_built_for": argon2.could_be_built_for or None,
    }


def _tell_argon2(argon2: engine.Argon2InUse) -> None:
    if argon2.built_for:
        output.say(
            f"Argon2 was built for {argon2.built_for.upper()} from argon2-cffi-bindings "
            f"{argon2.version}."
        )
        return
    output.say(f"Argon2 is as argon2-cffi-bindings {argon2.version} came, for any processor.")
    if argon2.could_be_built_for:
        output.say_paragraph(
            f"This one has {argon2.could_be_built_for.upper()}: with a C compiler, "
            f"{PROGRAM} accelerate builds it anew, and the same keys take about a third less time."
        )


def _machine() -> dict[str, Any]:
    limit = engine.machine_limit()
    return {
        "processors": engine.usable_processors(),
        "available_kib": limit.available_kib,
        "unattended_kib": limit.unattended_kib,
        "total_kib": limit.total_kib,
    }


def _fixed(name: str, params: engine.KdfParams, token: engine.CancelToken) -> dict[str, Any]:
    try:
        engine.check_unattended(params)
        return _derivation(name, engine.measure(params, cancel=token))
    except engine.Cancelled:
        raise
    except engine.WizardError as error:
        return {**_numbers(name, params), "seconds": None, "reason": str(error)}


def _derivation(name: str, measured: engine.Measurement) -> dict[str, Any]:
    return {**_numbers(name, measured.params), "seconds": measured.seconds, "reason": ""}


def _numbers(name: str, params: engine.KdfParams) -> dict[str, Any]:
    return {
        "name": name,
        "memory_kib": params.memory_kib,
        "passes": params.passes,
        "lanes": params.lanes,
    }


def _ciphers(token: engine.CancelToken) -> list[dict[str, Any]]:
    recommended = engine.recommended_cipher()
    found = []
    for cipher in engine.Cipher:
        token.check()
        speed = engine.cipher_throughput(cipher, cancel=token)
        found.append(
            {
                "cipher": str(cipher),
                "write_bytes_per_second": round(speed.write_bytes_per_second),
                "read_bytes_per_second": round(speed.read_bytes_per_second),
                "recommended": cipher is recommended,
            }
        )
    return found


def _tell(derivations: list[dict[str, Any]], ciphers: list[dict[str, Any]]) -> None:
    output.say_table(
        ("Key derivation", "memory", "passes", "lanes", "unlock"),
        [
            (
                row["name"],
                output.describe_bytes(row["memory_kib"] * 1024),
                str(row["passes"]),
                str(row["lanes"]),
                f"{row['seconds']:.2f} s" if row["seconds"] is not None else "-",
            )
            for row in derivations
        ],
    )
    for row in derivations:
        if row["reason"]:
            output.say(f"{row['name']} was not measured: {row['reason']}")
    output.say()
    output.say_table(
        ("Cipher", "write", "read"),
        [
            (
                f"{row['cipher']}{' (default here)' if row['recommended'] else ''}",
                f"{output.describe_bytes(row['write_bytes_per_second'])}/s",
                f"{output.describe_bytes(row['read_bytes_per_second'])}/s",
            )
            for row in ciphers
        ],
    )
