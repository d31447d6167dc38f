"""One derivation, against every other Argon2id that can be had.

A virtual machine may give memory that is free for two seconds back to its host (free page
reporting), and whoever gets it next pays up to two seconds a gigabyte for it. So before every run,
of ours and of the others, as much memory as it needs is touched and freed again, untimed.
"""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable

import nacl.bindings
from argon2.low_level import Type, hash_secret_raw
from cryptography.hazmat.primitives.kdf.argon2 import Argon2id

from tests.bench.measuring import Row, Rows, medians, shown
from wizard.engine import KdfParams, Secret, kdf

SALT = b"0123456789abcdef"
PASSPHRASE = b"correct horse battery staple"
SETTINGS = ((64, 3, 1), (256, 3, 2), (1024, 1, 1), (1024, 3, 4))
_OURS_TO_STOCK = 0.75
_OURS_TO_FASTEST = 1.02


def rows() -> Rows:
    """The same parameters, the same result, in turn."""
    for memory, passes, lanes in SETTINGS:
        params = (memory * 1024, passes, lanes)
        name = f"derivation, {memory} MiB, passes {passes}, lanes {lanes}"
        yardsticks = _yardsticks(*params)
        works = [lambda params=params: _ours(*params), *yardsticks.values()]
        # Each has run once already, where its result was compared.
        ours, *others = medians(
            *works, warm=False, before=lambda kib=params[0]: kdf.touch_memory(kib)
        )
        for (yardstick, _work), taken in zip(yardsticks.items(), others, strict=True):
            target = _OURS_TO_STOCK if yardstick == "argon2-cffi" else _OURS_TO_FASTEST
            yield Row(name, f"{yardstick}: {shown(taken)}", shown(ours), ours / taken, target)


def _ours(memory_kib: int, passes: int, lanes: int) -> bytes:
    params = KdfParams(memory_kib=memory_kib, passes=passes, lanes=lanes)
    # Not `derive`: one pass over 1 GiB is under the floor of what may be stored.
    with (
        Secret.copy_of(PASSPHRASE) as secret,
        kdf._derive(secret, salt=SALT, params=params, keyfile=None) as root,
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
    assert _ours(memory_kib, passes, lanes) == expected
    if lanes == 1:
        assert libsodium() == expected
        found["libsodium"] = libsodium
    if shutil.which("argon2"):
        found["argon2 command"] = command
    return found
