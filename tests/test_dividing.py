"""Processes divided from one: each its own answer and end, never too many, none left behind."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

from wizard.cli.dividing import NotStarted, Work, divided


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
from wizard.cli.dividing import Work, divided

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
works = [Work(work.__name__, work) for work in (answers, killed, ended, broken, much)]
ends = divided(works, at_once=2, between=int)
found = {each.name: (each.code, len(each.answer)) for each in ends}
print(sorted(found.items()))
""")
    expected = {
        "answers": (3, 10), "broken": (70, 0), "ended": (143, 0), "killed": (-9, 0),
        "much": (0, 1_000_001),
    }  # fmt: skip
    assert told == f"before {sorted(expected.items())}\n"


def test_a_process_goes_on_unless_a_work_failed_in_it_or_was_to_be_alone_there():
    """What is ended takes one work with it, and another process takes its place."""
    told = run("""
from wizard.cli.dividing import Work, divided

def says(code):
    def work():
        print(os.getpid(), len(sys.modules["__main__"].calls), end="")
        return code
    return work

def killed():
    os.kill(os.getpid(), signal.SIGKILL)

calls = []
works = [
    Work("first", says(0)), Work("second", says(0)), Work("fails", says(5)), Work("third", says(0)),
    Work("killed", killed), Work("fourth", says(0)), Work("alone", says(0), alone=True),
    Work("fifth", says(0)),
]
ends = list(divided(works, at_once=1, between=lambda: calls.append(1)))
names, pids = [end.name for end in ends], [end.answer.split()[:1] for end in ends]
print(names == [work.name for work in works], [end.code for end in ends])
print([pids.index(pid) for pid in pids], [end.answer.split()[1:] for end in ends], calls)
""")
    codes, others = told.splitlines()
    assert codes == "True [0, 0, 5, 0, -9, 0, 0, 0]"
    assert others == (
        "[0, 0, 0, 3, 4, 5, 5, 7] [[b'0'], [b'1'], [b'2'], [b'0'], [], [b'0'], [b'1'], [b'0']] []"
    )


def test_one_that_was_ended_while_it_waited_is_replaced():
    """It had nothing to do, so nothing is lost with it."""
    told = run("""
from wizard.cli.dividing import Work, divided
works = [Work("one", lambda: print(os.getpid()) or 0), Work("two", lambda: 0)]
ends = divided(works, at_once=1, between=int)
process = int(next(ends).answer)
os.kill(process, signal.SIGKILL)
os.waitid(os.P_PID, process, os.WEXITED | os.WNOWAIT)
print([end.code for end in ends])
""")
    assert told == "[0]\n"


def test_none_outlives_the_process_that_divides(tmp_path):
    """Killed, it can wait for nobody: each ends what it is at, and begins nothing more."""
    run(
        """
from pathlib import Path
from wizard.cli.dividing import Work, divided
place = Path(sys.argv[1])

def work(name):
    def done():
        (place / f"{name} begun").touch()
        while not (place / "go").exists():
            time.sleep(0.01)
        (place / f"{name} done {os.getpid()}").touch()
        return 0
    return done

def first():
    (place / "first").touch()
    return 0

if not os.fork():
    works = [Work("0", first), *(Work(str(n), work(str(n))) for n in range(1, 4))]
    list(divided(works, at_once=2, between=int))
while len(list(place.glob("* begun"))) < 2:
    time.sleep(0.01)
[process] = map(int, Path(f"/proc/self/task/{os.getpid()}/children").read_text().split())
os.kill(process, signal.SIGKILL)
os.waitpid(process, 0)
(place / "go").touch()
while len(list(place.glob("* done *"))) < 2:
    time.sleep(0.01)
""",
        str(tmp_path),
    )
    for done in tmp_path.glob("* done *"):
        process = Path(f"/proc/{done.name.split()[-1]}")
        deadline = time.monotonic() + 30
        while process.exists() and time.monotonic() < deadline:
            time.sleep(0.01)
        assert not process.exists()
    assert len(list(tmp_path.glob("* begun"))) == 2


def test_they_answer_although_the_output_of_all_is_a_file(tmp_path):
    """A file has a place to write at, a pipe has none."""
    script = """import sys
from wizard.cli.dividing import Work, divided

def answers():
    sys.stdout.reconfigure(errors="replace")
    print("an answer")
    return 0

works = [Work("one", answers)]
print([(each.code, each.answer) for each in divided(works, at_once=1, between=int)])
"""
    output = tmp_path / "output"
    with output.open("w") as file:
        subprocess.run([sys.executable, "-c", script], stdout=file, check=True, timeout=60)
    assert output.read_text() == "[(0, b'an answer\\n')]\n"


def test_never_more_at_once(tmp_path):
    told = run(
        """
from pathlib import Path
from wizard.cli.dividing import Work, divided
place = Path(sys.argv[1])

def work():
    mine = place / str(os.getpid())
    mine.touch()
    time.sleep(0.02)
    print(len(list(place.iterdir())))
    mine.unlink()
    return 0

works = [Work(str(n), work) for n in range(9)]
print(max(int(each.answer) for each in divided(works, at_once=3, between=int)))
""",
        str(tmp_path),
    )
    assert int(told) in {2, 3}


def test_who_stops_half_way_starts_nothing_more_and_waits_for_those_that_run(tmp_path):
    told = run(
        """
from pathlib import Path
from wizard.cli.dividing import Work, divided
place = Path(sys.argv[1])

def work(name):
    def done():
        if name != "0":
            time.sleep(0.3)
        (place / name).touch()
        return 0
    return done

ends = divided([Work(str(n), work(str(n))) for n in range(5)], at_once=2, between=int)
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
    works = [Work("one", lambda: 0), Work("two", lambda: 0)]
    found = list(divided(works, at_once=2, between=int))
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
from wizard.cli.dividing import Work, divided
fork, heard = os.fork, []
def forked():
    os.kill(os.getpid(), signal.SIGTERM)
    heard.append("begun")
    return fork()
os.fork = forked
signal.signal(signal.SIGTERM, lambda *_: heard.append("signal"))
works = [Work("one", lambda: 0)]
print([each.code for each in divided(works, at_once=1, between=int)], heard)
"""
    )
    assert told.strip() == "[0] ['begun', 'signal']"
