"""Encrypting a database of a gigabyte, verified, against what SQLite needs for a copy of it."""

from __future__ import annotations

import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

import apsw

from tests.bench.measuring import RUNS, Row, Rows, seconds, shown

BYTES = int(os.environ.get("DATAFOLD_BENCH_BYTES", "1000000000"))
_TIME = 1.5
_MIB = 150.0

_CONVERT = """
import json, re, sys, time, wizard
from wizard.engine import KdfParams
params = KdfParams(memory_kib=19 * 1024, passes=2, lanes=1)
begun = time.perf_counter()
wizard.initialize(sys.argv[1], "correct horse battery staple-7", params=params, recovery=None)
# Not getrusage: what it says of a new process includes the peak of the one that started it.
peak = int(re.search(r"VmHWM:\\s+(\\d+)", open("/proc/self/status").read())[1])
print(json.dumps({"seconds": time.perf_counter() - begun, "peak_kib": peak}))
"""


def rows() -> Rows:
    """In turn on fresh files; both sync what they write, and begin with nothing left to sync.

    Files go just before others take their room in the page cache: a virtual machine that gives free
    memory back to its host would wait for it again, longest whoever runs after the larger files.
    """
    with tempfile.TemporaryDirectory() as directory:
        source = Path(directory) / "source.db"
        _fill(source)
        size = source.stat().st_size
        ours, yardstick, peak = [], [], 0
        for _ in range(RUNS):
            copy = Path(directory) / "copy.db"
            copy.unlink(missing_ok=True)
            os.sync()
            yardstick.append(seconds(lambda copy=copy: _vacuum(source, copy)))
            node = Path(directory) / "node.db"
            for left in Path(directory).glob("node.db*"):
                left.unlink()
            shutil.copyfile(source, node)
            os.sync()  # or writing out the original would count as ours
            found = json.loads(
                subprocess.run(
                    [sys.executable, "-c", _CONVERT, str(node)], capture_output=True, check=True
                ).stdout
            )
            ours.append(found["seconds"])
            peak = max(peak, found["peak_kib"])
    middle, plain = statistics.median(ours), statistics.median(yardstick)
    name = f"encrypt {size / 1e9:.2f} GB, verification included"
    yield Row(
        name,
        f"VACUUM INTO and integrity_check: {shown(plain)}",
        shown(middle),
        middle / plain,
        _TIME,
    )
    yield Row(f"{name}: memory", "", f"{size / middle / 1e6:.0f} MB/s", peak / 1024, _MIB, " MiB")


def _fill(path: Path) -> None:
    connection = apsw.Connection(str(path))
    connection.execute("PRAGMA synchronous = off")
    connection.execute("CREATE TABLE t (id INTEGER PRIMARY KEY, name TEXT, body BLOB)")
    connection.execute("CREATE INDEX t_name ON t (name)")
    with connection:
        connection.execute(
            "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT ?)"
            " INSERT INTO t SELECT i, 'name ' || i, randomblob(900) FROM n",
            (BYTES // 1000,),
        )
    connection.close()


def _vacuum(source: Path, copy: Path) -> None:
    connection = apsw.Connection(str(source))
    connection.execute("VACUUM INTO ?", (str(copy),))
    connection.close()
    connection = apsw.Connection(str(copy))
    assert connection.pragma("integrity_check") == "ok"
    connection.close()
