"""Processes divided from one: each its own answer and end, never too many, none left behind."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from wizard.cli.dividing import NotStarted, divided


def run(script, *arguments):
    """In a process of its own: one that divides has one thread, and that of the tests may not."""
    done = subprocess.run(
        [sys.executable, "-c", f"import os, signal, sys, time\n{script}", *arguments],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.stderr == ""
    return done.stdout


def test_each_has_its_own_answer_and_end():
    told = run("""
from wizard.cli.dividing import divided

def answers():
    print("an answer")
    print("not shown", file=sys.stderr)
    assert sys.stdin.read() == ""
    return 3

def killed():
    os.kill(os.getpid(), signal.SIGKILL)

def ended():
    sys.exit(143)

def broken():
    raise RuntimeError("not shown")

def much():
    print("x" * 1_000_000)
    return 0

print("before", end=" ")
works = [(work.__name__, work) for work in (answers, killed, ended, broken, much)]
found = {each.name: (each.code, len(each.answer)) for each in divided(works, at_once=2)}
print(sorted(found.items()))
""")
    expected = {
        "answers": (3, 10), "broken": (70, 0), "ended": (143, 0), "killed": (-9, 0),
        "much": (0, 1_000_001),
    }  # fmt: skip
    assert told == f"before {sorted(expected.items())}\n"


def test_they_answer_although_the_output_of_all_is_a_file(tmp_path):
    """A file has a place to write at, a pipe has none."""
    script = """import sys
from wizard.cli.dividing import divided

def answers():
    sys.stdout.reconfigure(errors="replace")
    print("an answer")
    return 0

print([(each.code, each.answer) for each in divided([("one", answers)], at_once=1)])
"""
    output = tmp_path / "output"
    with output.open("w") as file:
        subprocess.run([sys.executable, "-c", script], stdout=file, check=True, timeout=60)
    assert output.read_text() == "[(0, b'an answer\\n')]\n"


def test_never_more_at_once(tmp_path):
    told = run(
        """
from pathlib import Path
from wizard.cli.dividing import divided
place = Path(sys.argv[1])

def work():
    mine = place / str(os.getpid())
    mine.touch()
    time.sleep(0.02)
    print(len(list(place.iterdir())))
    mine.unlink()
    return 0

print(max(int(each.answer) for each in divided([(str(n), work) for n in range(9)], at_once=3)))
""",
        str(tmp_path),
    )
    assert int(told) in {2, 3}


def test_who_stops_half_way_starts_nothing_more_and_waits_for_those_that_run(tmp_path):
    told = run(
        """
from pathlib import Path
from wizard.cli.dividing import divided
place = Path(sys.argv[1])

def work(name):
    def done():
        if name != "0":
            time.sleep(0.3)
        (place / name).touch()
        return 0
    return done

ends = divided([(str(n), work(str(n))) for n in range(5)], at_once=2)
next(ends)
ends.close()
print(sorted(each.name for each in place.iterdir()))
""",
        str(tmp_path),
    )
    assert told == "['0', '1']\n"


def test_a_system_without_processes_is_told(monkeypatch):
    def refused():
        raise BlockingIOError

    monkeypatch.setattr(os, "fork", refused)
    before = len(list(Path("/proc/self/fd").iterdir()))
    found = list(divided([("one", lambda: 0), ("two", lambda: 0)], at_once=2))
    assert [(type(each), each.name) for each in found] == [(NotStarted, "one"), (NotStarted, "two")]
    assert len(list(Path("/proc/self/fd").iterdir())) == before


def test_what_an_initialization_needs_is_loaded_before():
    told = run("""
import pathlib, tempfile
import wizard
from wizard import engine
engine.load_initialization()
before = set(sys.modules)
with tempfile.TemporaryDirectory() as directory:
    wizard.initialize(
        pathlib.Path(directory) / "node.db", "correct horse battery staple-7",
        params=engine.KdfParams(memory_kib=19 * 1024, passes=2, lanes=1),
        confirm_kit=lambda kit: [sheet.text() for sheet in kit.sheets],
    )
print(sorted(name for name in set(sys.modules) - before if not name.startswith("encodings.")))
""")
    assert told == "[]\n"


def test_a_signal_within_the_fork_reaches_the_parent_afterwards():
    """Python calls what is registered for forks, and drops what that raises."""
    told = run(
        """
from wizard.cli.dividing import divided
fork, heard = os.fork, []
def forked():
    os.kill(os.getpid(), signal.SIGTERM)
    heard.append("begun")
    return fork()
os.fork = forked
signal.signal(signal.SIGTERM, lambda *_: heard.append("signal"))
print([each.code for each in divided([("one", lambda: 0)], at_once=1)], heard)
"""
    )
    assert told.strip() == "[0] ['begun', 'signal']"
