"""The audit log: what is recorded, and every way of tampering found and named by its place."""

import json
import os
import stat
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

import wizard
from tests.databases import PASSPHRASE, make_plain
from tests.test_initialization import CHEAP, protect
from wizard.engine import (
    AuditBroken,
    AuditUnavailable,
    Cancelled,
    CancelToken,
    ForeignTarget,
    LogState,
    Outcome,
    Stage,
    audit,
    audit_path,
    audit_status,
    last_event,
    prepare_initialization,
    read_log,
    sidecar_path,
    status_report,
    verify_log,
)
from wizard.engine.audit_chain import ChainReader, Fault
from wizard.engine.audit_entry import hash_of, line_of, parse_line
from wizard.engine.encoding import Malformed, canonical
from wizard.engine.metadata import AuditHead

WRONG = PASSPHRASE + "x"


def entries_of(database):
    return list(read_log(database))[::-1]


def lines_of(database):
    return audit_path(database).read_bytes().split(b"\n")[:-1]


def said(database):
    return [(entry.event, entry.outcome.value) for entry in entries_of(database)]


@pytest.fixture(scope="module")
def history(tmp_path_factory):
    """A database with a log of eight entries, of which 2, 3, 5 and 8 are signed."""
    directory = tmp_path_factory.mktemp("history")
    database = directory / "node.db"
    protect(database, directory)
    with pytest.raises(wizard.WizardError):
        wizard.unlock(database, WRONG)
    wizard.unlock(database, PASSPHRASE).close()
    sheet = (directory / "sheet-1.txt").read_text()
    wizard.unlock(database, recovery=[sheet]).close()
    with pytest.raises(wizard.WizardError):
        wizard.unlock(database, WRONG)
    wizard.unlock(database, PASSPHRASE).close()
    return database, wizard.inspect(database).metadata, lines_of(database)


@pytest.fixture
def database(tmp_path):
    """A protected database, and its three entries."""
    protect(tmp_path / "node.db", tmp_path)
    return tmp_path / "node.db"


# What is recorded ------------------------------------------------------------------------------


def test_everything_that_was_done_is_there_with_who_and_when(history):
    database, metadata, _lines = history
    entries = entries_of(database)
    assert [(entry.event, entry.outcome, bool(entry.signature)) for entry in entries] == [
        ("initialize", "attempted", False),
        ("initialize", "done", True),
        ("kit_proved", "done", True),
        ("unlock", "failed", False),
        ("unlock", "done", True),
        ("unlock", "done", False),
        ("unlock", "failed", False),
        ("unlock", "done", True),
    ]
    assert [entry.number for entry in entries] == list(range(1, 9))
    assert entries[0].database_id == b""
    assert entries[1].details["attempt"] == 1
    assert entries[3].details == {"error": "wrong_passphrase", "using": "passphrase"}
    assert entries[5].details == {"using": "recovery"}
    assert {entry.database_id for entry in entries[1:]} == {metadata.database_id}
    assert {entry.actor.uid for entry in entries} == {os.geteuid()}
    assert {entry.actor.pid for entry in entries} == {os.getpid()}
    report = verify_log(database)
    assert (report.entries, report.signed, report.covered, report.notes) == (8, 4, 8, ())


def test_no_secret_and_no_length_of_one_is_in_it(history):
    database, _metadata, _lines = history
    content = audit_path(database).read_bytes()
    for secret in (PASSPHRASE, WRONG):
        assert secret.encode() not in content
        assert f":{len(secret)}," not in content.decode()


@pytest.mark.parametrize("stage", [Stage.DERIVE, Stage.VERIFY])
def test_initialization_that_was_cancelled_leaves_its_record(tmp_path, stage):
    database = make_plain(tmp_path / "node.db")
    cancel = CancelToken()

    def progress(event):
        if event.stage is stage:
            cancel.cancel()

    with pytest.raises(Cancelled):
        prepare_initialization(database, PASSPHRASE, params=CHEAP, progress=progress, cancel=cancel)
    assert said(database) == [("initialize", "attempted"), ("initialize", "cancelled")]
    with prepare_initialization(database, PASSPHRASE, params=CHEAP) as pending:
        pending.rehearse()
        pending.commit()
    assert said(database)[2:] == [
        ("initialize", "attempted"), ("initialize", "done"), ("kit_proved", "done"),
    ]  # fmt: skip
    verify_log(database)


def test_what_is_refused_before_it_begins_writes_nothing(tmp_path):
    (tmp_path / "notes.txt").write_text("not a database, but long enough to be looked at")
    for path, passphrase, error in [
        (tmp_path / "notes.txt", PASSPHRASE, ForeignTarget),
        (tmp_path / "new.db", "weak", wizard.WizardError),
    ]:
        with pytest.raises(error):
            wizard.initialize(path, passphrase, recovery=None, params=CHEAP)
    with pytest.raises(wizard.WizardError):
        wizard.unlock(tmp_path / "none.db", PASSPHRASE)
    assert [path.name for path in tmp_path.iterdir()] == ["notes.txt"]


def test_killed_initialization_and_its_undoing_are_there(tmp_path):
    database = make_plain(tmp_path / "node.db")
    audit.begin(database, "initialize")
    (tmp_path / ".node.db.datafold-staged").write_bytes(os.urandom(4096))
    wizard.engine.undo_interrupted(database)
    assert said(database) == [("initialize", "attempted"), ("undo", "done")]


def test_damage_and_a_missing_sidecar_are_recorded_too(database):
    data = sidecar_path(database).read_bytes()
    sidecar_path(database).unlink()
    with pytest.raises(wizard.WizardError):
        wizard.unlock(database, PASSPHRASE)
    sidecar_path(database).write_bytes(data)
    assert entries_of(database)[-1].details["error"] == "damaged_metadata"
    verify_log(database)


def test_sidecar_of_another_database_does_not_break_the_log(database, tmp_path):
    """The attempt names what that sidecar said; nothing had proved it."""
    other = tmp_path / "other.db"
    protect(other, tmp_path)
    mine = sidecar_path(database).read_bytes()
    sidecar_path(database).write_bytes(sidecar_path(other).read_bytes())
    with pytest.raises(wizard.WizardError):
        wizard.unlock(database, PASSPHRASE)
    sidecar_path(database).write_bytes(mine)
    wizard.unlock(database, PASSPHRASE).close()
    verify_log(database, PASSPHRASE)


def test_verification_is_recorded_when_it_has_ended(database):
    wizard.verify(database, PASSPHRASE)
    last = entries_of(database)[-1]
    assert (last.event, last.outcome, bool(last.signature)) == ("verify", "done", True)


def test_what_no_signature_vouches_for_yet_is_said(database):
    for expected in ("the last line yet", "the last 2 lines yet"):
        with pytest.raises(wizard.WizardError):
            wizard.unlock(database, WRONG)
        report = verify_log(database)
        assert expected in report.notes[0]
    assert (report.entries, report.covered) == (5, 3)
    wizard.unlock(database, PASSPHRASE).close()
    assert verify_log(database).notes == ()


def test_last_event_is_found_from_the_end(database):
    assert last_event(database, "kit_proved").number == 3
    assert last_event(database, "kit_proved", "initialize").number == 3
    assert last_event(database, "recovery_rehearsed") is None
    assert last_event(database.with_name("none.db"), "unlock") is None


def test_contextmanager_records_how_a_verb_ended(database):
    with audit.auditing(database, "rotate", details={"cipher": "aegis"}) as entry:
        entry.details["rows"] = 7
    with pytest.raises(ZeroDivisionError), audit.auditing(database, "rotate"):
        raise ZeroDivisionError
    with pytest.raises(KeyboardInterrupt), audit.auditing(database, "rotate"):
        raise KeyboardInterrupt
    assert said(database)[3:] == [
        ("rotate", "attempted"), ("rotate", "done"), ("rotate", "attempted"), ("rotate", "failed"),
        ("rotate", "attempted"), ("rotate", "cancelled"),
    ]  # fmt: skip
    assert entries_of(database)[4].details == {"attempt": 4, "cipher": "aegis", "rows": 7}
    assert entries_of(database)[6].details["error"] == "zero_division_error"


# Tampering -------------------------------------------------------------------------------------


def edited(line, **changes):
    value = json.loads(line)
    for name, change in changes.items():
        value[name] = change
    return canonical(value)


def rechained(lines, start, *, unsigned=False):
    """What a forger without the key can do: make every line name the one before it."""
    done = list(lines[:start])
    for line in lines[start:]:
        value = json.loads(line)
        if done:
            value["previous"] = hash_of(done[-1]).hex()
        if unsigned:
            value.pop("signature", None)
        done.append(canonical(value))
    return done


def renumbered(lines):
    return rechained([edited(line, number=n) for n, line in enumerate(lines, 1)], 1)


def swapped(lines, one, two):
    lines = list(lines)
    lines[one], lines[two] = lines[two], lines[one]
    return lines


def with_changed(lines, index, **changes):
    return [*lines[:index], edited(lines[index], **changes), *lines[index + 1 :]]


EARLIER = {"time": "2020-01-01T00:00:00Z"}
TAMPERED = {
    "first entry changed": (lambda ls: with_changed(ls, 0, **EARLIER), ["changed 1"]),
    "unsigned entry changed": (lambda ls: with_changed(ls, 3, **EARLIER), ["changed 4"]),
    "signed entry changed": (lambda ls: with_changed(ls, 4, **EARLIER), ["changed 5"]),
    "last entry changed": (lambda ls: with_changed(ls, 7, **EARLIER), ["bad_signature 8"]),
    "one byte of an entry": (
        lambda ls: [*ls[:3], ls[3].replace(b"failed", b"fai1ed"), *ls[4:]], ["changed 4"],
    ),
    "last entry no longer one": (
        lambda ls: [*ls[:7], ls[7].replace(b"done", b"d0ne")], ["changed 8"],
    ),
    "signature stripped": (
        lambda ls: [*ls[:4], edited(ls[4]).replace(b',"signature', b',"sig'), *ls[5:]],
        ["changed 5"],
    ),
    "entry removed": (lambda ls: [*ls[:3], *ls[4:]], ["removed 4"]),
    "entries removed": (lambda ls: [*ls[:2], *ls[6:]], ["removed 3-6"]),
    "beginning removed": (lambda ls: ls[3:], ["removed 1-3"]),
    "entry removed and the rest renumbered": (
        lambda ls: renumbered([*ls[:3], *ls[4:]]), ["bad_signature 4", "bad_signature 7", "truncated 8"],
    ),
    "two exchanged": (lambda ls: swapped(ls, 3, 4), ["reordered 4"]),
    "first two exchanged": (lambda ls: swapped(ls, 0, 1), ["reordered 1"]),
    "one moved to the end": (lambda ls: [*ls[:2], *ls[3:], ls[2]], ["reordered 3"]),
    "entry twice": (lambda ls: [*ls[:4], ls[3], *ls[4:]], ["duplicated 4"]),
    "entry again at the end": (lambda ls: [*ls, ls[1]], ["duplicated 2"]),
    "forged entry before a real one": (
        lambda ls: [*ls[:3], edited(ls[3], **EARLIER), *ls[3:]], ["duplicated 4"],
    ),
    "no entry put in": (lambda ls: [*ls[:4], b"# all is well", *ls[4:]], ["inserted 5"]),
    "empty line put in": (lambda ls: [*ls[:4], b"", *ls[4:]], ["inserted 5"]),
    "re-chained without the key": (
        lambda ls: rechained(with_changed(ls, 3, **EARLIER), 4),
        ["bad_signature 5", "bad_signature 8"],
    ),
    "re-chained, signatures taken off": (
        lambda ls: rechained(with_changed(ls, 3, event="verify"), 4, unsigned=True),
        ["unsigned 5", "unsigned 8"],
    ),
    "cut at the end": (lambda ls: ls[:5], ["truncated 6-8"]),
    "cut to nothing": (lambda _ls: [], ["truncated 1-8"]),
    "of another generation": (lambda ls: with_changed(ls, 7, generation=2), ["bad_signature 8"]),
    "of another database": (
        lambda ls: with_changed(ls, 7, database_id="00" * 16), ["changed 8", "foreign 8"],
    ),
    "entry of another database put in": (
        lambda ls: renumbered([*ls[:3], edited(ls[4], database_id="00" * 16), *ls[3:]]),
        ["bad_signature 6", "bad_signature 9", "changed 8", "foreign 4"],
    ),
}  # fmt: skip


def findings_in(lines, metadata, anchors):
    reader = ChainReader(metadata, anchors)
    for line in lines:
        reader.feed(line)
    found = []
    for finding in reader.finish():
        last = "" if finding.last == finding.first else f"-{finding.last}"
        found.append(f"{finding.fault} {finding.first}{last}")
        assert str(finding).endswith(".")
    return found


@pytest.mark.parametrize("name", TAMPERED)
def test_tampering_is_named_by_its_place(history, name):
    _database, metadata, lines = history
    tamper, expected = TAMPERED[name]
    anchors = [AuditHead(8, hash_of(lines[-1]))]
    # An anchor also notices that line 8 is another one: that is not what is tested here.
    by_anchor = {"changed 8"} - set(expected)
    found = [
        each for each in findings_in(tamper(lines), metadata, anchors) if each not in by_anchor
    ]
    assert sorted(found) == sorted(expected)


def test_table_has_every_fault_and_the_untouched_log_none(history):
    _database, metadata, lines = history
    named = {finding.split()[0] for _tamper, expected in TAMPERED.values() for finding in expected}
    assert named == set(Fault)
    assert findings_in(lines, metadata, [AuditHead(8, hash_of(lines[-1]))]) == []


def test_every_changed_byte_of_an_entry_is_found(history):
    _database, metadata, lines = history
    for position in range(0, len(lines[3]), 5):
        changed = bytearray(lines[3])
        changed[position] ^= 1
        assert findings_in([*lines[:3], bytes(changed), *lines[4:]], metadata, []) == ["changed 4"]


def test_log_of_another_database_is_found_even_without_an_anchor(history, tmp_path):
    _database, metadata, _lines = history
    other = tmp_path / "other.db"
    protect(other, tmp_path)
    found = findings_in(lines_of(other), replace(metadata, audit=AuditHead()), [])
    assert found == ["foreign 2"]


def test_findings_come_as_one_error_with_all_of_them(database):
    lines = lines_of(database)
    audit_path(database).write_bytes(b"\n".join(lines[1:]) + b"\n")
    with pytest.raises(AuditBroken) as caught:
        verify_log(database)
    assert caught.value.findings == ("Entry 1 was removed.",)


def test_truncation_is_found_by_the_anchor_inside(database):
    """The cut takes nothing that the sidecar's anchor names; the database remembers more."""
    wizard.unlock(database, PASSPHRASE).close()
    lines = lines_of(database)
    audit_path(database).write_bytes(b"\n".join(lines[:2]) + b"\n")
    assert verify_log(database).entries == 2
    with pytest.raises(AuditBroken, match="Entry 4 was cut off"):
        verify_log(database, PASSPHRASE)


def test_anchor_stays_as_evidence_when_the_log_was_cut(database):
    wizard.unlock(database, PASSPHRASE).close()
    lines = lines_of(database)
    audit_path(database).write_bytes(b"\n".join(lines[:2]) + b"\n")
    for _ in range(3):
        with wizard.unlock(database, PASSPHRASE) as opened:
            assert "removed or changed" in opened.warnings[0]
            assert opened.identity.audit.entries == 4
    with pytest.raises(AuditBroken, match="Entry 4 was changed"):
        verify_log(database, PASSPHRASE)


def test_removed_log_is_a_warning_and_a_finding(database):
    wizard.unlock(database, PASSPHRASE).close()
    audit_path(database).unlink()
    with pytest.raises(AuditBroken):
        verify_log(database)
    with wizard.unlock(database, PASSPHRASE) as opened:
        assert opened.warnings


def test_anchor_inside_follows_and_is_left_alone_by_readers(database):
    for _ in range(2):
        with wizard.unlock(database, PASSPHRASE) as opened:
            assert opened.warnings == ()
    with wizard.unlock(database, PASSPHRASE, readonly=True) as opened:
        assert opened.identity.audit == AuditHead(5, hash_of(lines_of(database)[4]))


def test_unlocking_does_not_wait_for_a_writer_of_the_database(database):
    with wizard.unlock(database, PASSPHRASE) as writing:
        writing.connection.execute("BEGIN IMMEDIATE")
        with wizard.unlock(database, PASSPHRASE) as second:
            assert second.warnings == ()
        writing.connection.execute("COMMIT")
    verify_log(database, PASSPHRASE)


def test_missing_sidecar_leaves_signatures_unchecked_and_says_so(database):
    data = sidecar_path(database).read_bytes()
    sidecar_path(database).unlink()
    with pytest.raises(wizard.WizardError, match=r"crypto\.json is missing"):
        verify_log(database)
    sidecar_path(database).write_bytes(data)


def test_there_may_be_no_log(tmp_path):
    with pytest.raises(AuditUnavailable, match="no audit log"):
        verify_log(tmp_path / "none.db")
    assert list(read_log(tmp_path / "none.db")) == []


# Entries ---------------------------------------------------------------------------------------

MALFORMED = {
    "not JSON": lambda line: b"{" + line,
    "a space": lambda line: line.replace(b":", b": ", 1),
    "no such outcome": lambda line: line.replace(b'"done"', b'"fine"'),
    "another version": lambda line: line.replace(b'"version":1', b'"version":2'),
    "number zero": lambda line: edited(line, number=0),
    "a fraction": lambda line: line.replace(b'"number":5', b'"number":5.0'),
    "nothing before it": lambda line: edited(line, previous=""),
    "short hash": lambda line: edited(line, previous="00"),
    "unknown member": lambda line: edited(line, more=1),
    "word with a capital": lambda line: edited(line, event="Unlock"),
    "detail that is a list": lambda line: edited(line, details={"a": []}),
    "detail that is true": lambda line: edited(line, details={"a": True}),
    "long detail": lambda line: edited(line, details={"a": "x" * 201}),
    "detail with an escape": lambda line: edited(line, details={"a": "\x1b[2J"}),
    "many details": lambda line: edited(line, details={f"a{n}": n for n in range(17)}),
    "actor with more": lambda line: edited(line, actor={**json.loads(line)["actor"], "x": 1}),
    "empty signature": lambda line: edited(line, signature=""),
    "impossible time": lambda line: edited(line, time="2026-02-30T00:00:00Z"),
    "too long": lambda line: line + b" " * 16384,
    "a list": lambda _line: b"[]",
}


@pytest.mark.parametrize("name", MALFORMED)
def test_line_that_is_no_entry(history, name):
    _database, _metadata, lines = history
    broken = MALFORMED[name](lines[4])
    assert broken != lines[4]
    with pytest.raises(Malformed):
        parse_line(broken)


def test_entry_reads_back_to_the_same_bytes(history):
    _database, _metadata, lines = history
    for line in lines:
        assert line_of(parse_line(line)) == line


def test_detail_named_signature_is_no_signature(history):
    _database, _metadata, lines = history
    entry = replace(parse_line(lines[3]), details={"signature": "x"})
    assert parse_line(line_of(entry)) == entry


def test_text_that_is_not_ours_is_made_to_fit(database):
    audit.record(database, "sign", Outcome.FAILED, details={"file": "a\x1b[2J\n" + "b" * 300})
    assert entries_of(database)[-1].details["file"].startswith("a?[2J?bbb")
    verify_log(database)


def test_owner_and_mode_are_those_of_the_database(tmp_path):
    database = make_plain(tmp_path / "node.db")
    for mode, expected in ((0o666, 0o660), (0o640, 0o640), (0o755, 0o640), (0o400, 0o600)):
        database.chmod(mode)
        audit.record(database, "unlock", Outcome.FAILED)
        assert stat.S_IMODE(audit_path(database).stat().st_mode) == expected
        audit_path(database).unlink()


# Status ----------------------------------------------------------------------------------------


def test_status_tells_the_last_entry_and_the_days_since_the_kit_was_proved(database):
    found = audit_status(wizard.inspect(database), now=datetime.now(UTC) + timedelta(days=12.5))
    assert (found.state, found.entries, found.kit_proved_days) == (LogState.WRITABLE, 3, 12)
    assert (found.last.event, found.last.outcome) == ("kit_proved", "done")
    back = audit_status(wizard.inspect(database), now=datetime.now(UTC) - timedelta(days=9))
    assert back.kit_proved_days == 0
    audit.record(database, "recovery_rehearsed", Outcome.FAILED)
    assert audit_status(wizard.inspect(database)).kit_proved.number == 3
    assert status_report(wizard.inspect(database))["audit"]["kit_proved_days"] == 0


def test_status_tells_what_is_wrong_with_the_log(database, tmp_path):
    content = audit_path(database).read_bytes()
    audit_path(database).unlink()
    assert audit_status(wizard.inspect(database)).state is LogState.CUT
    assert audit_status(wizard.inspect(tmp_path / "none.db")).state is LogState.ABSENT
    audit_path(database).write_bytes(content)
    assert audit_status(wizard.inspect(database)).state is LogState.WRITABLE
    audit_path(database).unlink()
    audit_path(database).mkdir()
    assert audit_status(wizard.inspect(database)).state is LogState.UNREADABLE
    assert "audit" in status_report(wizard.inspect(database))
