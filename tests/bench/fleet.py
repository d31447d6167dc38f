"""A manifest of two hundred databases, against the same derivations with nothing else to do."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.bench.measuring import Row, Rows, seconds, shown
from wizard.engine import KdfParams

DATABASES = int(os.environ.get("DATAFOLD_BENCH_DATABASES", "200"))
# As much work as the cheapest preset, a quarter of a second of two processors: what comes on top of
# the derivations weighs the least in the others.
PARAMS = KdfParams(memory_kib=256 * 1024, passes=3, lanes=1)
_DERIVATIONS = 2 * DATABASES  # for each the key, and the proof that the passphrase opens
_SAMPLE = 4
_RATIO = 1.1

_DERIVE = """
import sys
from wizard.engine import KdfParams, Secret, kdf
memory, passes, lanes, count = map(int, sys.argv[1:])
for _ in range(count):
    with Secret.copy_of(b"correct horse battery staple-7") as secret:
        params = KdfParams(memory_kib=memory, passes=passes, lanes=lanes)
        kdf.derive(secret, salt=bytes(16), params=params).close()
"""


def rows() -> Rows:
    """A quarter of the derivations before the manifest and one after it; both are counted twice."""
    with tempfile.TemporaryDirectory() as directory:
        manifest = _manifest(Path(directory))
        alone = _DERIVATIONS // _SAMPLE
        plain = seconds(lambda: _derive(alone))
        ours = seconds(lambda: _protect(manifest))
        plain += seconds(lambda: _derive(alone))
        plain *= _DERIVATIONS / (2 * alone)
    yield Row(
        f"manifest of {DATABASES} new databases, at {PARAMS.memory_kib // 1024} MiB/"
        f"{PARAMS.passes}/{PARAMS.lanes}",
        f"its {_DERIVATIONS} derivations alone: {shown(plain)}",
        shown(ours),
        ours / plain,
        _RATIO,
    )


def _manifest(directory: Path) -> Path:
    passphrase = directory / "passphrase"
    passphrase.write_text("correct horse battery staple-7\n")
    passphrase.chmod(0o600)
    (directory / "kits").mkdir(mode=0o700)
    crypto = (
        f"crypto = {{memory = '{PARAMS.memory_kib}KiB', passes = {PARAMS.passes},"
        f" lanes = {PARAMS.lanes}}}"
    )
    path = directory / "fleet.toml"
    path.write_text(
        "\n".join(
            f'[databases.n{number}]\npath = "n{number}.db"\n'
            f'passphrase_from = "file:{passphrase}"\nrecovery_out = "kits/n{number}.txt"\n{crypto}\n'
            for number in range(DATABASES)
        )
    )
    return path


def _derive(count: int) -> None:
    """In as many processes as there are processors, as `init --manifest` would."""
    numbers = [PARAMS.memory_kib, PARAMS.passes, PARAMS.lanes]
    processors = len(os.sched_getaffinity(0))
    shares = [count // processors + (number < count % processors) for number in range(processors)]
    running = [
        subprocess.Popen([sys.executable, "-c", _DERIVE, *map(str, numbers), str(share)])
        for share in shares
        if share
    ]
    codes = [process.wait() for process in running]
    if any(codes):
        raise RuntimeError("a derivation failed")


def _protect(manifest: Path) -> None:
    command = [sys.executable, "-m", "wizard", "init", "--manifest", str(manifest)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    results = [json.loads(line)["result"] for line in done.stdout.splitlines()]
    if results != ["done"] * DATABASES:
        raise RuntimeError("not every database was protected")
