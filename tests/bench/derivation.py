"""One derivation, against every other Argon2id that can be had.

Ours is measured twice: with the Argon2 of argon2-cffi-bindings as it is installed, which is also what
the yardstick "argon2-cffi" runs, and with the one that `datafold-wizard accelerate` builds. Where
that is not in place it is built for this run, into a directory that goes again.

A virtual machine may give memory that is free for two seconds back to its host (free page
reporting), and whoever gets it next pays up to two seconds a gigabyte for it. So before every run,
of ours and of the others, as much memory as it needs is touched and freed again, untimed.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path

import nacl.bindings
from argon2.low_level import Type, hash_secret_raw
from cryptography.hazmat.primitives.kdf.argon2 import Argon2id

from tests.bench.measuring import Row, Rows, medians, shown
from wizard import engine
from wizard.engine import KdfParams, Secret, argon2_choice, kdf

SALT = b"0123456789abcdef"
PASSPHRASE = b"correct horse battery staple"
SETTINGS = ((64, 3, 1), (256, 3, 2), (1024, 1, 1), (1024, 3, 4))
_OURS_TO_STOCK = 0.75
_OURS_TO_FASTEST = 1.02


def rows() -> Rows:
    """The same parameters, the same result, in turn."""
    ours = {"Argon2 as shipped": argon2_choice.shipped_argon2()}
    built = _built()
    if built is not None:
        ours[f"Argon2 built for {' '.join(built.needs).upper()}"] = built
    for memory, passes, lanes in SETTINGS:
        params = (memory * 1024, passes, lanes)
        yardsticks = _yardsticks(*params)
        expected = yardsticks["argon2-cffi"]()
        works = [partial(_ours, argon2, *params) for argon2 in ours.values()]
        assert all(work() == expected for work in works)
        # Each has run once already, where its result was compared.
        times = medians(
            *works,
            *yardsticks.values(),
            warm=False,
            before=partial(kdf.touch_memory, params[0]),
        )
        for which, own in zip(ours, times, strict=False):
            for yardstick, taken in zip(yardsticks, times[len(ours) :], strict=True):
                target = _OURS_TO_STOCK if yardstick == "argon2-cffi" else _OURS_TO_FASTEST
                yield Row(
                    f"derivation, {memory} MiB, passes {passes}, lanes {lanes}, {which}",
                    f"{yardstick}: {shown(taken)}",
                    shown(own),
                    own / taken,
                    target,
                )


def _built() -> argon2_choice.Argon2 | None:
    """The built one: that of this installation, or made now; None where it cannot be."""
    place = argon2_choice.built_place()
    built = None if place is None else argon2_choice.built_argon2(place)
    if built is not None:
        return built
    with tempfile.TemporaryDirectory() as directory:
        place = Path(directory) / "argon2"
        try:
            engine.accelerate(place=place)
        except engine.WizardError as error:
            print(f"measured as shipped only: {error}", file=sys.stderr, flush=True)
            return None
        return argon2_choice.built_argon2(place)


def _ours(argon2: argon2_choice.Argon2, memory_kib: int, passes: int, lanes: int) -> bytes:
    params = KdfParams(memory_kib=memory_kib, passes=passes, lanes=lanes)
    # Not `derive`: one pass over 1 GiB is under the floor of what may be stored.
    with (
        Secret.copy_of(PASSPHRASE) as secret,
        kdf._derive(secret, salt=SALT, params=params, argon2=argon2) as root,
        root.expose() as view,
    ):
        return bytes(view)


def _yardsticks(memory_kib: int, passes: int, lanes: int) -> dict[str, Callable[[], bytes]]:
    def stock() -> bytes:
        return hash_secret_raw(PASSPHRASE, SALT, passes, memory_kib, lanes, 32, Type.ID)

    def openssl() -> bytes:
        return Argon2id(
            salt=SALT, length=32, iterations=passes, lanes=lanes, memory_cost=memory_kib
        ).derive(PASSPHRASE)

    def libsodium() -> bytes:
        return nacl.bindings.crypto_pwhash_alg(
            32,
            PASSPHRASE,
            SALT,
            passes,
            memory_kib * 1024,
            nacl.bindings.crypto_pwhash_ALG_ARGON2ID13,
        )

    def command() -> bytes:
        arguments = ["argon2", SALT.decode(), "-id", "-t", passes, "-k", memory_kib]
        return subprocess.run(
            [*map(str, arguments), "-p", str(lanes), "-l", "32", "-r"],
            input=PASSPHRASE,
            capture_output=True,
            check=True,
        ).stdout

    found: dict[str, Callable[[], bytes]] = {"argon2-cffi": stock, "OpenSSL": openssl}
    expected = stock()
    assert openssl() == expected
    if lanes == 1:
        assert libsodium() == expected
        found["libsodium"] = libsodium
    if shutil.which("argon2"):
        found["argon2 command"] = command
    return found
