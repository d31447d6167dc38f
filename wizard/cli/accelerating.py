"""``accelerate``: Argon2 built for this processor, beside the shipped one; and back.

It belongs to the installation and not to a database: no path is taken, no secret is asked for.
"""

from __future__ import annotations

from typing import Any

import click

from wizard import engine
from wizard.cli import options, output
from wizard.cli.interruption import interruptible
from wizard.cli.progress import progress_line
from wizard.version import PROGRAM

_NEXT = (
    "Databases keep what they cost and open faster from now on; programs that run already go on as "
    "before. The time gained can be spent on a higher cost: {program} passwd PATH --retune. Back to "
    "the shipped one: {program} accelerate --remove."
)


@click.command(
    "accelerate",
    short_help="Build key derivation for this processor; the same keys, in less time.",
    epilog=options.example(
        "datafold-wizard accelerate",
        "datafold-wizard accelerate --remove",
    ),
)
@click.option("--remove", is_flag=True, help="Go back to the Argon2 that came with this program.")
@options.json_option
def accelerate(*, remove: bool, as_json: bool) -> None:
    """Build Argon2 for this processor, and use it where it is proved to derive the same keys.

    The package index delivers what can run on any processor. pip fetches the source of the very
    version that is installed, and compiles it for AVX2; that needs a C compiler, and takes up to a
    minute. The shipped one stays, and runs wherever the built one does not fit: on a processor
    without AVX2, or after an upgrade.
    """
    if remove:
        _remove(as_json=as_json)
        return
    with progress_line() as line, interruptible() as token:
        done = engine.accelerate(progress=line, cancel=token)
    if as_json:
        output.say_json(_as_json(done))
        return
    before = f"the shipped one: {done.shipped_seconds * 1000:.0f} ms"
    output.say(f"{'Already there' if done.already else 'Done'}: Argon2 for {done.feature.upper()}.")
    output.say_pairs(
        [
            ("Built from", f"argon2-cffi-bindings {done.version}, with {done.flags}"),
            ("Proved", f"{done.compared} derivations and RFC 9106's vector, all alike"),
            (
                "64 MiB, 3 passes, 1 lane",
                f"{done.seconds * 1000:.0f} ms of processor time; {before}",
            ),
            ("Kept in", str(done.place)),
        ]
    )
    output.say_paragraph(_NEXT.format(program=PROGRAM))


def _remove(*, as_json: bool) -> None:
    removed = engine.remove_acceleration()
    if as_json:
        output.say_json({"removed": removed})
    elif removed:
        output.say("Removed: the Argon2 that came with this program runs again.")
    else:
        output.say("There was nothing to remove: the Argon2 that came with this program runs.")


def _as_json(done: engine.Accelerated) -> dict[str, Any]:
    return {
        "argon2_cffi_bindings": done.version,
        "built_for": done.feature,
        "flags": done.flags,
        "place": str(done.place),
        "already": done.already,
        "compared": done.compared,
        "seconds": done.seconds,
        "shipped_seconds": done.shipped_seconds,
    }
