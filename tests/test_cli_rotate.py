"""``rotate`` and ``selftest`` as a person and a script see them."""

import json
import os
import shutil

import pytest

from tests.killing import KILL_ALL, needs_tracing
from tests.test_cli import environment, files_in, plaintext, protected, run
from wizard import engine
from wizard.cli.progress import Pace, describe_progress
from wizard.cli.selftest import VERBS, _as_document
from wizard.selftest import cases, crash
from wizard.selftest.tracing import operations

__all__ = ["plaintext", "protected", "run"]

OLD = ("--passphrase", "env:NODE_PASS")


def test_rotate_says_what_it_did_and_what_is_outdated(run, protected):
    done = run("rotate", "node.db", *OLD, "--cipher", "chacha20")
    assert done.code == 0, done.err
    for said in (
        "the old one opens it no longer",
        "generation 2",
        "chacha20",
        "compared with the original",
        "slot lines on the recovery sheets are outdated",
        "datafold-wizard recovery lines",
        "Copies and backups made until now keep the old data key",
    ):
        assert said in done.out
    assert run("verify", "node.db", *OLD).code == 0


def test_rotate_json_is_one_document(run, protected):
    before = engine.inspect(protected).metadata
    done = run("rotate", "node.db", *OLD, "--json", "--memory", "20MiB", "--passes", "3")
    assert done.code == 0, done.err
    document = json.loads(done.out)
    assert document["generation"] == 2
    assert document["previous_fingerprint"] == before.public_key.fingerprint
    assert document["kdf"]["memory_kib"] == 20 * 1024
    assert document["data_key"]["retired_slots"] == 0
    assert document["sheets_outdated"] is True
    assert document["rows"] > 0
    assert document["cipher"] == document["previous_cipher"]


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (("node.db", "--passphrase", "env:WRONG"), 3, "The passphrase is wrong"),
        (("node.db", *OLD, "--cipher", "rot13"), 2, "'rot13' is not one of"),
        (("node.db", *OLD, "--memory", "1MiB"), 19, "Nothing was changed"),
        (("node.db", *OLD, "--preset", "balanced", "--passes", "3"), 2, "one of the three"),
        (("absent.db", *OLD), 15, "There is no file"),
        (("node.db", "--passphrase", "the secret itself"), 2, "Never put the passphrase itself"),
    ],
)
def test_rotate_refuses_in_words_and_changes_nothing(run, protected, arguments, code, said):
    before = files_in(protected.parent)
    done = run("rotate", *arguments, env=environment(WRONG="not this one 77"))
    assert (done.code, "Traceback" in done.err) == (code, False)
    assert said in done.err
    assert "the secret itself" not in done.err
    after = files_in(protected.parent)
    assert {name: after[name] for name in ("node.db", "node.db.crypto.json")} == {
        name: before[name] for name in ("node.db", "node.db.crypto.json")
    }


def test_rotate_of_a_plaintext_database_is_refused(run, plaintext):
    done = run("rotate", "node.db", *OLD)
    assert done.code == 4
    assert "datafold-wizard init" in done.err


def test_status_says_what_a_killed_rotation_left_and_the_next_one_ends_it(run, protected):
    shutil.copy(protected, protected.with_name(".node.db.datafold-staged"))
    told = run("status", "node.db")
    assert told.code == 0
    assert "A rotation of node.db did not finish" in told.out
    done = run("rotate", "node.db", *OLD)
    assert done.code == 0
    assert "had been cut off; it was undone" in done.err
    assert "interrupted" not in run("status", "node.db").out


# selftest --------------------------------------------------------------------------------------


@needs_tracing
@pytest.mark.timeout(3600 if KILL_ALL else 300)
@pytest.mark.usefixtures("cheapest_derivation")
def test_selftest_counts_its_kills_and_leaves_nothing(tmp_path):
    report = crash.crash_test(tmp_path, kills=None if KILL_ALL else 2)
    assert tuple(verb.verb for verb in report.verbs) == VERBS
    assert tuple(case.verb for case in cases.CASES) == VERBS
    assert {"init", "passwd", "rotate"} <= {verb.verb for verb in report.verbs}
    for verb in report.verbs:
        assert verb.kills == (verb.operations if KILL_ALL else 2) <= verb.operations
        assert verb.losses == ()
    assert (report.losses, report.kept) == (0, None)
    assert list(tmp_path.iterdir()) == []


@needs_tracing
def test_selftest_by_command(run, tmp_path):
    done = run("selftest", "--crash", str(tmp_path), "--quick", "--json", "--only", "passwd")
    assert done.code == 0, done.err
    document = json.loads(done.out)
    assert [each["verb"] for each in document["verbs"]] == ["passwd"]
    assert (document["kills"], document["losses"], document["kept"]) == (crash.QUICK, 0, None)
    assert "the power was not cut" in document["note"]


def careless(directory):
    """A passphrase change that writes over the sidecar in place."""
    sidecar = directory / "node.db.crypto.json"
    data = sidecar.read_bytes()
    with sidecar.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


@needs_tracing
def test_selftest_finds_a_verb_that_loses_something_and_keeps_the_evidence(tmp_path):
    rotation = next(case for case in cases.CASES if case.verb == "rotate")
    bad = cases.Case("careless", rotation.prepare, careless, rotation.look)
    report = crash.crash_test(tmp_path, cases=[bad])
    assert report.losses == 1
    (verb,) = report.verbs
    assert (verb.kills, verb.losses[0].operation) == (3, "write node.db.crypto.json")
    assert "DamagedMetadata" in verb.losses[0].found
    assert report.kept is not None
    assert (report.kept / "careless-lost-at-2").is_dir() or list(report.kept.glob("*-lost-at-*"))


@needs_tracing
def test_a_verb_that_does_not_even_work_is_said(tmp_path):
    def fails(_directory):
        raise engine.NoRecovery("on purpose")

    case = cases.Case("broken", lambda _directory: None, fails, lambda _directory: None)
    with pytest.raises(
        crash.CannotRun, match=r"broken fails here without being killed.*on purpose"
    ):
        crash.crash_test(tmp_path, cases=[case])
    assert list(tmp_path.iterdir()) == []


def test_without_ptrace_it_is_killed_at_moments_and_that_is_said(run, tmp_path, monkeypatch):
    monkeypatch.setattr(crash, "can_trace", lambda: "ptrace is refused: Operation not permitted")
    case = next(case for case in cases.CASES if case.verb == "passwd")
    done = crash.crash_test(tmp_path, kills=6, cases=[case])
    document = _as_document(tmp_path, done)
    assert document["every_step"] is False
    assert "not at every step" in document["note"]
    assert "ptrace is refused" in document["note"]
    assert 0 < document["kills"] <= 6
    assert document["losses"] == 0
    assert list(tmp_path.iterdir()) == []
    assert run("selftest", "--crash", str(tmp_path / "absent")).code == 2
    assert run("selftest").code == 2


@needs_tracing
def test_the_filter_stops_at_every_call_of_the_table(tmp_path):
    """Also at the first and the last of the jumps."""

    def act():
        descriptor = os.open(tmp_path / "a", os.O_CREAT | os.O_RDWR)
        os.pwrite(descriptor, b"1", 0)
        os.writev(descriptor, [b"2"])
        other = os.open(tmp_path / "b", os.O_CREAT | os.O_RDWR)
        os.copy_file_range(descriptor, other, 1, 0, 0)
        os.fdatasync(other)

    calls = [each.call for each in operations(act, tmp_path)]
    assert calls == ["openat", "pwrite64", "writev", "openat", "copy_file_range", "fdatasync"]


def test_progress_tells_speed_and_time_left_within_80_columns():
    pace = Pace(begun=100.0, done_then=0)
    event = engine.Progress(engine.Stage.ENCRYPT, 50 << 20, 300 << 20, "bytes")
    told = pace.described(event, now=102.0)
    assert told == ", 25.0 MiB/s, 0:10 left"
    line = describe_progress(event, pace=told, width=79)
    assert line.endswith(" 17%  50.0 MiB of 300.0 MiB, 25.0 MiB/s, 0:10 left")
    assert len(line) <= 79
    rows = engine.Progress(engine.Stage.VERIFY, 100_000, 900_000, "rows")
    line = describe_progress(rows, pace=pace.described(rows, now=1100.0), width=79)
    assert "2h13 left" in line
    assert len(line) <= 79
    # Nothing can be told at first, nor where steps are counted.
    assert pace.described(event, now=100.5) == ""
    steps = engine.Progress(engine.Stage.COMMIT, 1, 2)
    assert pace.described(steps, now=200.0) == ""
