"""Another data key: every page anew, the same content, and one file that opens at every moment."""

import errno
import os
import subprocess
import sys
import threading
from contextlib import closing
from pathlib import Path

import pytest
import sqlcipher3

import wizard
from tests.conversion_cases import EVERYTHING, QUERIES, build
from tests.databases import PASSPHRASE, make_plain
from tests.killing import each_kill, needs_tracing
from tests.test_changing import OPERATOR, count, with_operator
from tests.test_initialization import CHEAP, protect
from wizard.engine import (
    Busy,
    Cancelled,
    CancelToken,
    Cipher,
    DamagedDatabase,
    ForeignMetadata,
    Interrupted,
    InvalidRecoveryPhrase,
    KdfParams,
    NoSpace,
    NotPermitted,
    Stage,
    State,
    Unreadable,
    UnsupportedDatabase,
    WrongPassphrase,
    audit_reading,
    inspect,
    rotate,
    swap,
)
from wizard.engine.audit import Audited
from wizard.engine.changing import changing
from wizard.engine.digests import contents
from wizard.engine.keyed import open_keyed
from wizard.engine.kit import KitSheet
from wizard.engine.opening import open_data_key, open_operator, open_root
from wizard.engine.rescue import compact
from wizard.engine.secret import Secret
from wizard.engine.sidecar import replaced_path, sidecar_path, staged_files
from wizard.engine.sqlite_refusals import KeyRefused
from wizard.engine.verification import header_of

DEARER = KdfParams(memory_kib=20 * 1024, passes=3, lanes=1)


def protected(directory, *, path=None, **options):
    data = directory / "data"
    data.mkdir(exist_ok=True)
    path = path or make_plain(data / "node.db", rows=5)
    protect(path, directory, original="remove", **options)
    return path


@pytest.fixture
def node(protected_node):
    return protected_node


def files_in(directory):
    """All but the audit log, which tells of failures too."""
    found = {path.name: path.read_bytes() for path in directory.iterdir()}
    assert found.pop("node.db.audit.jsonl")
    return found


def key_of(path):
    metadata = inspect(path).metadata
    with open_root(metadata, Secret.copy_of(PASSPHRASE.encode()), None) as root:
        return open_data_key(metadata, root)


def opens_with(path, key):
    metadata = inspect(path).metadata
    try:
        open_keyed(
            path, key=key, cipher=Cipher(metadata.cipher), page_size=metadata.page_size
        ).close()
    except KeyRefused:
        return False
    return True


def content_of(path, *queries):
    with wizard.unlock(path, PASSPHRASE, readonly=True) as database:
        found = [database.connection.execute(query).fetchall() for query in queries]
        return contents(database.connection), header_of(database.connection), found


# What it does -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("before", "after", "shape"),
    [
        ("aegis", None, {"wal": True}),
        ("aegis", "sqlcipher", {"page_size": 8192, "auto_vacuum": 1}),
        ("sqlcipher", "chacha20", {"wal": True, "encoding": "UTF-16le"}),
        ("chacha20", "aegis", {"page_size": 512, "auto_vacuum": 2}),
        ("chacha20", "sqlcipher", {"page_size": 512}),
    ],
)
def test_everything_is_there_afterwards(tmp_path, before, after, shape):
    (tmp_path / "data").mkdir()
    path = build(tmp_path / "data/node.db", EVERYTHING, **shape)
    protected(tmp_path, path=path, cipher=before)
    old_key, expected = key_of(path), content_of(path, *QUERIES)
    done = rotate(path, PASSPHRASE, cipher=after)
    assert content_of(path, *QUERIES) == expected
    assert done.metadata.cipher == (after or before)
    assert inspect(path).metadata == done.metadata
    assert inspect(path).state is State.PROTECTED
    assert not opens_with(path, old_key)
    assert opens_with(path, key_of(path))
    with wizard.unlock(path, PASSPHRASE) as database:
        assert database.connection.execute("PRAGMA integrity_check").get == "ok"
        database.connection.execute("INSERT INTO log VALUES ('written afterwards')")
    assert not any(os.path.lexists(left) for left in staged_files(path))


def test_a_new_generation_that_the_old_one_has_signed(node):
    with_operator(node)
    before = inspect(node).metadata
    done = rotate(node, PASSPHRASE, params=DEARER)
    after = inspect(node).metadata
    assert (after.generation, after.revision) == (2, before.revision + 1)
    assert after.chain[:1] == before.chain
    assert after.chain[-1].authorised_by == "master"
    assert after.master_slot.params == DEARER
    assert after.master_slot.salt != before.master_slot.salt
    assert {slot.generation for slot in after.boxed_slots} == {2}
    assert after.file_salt != before.file_salt
    assert after.data_key.created_at >= before.data_key.created_at
    assert done.fingerprint == after.public_key.fingerprint
    assert done.previous.chain == before.chain
    assert (done.settled, done.warnings) == (None, done.copied.notes)
    with wizard.unlock(node, PASSPHRASE, readonly=True) as database:
        assert (database.identity.generation, database.identity.revision) == (2, after.revision)


def test_keyfile_and_parameters_stay_unless_given(tmp_path):
    node = protected(tmp_path, keyfile=b"the keyfile")
    with pytest.raises(WrongPassphrase):
        rotate(node, PASSPHRASE)
    rotate(node, PASSPHRASE, keyfile=b"the keyfile")
    assert inspect(node).metadata.master_slot.params == CHEAP
    wizard.unlock(node, PASSPHRASE, keyfile=b"the keyfile").close()


def test_the_audit_log_tells_of_it_and_its_end_is_signed_by_the_new_master_key(node):
    with pytest.raises(WrongPassphrase):
        rotate(node, "wrong")
    rotate(node, PASSPHRASE)
    assert wizard.engine.verify_log(node, PASSPHRASE).anchors
    told = [(each.event, each.outcome.value) for each in audit_reading.read_log(node, last=5)][1:]
    assert told == [
        ("rotate", "done"), ("rotate", "attempted"), ("rotate", "failed"), ("rotate", "attempted"),
    ]  # fmt: skip
    last = list(audit_reading.read_log(node, last=2))[1]
    assert (last.generation, bool(last.signature)) == (2, True)


def test_the_count_of_removed_slots_begins_anew(node):
    wizard.engine.change_passphrase(node, PASSPHRASE, "in between 3 another one")
    assert inspect(node).metadata.data_key.retired_slots == 1
    rotate(node, "in between 3 another one")
    assert inspect(node).metadata.data_key.retired_slots == 0


def test_operators_keep_their_passphrases_and_a_removed_one_is_shut_out(node):
    with_operator(node)
    with_operator(node, label="Grace", passphrase="another one 8 words")
    before = inspect(node).metadata
    captured = open_operator(
        before, before.operator_slots[1], Secret.copy_of(b"another one 8 words")
    )
    with (
        changing(node) as change,
        open_root(before, Secret.copy_of(PASSPHRASE.encode()), None) as root,
    ):
        from wizard.engine.changing import publish, revised
        from wizard.engine.masterkey import SigningKey

        with SigningKey.master(root) as master:
            publish(
                node,
                revised(change.metadata, operator_slots=before.operator_slots[:1]),
                master,
                entry=Audited(node, "operator_remove"),
            )
    assert opens_with(node, captured)
    rotate(node, PASSPHRASE)
    assert not opens_with(node, captured)
    assert count(node, OPERATOR) == ("operator", "Ada", 5)
    with pytest.raises(WrongPassphrase):
        wizard.unlock(node, "another one 8 words")


def test_words_stay_valid_with_the_sidecar_and_old_slot_lines_without_it_do_not(node, tmp_path):
    sheet = (tmp_path / "sheet-1.txt").read_text()
    done = rotate(node, PASSPHRASE)
    assert done.sheets_outdated
    with wizard.unlock(node, recovery=[sheet]) as database:
        assert database.opened_with == "recovery"
    saved = sidecar_path(node).read_bytes()
    sidecar_path(node).unlink()
    with pytest.raises((ForeignMetadata, DamagedDatabase)):
        wizard.unlock(node, recovery=[sheet])
    words = sheet[: sheet.index("== RECOVERY SLOT ==")]
    with pytest.raises(InvalidRecoveryPhrase):
        wizard.unlock(node, recovery=[words])
    # New lines beside the same words do without the sidecar again.
    new = KitSheet(
        database_name="node.db",
        database_id=done.metadata.database_id.hex(),
        fingerprint=done.fingerprint,
        format_version=1,
        cipher=done.metadata.cipher,
        created_at=done.metadata.created_at,
        tool="a test",
        number=1,
        of=1,
        threshold=1,
        holder="Ada",
        words=wizard.engine.parse_sheets([sheet]).mnemonics[0],
        slot=compact(done.metadata),
    ).text()
    wizard.unlock(node, recovery=[new]).close()
    sidecar_path(node).write_bytes(saved)
    wizard.unlock(node, PASSPHRASE).close()


def test_without_recovery_there_are_no_sheets_to_print(tmp_path):
    (tmp_path / "data").mkdir()
    path = make_plain(tmp_path / "data/node.db", rows=5)
    wizard.initialize(path, PASSPHRASE, params=CHEAP, recovery=None, original="remove")
    assert not rotate(path, PASSPHRASE).sheets_outdated
    assert count(path, PASSPHRASE) == ("passphrase", "", 5)


def test_the_old_file_and_the_old_sidecar_fit_nothing_new(node, tmp_path):
    old = files_in(node.parent)
    rotate(node, PASSPHRASE)
    new = files_in(node.parent)
    assert set(new) == set(old)
    sidecar_path(node).write_bytes(old["node.db.crypto.json"])
    with pytest.raises((ForeignMetadata, DamagedDatabase)):
        wizard.unlock(node, PASSPHRASE)
    sidecar_path(node).write_bytes(new["node.db.crypto.json"])
    node.write_bytes(old["node.db"])
    with pytest.raises((ForeignMetadata, DamagedDatabase)):
        wizard.unlock(node, PASSPHRASE)


def test_owner_mode_and_symbolic_link_are_kept(node, tmp_path):
    node.chmod(0o640)
    sidecar_path(node).chmod(0o604)
    os.chown(node, 1234, 2345)
    link = tmp_path / "link.db"
    link.symlink_to(node)
    rotate(link, PASSPHRASE)
    facts = node.stat()
    assert (facts.st_uid, facts.st_gid, facts.st_mode & 0o777) == (1234, 2345, 0o640)
    assert facts.st_nlink == 1
    assert sidecar_path(node).stat().st_mode & 0o777 == 0o604
    assert link.is_symlink()


@pytest.mark.parametrize("page_size", [4096, 8192])
def test_official_sqlcipher_opens_what_was_rotated_into_its_format(tmp_path, page_size):
    (tmp_path / "data").mkdir()
    path = build(tmp_path / "data/node.db", "CREATE TABLE t (a); INSERT INTO t VALUES (7)",
                 page_size=page_size)  # fmt: skip
    protected(tmp_path, path=path, cipher="aegis")
    done = rotate(path, PASSPHRASE, cipher=Cipher.SQLCIPHER)
    with closing(sqlcipher3.dbapi2.connect(str(path))) as official:
        with key_of(path) as key, key.expose() as view:
            official.execute(f"PRAGMA key = \"x'{view.hex()}'\"")
        if page_size != 4096:
            assert any(f"cipher_page_size = {page_size}" in each for each in done.warnings)
            official.execute(f"PRAGMA cipher_page_size = {page_size}")
        assert official.execute("SELECT a FROM t").fetchall() == [(7,)]
        assert official.execute("PRAGMA cipher_integrity_check").fetchall() == []


def test_what_a_killed_application_left_unfinished_is_taken_back_first(node):
    program = """
import os, sys, wizard
database = wizard.unlock(sys.argv[1], sys.argv[2])
database.connection.execute("PRAGMA cache_size = 1")
database.connection.execute("BEGIN IMMEDIATE")
database.connection.execute("UPDATE customers SET photo = randomblob(60000)")
os.kill(os.getpid(), 9)
"""
    subprocess.run([sys.executable, "-c", program, str(node), PASSPHRASE], check=False)
    assert node.with_name("node.db-journal").stat().st_size > 0
    assert count(node, PASSPHRASE, readonly=True) == ("passphrase", "", 5)
    rotate(node, PASSPHRASE)
    assert count(node, PASSPHRASE) == ("passphrase", "", 5)


# What it refuses --------------------------------------------------------------------------------


def refused(node, error, *arguments, match=None, **options):
    before = files_in(node.parent)
    with pytest.raises(error, match=match) as caught:
        rotate(node, *(arguments or (PASSPHRASE,)), **options)
    assert files_in(node.parent) == before
    return caught.value


def never():
    raise AssertionError("nobody is asked for a secret")


def test_secrets_that_may_not(node):
    with_operator(node)
    refused(node, WrongPassphrase, "wrong")
    refused(node, NotPermitted, OPERATOR)


def test_what_stands_against_it_is_said_before_a_secret_is_asked_for(node, tmp_path):
    refused(node, wizard.engine.InvalidParameters, never, params=KdfParams(1024, 1, 1))
    (tmp_path / "second-name").hardlink_to(node)
    refused(node, UnsupportedDatabase, never, match="under its old key")
    (tmp_path / "second-name").unlink()
    with wizard.unlock(node, PASSPHRASE):
        refused(node, Busy, never, match="This process has")
    with pytest.raises(wizard.engine.NotProtected):
        rotate(make_plain(tmp_path / "plain.db"), never)
    with pytest.raises(wizard.engine.TargetAbsent):
        rotate(tmp_path / "absent.db", never)


@pytest.mark.parametrize("wal", [False, True])
def test_a_database_in_use_is_refused_and_the_user_named(node, wal):
    if wal:
        with wizard.unlock(node, PASSPHRASE) as database:
            database.connection.pragma("journal_mode", "wal")
    program = """
import sys, wizard
with wizard.unlock(sys.argv[1], sys.argv[2]) as database:
    database.connection.execute("SELECT count(*) FROM customers").get
    print("ready", flush=True)
    sys.stdin.read()
"""
    with subprocess.Popen(
        [sys.executable, "-c", program, str(node), PASSPHRASE],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    ) as process:  # fmt: skip
        assert process.stdout.readline() == "ready\n"
        error = refused(node, Busy, never, match="in use by")
        assert f"process {process.pid})" in str(error)
        process.communicate("")
    rotate(node, PASSPHRASE)


@pytest.mark.parametrize("wal", [False, True])
def test_nobody_gets_in_while_it_works(tmp_path, wal):
    (tmp_path / "data").mkdir()
    node = protected(tmp_path, path=build(tmp_path / "data/node.db", wal=wal))
    program = """
import apsw, sys
try:
    apsw.Connection(sys.argv[1]).execute("BEGIN IMMEDIATE")
except apsw.BusyError:
    print("busy")
"""
    seen = []

    def come_in(event):
        if event.stage is Stage.VERIFY and not seen:
            command = [sys.executable, "-c", program, str(node)]
            seen.append(subprocess.run(command, capture_output=True, text=True, check=False).stdout)

    rotate(node, PASSPHRASE, progress=come_in)
    assert seen == ["busy\n"]


def test_two_at_once(node):
    inside, go_on = threading.Event(), threading.Event()
    errors = []

    def wait(event):
        if event.stage is Stage.VERIFY:
            inside.set()
            go_on.wait(20)

    first = threading.Thread(target=rotate, args=(node, PASSPHRASE), kwargs={"progress": wait})
    first.start()
    assert inside.wait(20)
    try:
        with pytest.raises(Busy) as caught:
            rotate(node, never)
        errors.append(caught.value)
    finally:
        go_on.set()
        first.join()
    assert f"process {os.getpid()}" in str(errors[0])
    assert count(node, PASSPHRASE) == ("passphrase", "", 5)


@pytest.mark.parametrize("stage", [Stage.CHECK, Stage.DERIVE, Stage.ENCRYPT, Stage.VERIFY])
def test_cancelled_at_any_stage_it_is_as_before(node, stage):
    token = CancelToken()

    def stop(event):
        if event.stage is stage:
            token.cancel()

    refused(node, Cancelled, progress=stop, cancel=token)
    assert count(node, PASSPHRASE) == ("passphrase", "", 5)


def test_no_space_is_said_before_anything_is_written(node, monkeypatch):
    monkeypatch.setattr("wizard.engine.source.available_in", lambda _directory: 1000)
    error = refused(node, NoSpace)
    assert error.directory == node.parent
    assert error.needed > error.available == 1000


FULL = """
import resource, sys, wizard
from wizard.engine import AuditUnavailable, NoSpace, rotate, source
source.available_in = lambda directory: 1 << 40
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[3]), int(sys.argv[3])))
try:
    rotate(sys.argv[1], sys.argv[2])
except (NoSpace, AuditUnavailable):
    print("no space")
"""


@pytest.mark.parametrize("limit", [1, 3_000, 9_000, 40_000])
def test_a_disk_that_becomes_full_at_any_step_loses_nothing(node, limit):
    before = files_in(node.parent)
    done = subprocess.run(
        [sys.executable, "-c", FULL, str(node), PASSPHRASE, str(limit)],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert (done.stdout, done.returncode) == ("no space\n", 0), done.stderr
    assert files_in(node.parent) == before


def test_a_damaged_page_is_told_and_nothing_is_replaced(tmp_path):
    path = protected(tmp_path, cipher="aegis")
    data = bytearray(path.read_bytes())
    data[-3000] ^= 1
    path.write_bytes(data)
    refused(path, (UnsupportedDatabase, DamagedDatabase), match="damaged")


# The exchange -----------------------------------------------------------------------------------


def test_a_second_name_that_a_killed_run_has_left_is_no_obstacle(node):
    replaced_path(node).hardlink_to(node)
    done = rotate(node, PASSPHRASE)
    assert "was undone" in done.settled
    assert not replaced_path(node).exists()


@pytest.fixture(params=["in one step", "by a second name"])
def trading(request, monkeypatch):
    """File systems with and without a rename that exchanges two names."""
    if request.param == "by a second name":
        monkeypatch.setattr(swap, "exchange_names", lambda _one, _other: errno.EINVAL)


def test_either_way_of_exchanging(node, trading):
    names = set(files_in(node.parent))
    rotate(node, PASSPHRASE)
    assert set(files_in(node.parent)) == names
    assert count(node, PASSPHRASE) == ("passphrase", "", 5)


def test_a_new_file_that_does_not_open_under_its_name_is_taken_back(node, trading, monkeypatch):
    def broken(*_arguments, **_options):
        raise DamagedDatabase("on purpose")

    monkeypatch.setattr("wizard.engine.rotation.open_database", broken)
    refused(node, DamagedDatabase, match="on purpose")
    assert inspect(node).state is State.PROTECTED


def test_somebody_who_opened_the_old_file_at_the_last_moment_undoes_it(node, trading, monkeypatch):
    real, old, opened = swap.sync_path, node.stat(), []

    def open_the_old_one(path):
        real(path)
        away = replaced_path(node)
        if path == node.parent and os.path.samestat(away.stat(), old) and not opened:
            opened.append(away.open("rb"))

    monkeypatch.setattr(swap, "sync_path", open_the_old_one)
    try:
        refused(node, Busy)
    finally:
        opened[0].close()
    assert count(node, PASSPHRASE) == ("passphrase", "", 5)


@pytest.mark.parametrize(
    "step",
    [
        "wizard.engine.rotation.replace_sidecar",
        "wizard.engine.rotation.with_pending",
        "wizard.engine.succession.open_database",
        "wizard.engine.swap.dress",
        "wizard.engine.swap._trade",
        "wizard.engine.reencryption.check_unchanged",
    ],
)
@pytest.mark.parametrize(
    "failure", [NoSpace(directory=Path("/"), needed=2, available=1), KeyboardInterrupt()]
)
def test_a_step_that_fails_leaves_the_state_of_before(node, monkeypatch, step, failure):
    def fail(*_arguments, **_options):
        raise failure

    monkeypatch.setattr(step, fail)
    refused(node, type(failure))
    assert inspect(node).state is State.PROTECTED


def test_a_sidecar_that_cannot_be_settled_is_said_and_opens(node, monkeypatch):
    def full(*_arguments, **_options):
        raise Unreadable("on purpose")

    with monkeypatch.context() as patched:
        patched.setattr("wizard.engine.settling.replace_sidecar", full)
        with pytest.raises(Interrupted, match="has its new data key"):
            rotate(node, PASSPHRASE)
    assert inspect(node).state is State.INTERRUPTED
    assert count(node, PASSPHRASE) == ("passphrase", "", 5)
    done = rotate(node, PASSPHRASE)
    assert "was finished" in done.settled
    assert done.metadata.generation == 3


# Killed -----------------------------------------------------------------------------------------


@needs_tracing
def test_killed_at_any_operation_it_opens_and_the_next_run_ends_it(tmp_path, trading):
    node = protected(tmp_path)
    with_operator(node)
    pristine = node.parent.rename(tmp_path / "pristine")
    reasons, ended = set(), set()
    for number, operation in enumerate(
        each_kill(lambda: rotate(node, PASSPHRASE), node.parent, pristine, sample=14)
    ):
        found = inspect(node)
        assert found.opens, operation
        assert count(node, PASSPHRASE, readonly=True) == ("passphrase", "", 5), operation
        assert count(node, OPERATOR, operator="Ada")[0] == "operator", operation
        reasons.add(found.reason)
        if number % 3 == 0:
            done = rotate(node, PASSPHRASE)
            ended.add(done.settled)
        else:
            with changing(node) as change:
                ended.add(change.settled)
        assert inspect(node).state is State.PROTECTED, operation
        assert set(files_in(node.parent)) == {"node.db", "node.db.crypto.json"}, operation
        assert count(node, PASSPHRASE) == ("passphrase", "", 5), operation
    said = " ".join(filter(None, reasons))
    assert "is as it was before" in said
    assert "is already the new one" in said
    assert {"was undone", "was finished"} <= {
        word for each in ended if each for word in ("was undone", "was finished") if word in each
    }


# Memory -----------------------------------------------------------------------------------------

LARGE = """
CREATE TABLE event (id INTEGER PRIMARY KEY, what TEXT, n INT, data BLOB);
WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT 240000)
    INSERT INTO event SELECT i, 'event ' || i, i * 7 % 9973, randomblob(1200) FROM n;
CREATE INDEX by_what ON event (what);
CREATE INDEX by_n ON event (n);
"""
# Not getrusage: a process that was started by a larger one begins with that one's peak.
PEAK = """
import re, sys
from pathlib import Path
from wizard.engine import rotate
done = rotate(sys.argv[1], sys.argv[2], cipher="sqlcipher")
status = Path("/proc/self/status").read_text()
print(done.copied.bytes >> 20, int(re.search(r"VmHWM:\\s+(\\d+)", status)[1]) >> 10)
"""


def test_memory_does_not_grow_with_the_database(tmp_path):
    node = protected(tmp_path, path=tmp_path / "data/node.db")
    with wizard.unlock(node, PASSPHRASE) as database:
        database.connection.pragma("synchronous", "off")
        database.connection.execute(LARGE)
    done = subprocess.run(
        [sys.executable, "-c", PEAK, str(node), PASSPHRASE],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    size, peak = map(int, done.stdout.split())
    assert size > 300
    assert peak < 150, f"{peak} MiB for a database of {size} MiB"
