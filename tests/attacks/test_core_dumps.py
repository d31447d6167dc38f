"""A process that dies by a fault writes no core file, and what would be in one holds no secret.

A careless process comes first: it shows that this machine writes core files where none is stopped.
"""

from __future__ import annotations

import os
import re
import resource
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.attacks.scanning import of_bytes, of_passphrase
from tests.databases import make_plain
from tests.programs import cannot_run
from wizard import engine

MARKER = "velvet Quokka ferment 8841 drizzle"
FLOOR = engine.KdfParams(19 * 1024, 2, 1)


UNLIMITED = """
import resource
resource.setrlimit(resource.RLIMIT_CORE, (resource.RLIM_INFINITY,) * 2)
"""


def aborted(text, directory, *arguments):
    """Run a program with no limit on core files, and let SIGABRT end it once it is ready.

    Returns what it printed, the maps of its memory as they were, and its core file or None.
    """

    with subprocess.Popen(
        [sys.executable, "-c", UNLIMITED + text.replace("SIZE", str(len(MARKER))), *arguments],
        cwd=directory,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as process:
        process.stdin.write(MARKER.encode() + b"\n")
        process.stdin.flush()
        told = process.stdout.readline().decode()
        maps = Path(f"/proc/{process.pid}/smaps").read_text()
        process.send_signal(signal.SIGABRT)
        assert process.wait(30) == -signal.SIGABRT
    cores = [path for path in directory.iterdir() if path.name.startswith("core")]
    return told, maps, cores[0] if cores else None


@pytest.fixture
def directory(tmp_path):
    """Where a careless process of this machine leaves its core file."""
    pattern = Path("/proc/sys/kernel/core_pattern").read_text().strip()
    hard = resource.getrlimit(resource.RLIMIT_CORE)[1]
    if not pattern.startswith("core") or (hard != resource.RLIM_INFINITY and os.geteuid()):
        cannot_run(
            f"core files do not come into the working directory here ({pattern!r}, limit {hard})"
        )
    place = tmp_path / "data"
    place.mkdir()
    return place


CARELESS = """
import sys
passphrase = sys.stdin.readline().strip()
print("ready", flush=True)
sys.stdin.readline()
"""
OURS = """
import os, signal, sys
from wizard.engine.secret import Secret, protect_process
from wizard.engine.keyed import Cipher
import wizard
protect_process()
typed = bytearray(SIZE)  # not shortened later: that would leave what it was
os.readv(0, [typed])
secret = Secret.take(typed)
database = wizard.unlock(sys.argv[1], secret)
print(database.connection.execute("SELECT count(*) FROM customers").get, flush=True)
signal.pause()
"""
# A library may not turn core files off in the process of another; its secrets are left out of them.
LIBRARY = """
import ctypes, os, signal, sys
from wizard.engine.secret import Secret
typed = bytearray(SIZE)  # not shortened later: that would leave what it was
os.readv(0, [typed])
secret = Secret.take(typed)
with secret.expose() as view:
    print(hex(ctypes.addressof(ctypes.c_char.from_buffer(view))), flush=True)
signal.pause()
"""


def found(core, needles):
    data = core.read_bytes()
    return [name for name, needle in needles.items() if needle in data]


def test_a_core_file_of_a_careless_process_holds_what_was_typed(directory):
    _told, _maps, core = aborted(CARELESS, directory)
    assert core is not None
    assert found(core, of_passphrase(MARKER))


def test_our_programs_write_no_core_file(directory):
    path = make_plain(directory / "node.db", rows=3)
    engine.initialize(path, MARKER, recovery=None, params=FLOOR)
    told, _maps, core = aborted(OURS, directory, str(path))
    assert told == "3\n", "it was open when it died"
    assert core is None


def test_a_core_file_of_a_program_that_uses_the_library_holds_no_secret(directory):
    told, maps, core = aborted(LIBRARY, directory)
    address = int(told, 16)
    flags = flags_at(maps, address)
    assert "dd" in flags, "MADV_DONTDUMP"
    assert core is not None, "the library leaves the limit of its host as it is"
    assert found(core, of_passphrase(MARKER) | of_bytes("typed", MARKER.encode())) == []


def flags_at(maps, address):
    """The VmFlags of the mapping that holds an address."""
    inside = False
    for line in maps.splitlines():
        span = re.match(r"([0-9a-f]+)-([0-9a-f]+) ", line)
        if span:
            inside = int(span[1], 16) <= address < int(span[2], 16)
        elif inside and line.startswith("VmFlags:"):
            return line.split()[1:]
    raise AssertionError("no mapping holds it")
