"""The audit log on a hostile disk: crashes, full disks, planted files, and many writers at once."""

import json
import os
import resource
import shutil
import signal
import subprocess
import sys
import time
from contextlib import suppress

import pytest

import wizard
from tests.databases import PASSPHRASE, make_plain
from tests.test_initialization import CHEAP, protect
from wizard.engine import (
    AuditUnavailable,
    Outcome,
    State,
    audit,
    audit_file,
    audit_path,
    audit_reading,
    inspect,
    prepare_initialization,
    read_log,
    verify_log,
)
from wizard.engine.metadata import AuditHead

WRITER = """
import sys
from pathlib import Path
from wizard.engine import audit
for _ in range(int(sys.argv[2])):
    audit.record(Path(sys.argv[1]), "unlock", "failed")
"""


def start_writer(database, count):
    return subprocess.Popen([sys.executable, "-c", WRITER, str(database), str(count)])


def record(database):
    return audit.record(database, "unlock", Outcome.FAILED)


@pytest.fixture
def plain(tmp_path):
    """No database is needed to write beside it."""
    return tmp_path / "node.db"


# Many writers ----------------------------------------------------------------------------------


def test_two_processes_at_once_make_one_chain(plain):
    writers = [start_writer(plain, 500) for _ in range(2)]
    assert [writer.wait(timeout=120) for writer in writers] == [0, 0]
    report = verify_log(plain)
    assert report.entries == 1000
    assert {entry.actor.pid for entry in read_log(plain)} == {writer.pid for writer in writers}


def test_killed_writers_leave_a_log_that_verifies_and_goes_on(plain):
    for _ in range(5):
        writer = start_writer(plain, 100_000)
        before = audit_reading.head(plain).entries
        deadline = time.monotonic() + 30
        while audit_reading.head(plain).entries < before + 20 and time.monotonic() < deadline:
            time.sleep(0.005)
        writer.send_signal(signal.SIGKILL)
        assert writer.wait() == -signal.SIGKILL
        assert record(plain).entries > before + 20
        verify_log(plain)


def test_lock_that_is_held_for_long_is_not_waited_for(plain, monkeypatch):
    monkeypatch.setattr(audit_file, "_WAIT_SECONDS", 0.05)
    record(plain)
    with audit_file.open_to_append(plain), pytest.raises(AuditUnavailable, match="locked"):
        record(plain)
    record(plain)


# Incomplete lines ------------------------------------------------------------------------------


@pytest.mark.parametrize("kept", [1, 40, 200, -1])
def test_torn_last_line_is_closed_kept_and_named(plain, kept):
    for _ in range(3):
        record(plain)
    whole = audit_path(plain).read_bytes()
    lines = whole.split(b"\n")
    torn = lines[2][:kept]
    audit_path(plain).write_bytes(b"\n".join([*lines[:2], torn]))
    assert verify_log(plain).notes[0] == "Line 3 is incomplete: a crash or a full disk cut it off."
    anchor = audit_reading.head(plain)
    assert record(plain).entries == 4
    record(plain)
    after = audit_path(plain).read_bytes()
    assert after.split(b"\n")[2] == torn
    report = verify_log(plain)
    assert report.entries == 5
    assert report.notes[0].startswith("Line 3 is incomplete")
    assert audit_reading.holds(plain, anchor)


def test_last_line_that_lacks_only_its_end_is_an_entry(plain):
    record(plain)
    audit_path(plain).write_bytes(audit_path(plain).read_bytes()[:-1])
    assert record(plain).entries == 2
    assert [entry.number for entry in read_log(plain)] == [2, 1]
    assert not any("incomplete" in note for note in verify_log(plain).notes)


@pytest.mark.parametrize(
    "junk", [b"\0" * 4096, b"\0" * 70_000, b"{\n{\n{", b"\n\n", b'{"actor":{\n\n\n']
)
def test_what_a_crash_can_leave_is_covered_by_the_next_entry(plain, junk):
    for begin in (False, True):
        if begin:
            record(plain)
        with audit_path(plain).open("ab") as file:
            file.write(junk)
        record(plain)
        record(plain)
        verify_log(plain)


def test_junk_that_no_crash_explains_is_refused(plain):
    record(plain)
    with audit_path(plain).open("ab") as file:
        file.write(b"x" * (5 * 1024 * 1024))
    with pytest.raises(AuditUnavailable):
        record(plain)


def test_log_of_an_absurd_size_is_refused_unread(plain):
    record(plain)
    os.truncate(audit_path(plain), 2 * 1024**3)  # sparse
    with pytest.raises(AuditUnavailable, match="more than any log"):
        verify_log(plain)


# Planted files ---------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["symlink", "dangling", "hardlink", "fifo", "directory"])
def test_planted_file_is_not_written_into(tmp_path, kind):
    protect(tmp_path / "node.db", tmp_path)
    database = tmp_path / "node.db"
    victim = tmp_path / "victim"
    victim.write_text("precious")
    log = audit_path(database)
    log.unlink()
    match kind:
        case "symlink":
            log.symlink_to(victim)
        case "dangling":
            log.symlink_to(tmp_path / "nowhere")
        case "hardlink":
            log.hardlink_to(victim)
        case "fifo":
            os.mkfifo(log)
        case "directory":
            log.mkdir()
    with wizard.unlock(database, PASSPHRASE) as opened:
        assert "not recorded" in opened.warnings[0]
    assert victim.read_text() == "precious"
    assert not (tmp_path / "nowhere").exists()
    for refused in (lambda: audit.begin(database, "rotate"), lambda: verify_log(database)):
        with pytest.raises(AuditUnavailable):
            refused()


# A full disk -----------------------------------------------------------------------------------


def limited(code, *arguments, size):
    """Run Python that may make no file longer than ``size``: the kernel refuses like a full disk."""

    def limit():
        resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))

    done = subprocess.run(
        [sys.executable, "-c", code, *map(str, arguments)],
        capture_output=True,
        text=True,
        check=False,
        preexec_fn=limit,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


READ_AND_CHANGE = """
import json, sys, wizard
from pathlib import Path
from wizard.engine import AuditUnavailable, audit
told = {}
with wizard.unlock(sys.argv[1], sys.argv[2], readonly=True) as database:
    told["rows"] = database.connection.execute("SELECT count(*) FROM customers").get
    told["warnings"] = database.warnings
try:
    audit.begin(Path(sys.argv[1]), "rotate")
except AuditUnavailable as error:
    told["refused"] = str(error)
print(json.dumps(told))
"""


def test_log_that_cannot_grow_stops_a_change_of_keys_and_no_reading(tmp_path):
    database = make_plain(tmp_path / "node.db")
    protect(database, tmp_path)
    size = audit_path(database).stat().st_size
    for room in (0, 1, 100):
        told = limited(READ_AND_CHANGE, database, PASSPHRASE, size=size + room)
        assert told["rows"] == 20
        assert "not recorded" in told["warnings"][0]
        assert "refused" in told
    with wizard.unlock(database, PASSPHRASE) as opened:
        assert opened.warnings == ()
    assert audit_path(database).read_bytes()[:size].endswith(b"}\n")
    verify_log(database, PASSPHRASE)


@pytest.fixture
def small_disk(tmp_path):
    """A file system of 1 MiB, which root can have."""
    place = tmp_path / "disk"
    place.mkdir()
    options = ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(place)]
    if os.geteuid() or not shutil.which("mount") or subprocess.run(options, check=False).returncode:
        pytest.skip("no tmpfs can be mounted here; the limit on file sizes is tested everywhere")
    yield place
    subprocess.run(["umount", "-l", str(place)], check=True)


def fill(place):
    with (place / "ballast").open("wb", buffering=0) as file, suppress(OSError):
        while True:
            file.write(b"\0" * 4096)


def test_full_disk_is_a_warning_for_readers_and_refuses_to_begin(small_disk):
    database = small_disk / "node.db"
    protect(database, small_disk)
    fill(small_disk)
    for _ in range(20):  # what is left of the last block is used up
        with wizard.unlock(database, PASSPHRASE, readonly=True) as opened:
            warnings = opened.warnings
    assert "not recorded" in warnings[0]
    with pytest.raises(AuditUnavailable, match="no room"):
        audit.begin(database, "rotate")
    (small_disk / "ballast").unlink()
    wizard.unlock(database, PASSPHRASE).close()
    verify_log(database, PASSPHRASE)


def test_initialization_is_not_begun_where_it_cannot_be_recorded(tmp_path):
    database = make_plain(tmp_path / "node.db")
    audit_path(database).symlink_to(tmp_path / "elsewhere")
    before = database.read_bytes()
    with pytest.raises(AuditUnavailable):
        prepare_initialization(database, PASSPHRASE, params=CHEAP)
    assert database.read_bytes() == before
    assert inspect(database).state is State.PLAINTEXT


def test_log_that_fills_up_after_the_beginning_undoes_nothing(tmp_path, monkeypatch):
    database = make_plain(tmp_path / "node.db")
    with prepare_initialization(database, PASSPHRASE, params=CHEAP) as pending:
        pending.rehearse()

        def full(*_arguments, **_options):
            raise AuditUnavailable("no space is left")

        monkeypatch.setattr(audit_file, "append", full)
        done = pending.commit()
    assert "not recorded" in done.warnings[0]
    assert inspect(database).state is State.PROTECTED
    monkeypatch.undo()
    wizard.unlock(database, PASSPHRASE).close()
    verify_log(database, PASSPHRASE)


def test_reading_needs_no_right_to_write(tmp_path):
    if not os.geteuid():
        pytest.skip("root may write everywhere")
    database = tmp_path / "node.db"
    protect(database, tmp_path)
    audit_path(database).chmod(0o400)
    with wizard.unlock(database, PASSPHRASE) as opened:
        assert opened.warnings


def test_memory_does_not_grow_with_the_log(plain):
    """One real line, 15,000 times: nothing is kept but the findings, and those are capped."""
    record(plain)
    line = audit_path(plain).read_bytes()
    audit_path(plain).write_bytes(line * 15_000)
    code = """
import resource, sys
from wizard.engine import AuditBroken, verify_log
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
try:
    verify_log(sys.argv[1])
except AuditBroken as error:
    print(len(error.findings), (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) // 1024)
"""
    done = subprocess.run(
        [sys.executable, "-c", code, str(plain)], capture_output=True, text=True, check=True
    )
    findings, mebibytes = map(int, done.stdout.split())
    assert findings <= 101
    assert mebibytes < 24
    assert audit_reading.head(plain) != AuditHead()
