"""A manifest of many databases, against the same derivations with nothing else to do.

What comes on top of the derivations weighs the most where they are cheapest: in the cheapest preset,
which is held to the target with two hundred databases. The preset that a manifest takes where it
names none is there for comparison, with fewer, because it takes four times as long.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.bench.measuring import Row, Rows, seconds, shown
from wizard import engine
from wizard.cli.choose import DEFAULT_PRESET

DATABASES = int(os.environ.get("DATAFOLD_BENCH_DATABASES", "200"))
_CHEAPEST = min(engine.PRESETS.values(), key=lambda preset: preset.target_seconds).name
_PRESETS = {_CHEAPEST: DATABASES, DEFAULT_PRESET: max(1, DATABASES // 5)}
_EACH = 2  # derivations: the key, and the proof that the passphrase opens
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
    """Each preset with the numbers that it has on this machine, measured before anything else."""
    for name, databases in _PRESETS.items():
        params = engine.preset(name).params
        plain, ours = _both(databases, params)
        numbers = f"{params.memory_kib // 1024} MiB/{params.passes}/{params.lanes}"
        default = ", the default" if name == DEFAULT_PRESET else ""
        yield Row(
            f"manifest of {databases} new databases, preset {name}{default} (here {numbers})",
            f"its {_EACH * databases} derivations alone: {shown(plain)}",
            shown(ours),
            ours / plain,
            _RATIO,
        )


def _both(databases: int, params: engine.KdfParams) -> tuple[float, float]:
    """A quarter of the derivations before the manifest and one after it; both are counted twice."""
    derivations = _EACH * databases
    alone = max(1, derivations // _SAMPLE)
    with tempfile.TemporaryDirectory() as directory:
        manifest = _manifest(Path(directory), databases, params)
        plain = seconds(lambda: _derive(alone, params))
        ours = seconds(lambda: _protect(manifest, databases))
        plain += seconds(lambda: _derive(alone, params))
    return plain * derivations / (2 * alone), ours


def _manifest(directory: Path, databases: int, params: engine.KdfParams) -> Path:
    passphrase = directory / "passphrase"
    passphrase.write_text("correct horse battery staple-7\n")
    passphrase.chmod(0o600)
    (directory / "kits").mkdir(mode=0o700)
    crypto = (
        f"crypto = {{memory = '{params.memory_kib}KiB', passes = {params.passes},"
        f" lanes = {params.lanes}}}"
    )
    path = directory / "fleet.toml"
    path.write_text(
        "\n".join(
            f'[databases.n{number}]\npath = "n{number}.db"\n'
            f'passphrase_from = "file:{passphrase}"\nrecovery_out = "kits/n{number}.txt"\n{crypto}\n'
            for number in range(databases)
        )
    )
    return path


def _derive(count: int, params: engine.KdfParams) -> None:
    """In as many processes as there are processors, as `init --manifest` would."""
    numbers = [params.memory_kib, params.passes, params.lanes]
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


def _protect(manifest: Path, databases: int) -> None:
    command = [sys.executable, "-m", "wizard", "init", "--manifest", str(manifest)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    results = [json.loads(line)["result"] for line in done.stdout.splitlines()]
    if results != ["done"] * databases:
        raise RuntimeError("not every database was protected")
