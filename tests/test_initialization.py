"""The main job, from outside: protect, exit, open again with only the passphrase or only the kit."""

import json
import os
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

import wizard
from tests.databases import PASSPHRASE, files_but_log, make_plain
from wizard.engine import (
    AlreadyProtected,
    Cancelled,
    CancelToken,
    Cipher,
    DamagedDatabase,
    DamagedMetadata,
    ForeignMetadata,
    ForeignTarget,
    InvalidPassphrase,
    InvalidRecoveryPhrase,
    KdfParams,
    NotProved,
    OriginalPolicy,
    RecoveryPlan,
    RolledBackMetadata,
    Stage,
    State,
    WeakPassphrase,
    WrongPassphrase,
    WrongRecoveryPhrase,
    inspect,
    prepare_initialization,
    sidecar_path,
    undo_interrupted,
)

CHEAP = KdfParams(memory_kib=19 * 1024, passes=2, lanes=1)


def saved(directory):
    """A `confirm_kit` that does what a person does: writes the sheets down, and reads them back."""

    def confirm(kit):
        texts = []
        for sheet in kit.sheets:
            path = directory / f"sheet-{sheet.number}.txt"
            path.write_text(sheet.text(), encoding="utf-8")
            texts.append(path.read_text(encoding="utf-8"))
        return texts

    return confirm


def protect(path, directory, **options):
    options.setdefault("params", CHEAP)
    return wizard.initialize(path, PASSPHRASE, confirm_kit=saved(directory), **options)


def in_new_process(code, *arguments):
    """Run Python in an interpreter that knows nothing of this one."""
    done = subprocess.run(
        [sys.executable, "-c", code, *map(str, arguments)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


OPEN_WITH_PASSPHRASE = """
import json, sys, wizard
with wizard.unlock(sys.argv[1], sys.argv[2]) as database:
    print(json.dumps(list(database.connection.execute(sys.argv[3]))))
"""
OPEN_WITH_KIT = """
import json, pathlib, sys, wizard
sheets = [pathlib.Path(name).read_text(encoding="utf-8") for name in sys.argv[3:]]
with wizard.unlock(sys.argv[1], recovery=sheets) as database:
    print(json.dumps(list(database.connection.execute(sys.argv[2]))))
"""


@pytest.mark.parametrize("cipher", list(Cipher))
def test_existing_database_opens_after_a_restart_by_passphrase_and_by_kit(tmp_path, cipher):
    database = make_plain(tmp_path / "node.db", rows=2000)
    with closing(sqlite3.connect(database)) as plain:
        expected = plain.execute("SELECT id, name FROM customers").fetchall()
    done = protect(database, tmp_path, cipher=cipher)
    query = "SELECT id, name FROM customers"
    by_passphrase = in_new_process(OPEN_WITH_PASSPHRASE, database, PASSPHRASE, query)
    assert [tuple(row) for row in by_passphrase] == expected
    done.sidecar.unlink()
    by_kit = in_new_process(OPEN_WITH_KIT, database, query, tmp_path / "sheet-1.txt")
    assert by_kit == by_passphrase


def test_new_database_keeps_what_is_written_into_it(tmp_path):
    database = tmp_path / "new.db"
    protect(database, tmp_path)
    with wizard.unlock(database, PASSPHRASE) as opened:
        opened.connection.execute("CREATE TABLE t(x); INSERT INTO t VALUES ('kept')")
    assert in_new_process(OPEN_WITH_PASSPHRASE, database, PASSPHRASE, "SELECT x FROM t") == [
        ["kept"]
    ]
    by_kit = in_new_process(OPEN_WITH_KIT, database, "SELECT x FROM t", tmp_path / "sheet-1.txt")
    assert by_kit == [["kept"]]


def test_two_of_three_sheets_open_it_and_one_does_not(tmp_path):
    database = make_plain(tmp_path / "node.db")
    plan = RecoveryPlan(2, 3, ("Ada", "Grace", "Zoë"))
    protect(database, tmp_path, recovery=plan)
    sheets = [tmp_path / f"sheet-{number}.txt" for number in (1, 2, 3)]
    for pair in ([0, 1], [1, 2], [2, 0]):
        rows = in_new_process(
            OPEN_WITH_KIT, database, "SELECT count(*) FROM customers", *[sheets[n] for n in pair]
        )
        assert rows == [[20]]
    with pytest.raises(InvalidRecoveryPhrase):
        wizard.unlock(database, recovery=[sheets[0].read_text()])


def test_nothing_left_behind_holds_plaintext_passphrase_or_key(tmp_path):
    database = make_plain(tmp_path / "node.db")
    with prepare_initialization(database, PASSPHRASE, params=CHEAP) as pending:
        with pending._data_key.expose() as view:
            key = bytes(view)
        words = " ".join(pending.kit.sheets[0].words).encode()
        pending.rehearse()
        pending.commit(OriginalPolicy.REMOVE)
    names = sorted(path.name for path in tmp_path.iterdir())
    assert names == ["node.db", "node.db.audit.jsonl", "node.db.crypto.json"]
    for path in tmp_path.iterdir():
        content = path.read_bytes()
        for secret in (b"MARKER", PASSPHRASE.encode(), key, key.hex().encode(), words):
            assert secret not in content, path
        assert not content.startswith(b"SQLite format 3")


def test_original_is_kept_under_a_name_that_says_so(tmp_path):
    database = make_plain(tmp_path / "node.db")
    before = database.read_bytes()
    done = protect(database, tmp_path)
    assert ".plaintext-" in done.original_kept.name
    assert done.original_kept.read_bytes() == before
    assert done.original_kept in done.plaintext_left
    assert inspect(database).plaintext_left == done.plaintext_left


def test_keyfile_belongs_to_the_passphrase(tmp_path):
    database = make_plain(tmp_path / "node.db")
    keyfile = tmp_path / "key.bin"
    keyfile.write_bytes(bytes(range(64)) + b"\n")
    protect(database, tmp_path, keyfile=keyfile)
    with wizard.unlock(database, PASSPHRASE, keyfile=keyfile) as opened:
        assert opened.connection.execute("SELECT count(*) FROM customers").get == 20
    with pytest.raises(WrongPassphrase, match="keyfile belongs"):
        wizard.unlock(database, PASSPHRASE)
    with pytest.raises(WrongPassphrase, match="or the keyfile"):
        wizard.unlock(database, PASSPHRASE, keyfile=bytes(range(64)))


def test_nothing_is_replaced_before_the_kit_has_opened_the_staged_copy(tmp_path):
    database = make_plain(tmp_path / "node.db")
    before = database.read_bytes()
    with prepare_initialization(database, PASSPHRASE, params=CHEAP) as pending:
        with pytest.raises(NotProved):
            pending.commit()
        other = tmp_path / "other.db"
        with (
            prepare_initialization(other, PASSPHRASE, params=CHEAP) as second,
            pytest.raises(NotProved),
        ):
            pending.rehearse([second.kit.sheets[0].text()])
        with pytest.raises(NotProved):
            pending.rehearse(["no words at all"])
        with pytest.raises(NotProved):
            pending.commit()
        assert database.read_bytes() == before
    assert files_but_log(tmp_path) == {"node.db": before}


def test_three_words_are_asked_for_and_wrong_ones_are_located(tmp_path):
    with prepare_initialization(tmp_path / "a.db", PASSPHRASE, params=CHEAP) as pending:
        asked = pending.challenge()
        assert len({each.position for each in asked}) == 3
        assert pending.challenge() == asked
        right = [pending.kit.sheets[0].words[each.position - 1] for each in asked]
        pending.check_words([f" {word.upper()} " for word in right])
        with pytest.raises(InvalidRecoveryPhrase) as caught:
            pending.check_words(
                [right[0], "academic" if right[1] != "academic" else "acid", right[2]]
            )
        assert caught.value.where == f"word {asked[1].position}"


@pytest.mark.parametrize("stage", [Stage.DERIVE, Stage.ENCRYPT, Stage.VERIFY, Stage.REHEARSE])
def test_cancelled_at_any_stage_is_the_state_of_before(tmp_path, stage):
    database = make_plain(tmp_path / "node.db", rows=5000)
    before = database.read_bytes()
    cancel = CancelToken()

    def progress(event):
        if event.stage is stage:
            cancel.cancel()

    with pytest.raises(Cancelled):
        prepare_initialization(database, PASSPHRASE, params=CHEAP, progress=progress, cancel=cancel)
    assert files_but_log(tmp_path) == {"node.db": before}


@pytest.mark.parametrize(
    ("passphrase", "error"),
    [
        ("", InvalidPassphrase),
        ("x" * 1025, InvalidPassphrase),
        ("correct horse\0battery", InvalidPassphrase),
        (b"\xff\xfe correct horse", InvalidPassphrase),
        ("password1", WeakPassphrase),
    ],
)
def test_bad_passphrase_leaves_nothing_behind(tmp_path, passphrase, error):
    with pytest.raises(error):
        wizard.initialize(tmp_path / "a.db", passphrase, recovery=None, params=CHEAP)
    assert list(tmp_path.iterdir()) == []


def test_passphrase_is_asked_for_only_when_it_is_needed(tmp_path):
    def never():
        raise AssertionError("asked")

    (tmp_path / "notes.txt").write_text("not a database, but long enough to be looked at")
    with pytest.raises(ForeignTarget):
        wizard.initialize(tmp_path / "notes.txt", never, recovery=None, params=CHEAP)
    protect(tmp_path / "a.db", tmp_path)
    with pytest.raises(AlreadyProtected):
        wizard.initialize(tmp_path / "a.db", never, recovery=None, params=CHEAP)


def test_wrong_passphrase_names_the_fingerprint(tmp_path):
    done = protect(tmp_path / "a.db", tmp_path)
    with pytest.raises(WrongPassphrase) as caught:
        wizard.unlock(tmp_path / "a.db", PASSPHRASE + "x")
    assert done.fingerprint in str(caught.value)
    assert PASSPHRASE not in str(caught.value)


def test_every_changed_byte_and_truncation_of_the_sidecar_is_refused(tmp_path):
    done = protect(tmp_path / "a.db", tmp_path)
    good = done.sidecar.read_bytes()
    refused = 0
    for position in range(0, len(good), 7):
        done.sidecar.write_bytes(
            good[:position] + bytes([good[position] ^ 1]) + good[position + 1 :]
        )
        refused += inspect(tmp_path / "a.db").state is State.DAMAGED
        done.sidecar.write_bytes(good[:position])
        refused += inspect(tmp_path / "a.db").state is State.DAMAGED
        with pytest.raises(wizard.WizardError):
            wizard.unlock(tmp_path / "a.db", PASSPHRASE)
    assert refused == 2 * len(range(0, len(good), 7))
    done.sidecar.write_bytes(good)
    wizard.unlock(tmp_path / "a.db", PASSPHRASE).close()


def test_sidecar_of_another_database_is_told_apart_without_a_secret(tmp_path):
    one, two = tmp_path / "one.db", tmp_path / "two.db"
    protect(one, tmp_path)
    protect(two, tmp_path)
    sidecar_path(one).write_bytes(sidecar_path(two).read_bytes())
    found = inspect(one)
    assert (found.state, type(found.error)) == (State.DAMAGED, ForeignMetadata)
    with pytest.raises(ForeignMetadata):
        wizard.unlock(one, PASSPHRASE)


def test_kit_of_another_database_is_refused(tmp_path):
    one, two = tmp_path / "one.db", tmp_path / "two.db"
    protect(one, tmp_path)
    other = (tmp_path / "sheet-1.txt").read_text()
    protect(two, tmp_path)
    with pytest.raises(WrongRecoveryPhrase):
        wizard.unlock(two, recovery=[other])
    sidecar_path(two).unlink()
    with pytest.raises(ForeignMetadata):
        wizard.unlock(two, recovery=[other])


def test_older_sidecar_is_found_by_the_database(tmp_path):
    """The inner table has seen generation 2, the sidecar put back is of generation 1."""
    database = tmp_path / "a.db"
    protect(database, tmp_path)
    with wizard.unlock(database, PASSPHRASE) as opened:
        opened.connection.execute("UPDATE datafold_crypto SET generation = 2")
    with pytest.raises(RolledBackMetadata):
        wizard.unlock(database, PASSPHRASE)


def test_database_under_another_chain_is_refused(tmp_path):
    database = tmp_path / "a.db"
    protect(database, tmp_path)
    with wizard.unlock(database, PASSPHRASE) as opened:
        opened.connection.execute("UPDATE datafold_crypto SET master_public_key = zeroblob(32)")
    with pytest.raises(ForeignMetadata):
        wizard.unlock(database, PASSPHRASE)


def test_damaged_pages_are_not_a_wrong_passphrase(tmp_path):
    database = make_plain(tmp_path / "node.db", rows=3000)
    protect(database, tmp_path)
    good = database.read_bytes()
    first = bytearray(good)
    first[200] ^= 1
    database.write_bytes(first)
    with pytest.raises(DamagedDatabase):
        wizard.unlock(database, PASSPHRASE)
    later = bytearray(good)
    later[4096 * 20 + 77] ^= 1
    database.write_bytes(later)
    with pytest.raises(DamagedDatabase):
        wizard.verify(database, PASSPHRASE)


def test_verify_reads_everything_and_changes_nothing(tmp_path):
    database = make_plain(tmp_path / "node.db", rows=100)
    done = protect(database, tmp_path, original=OriginalPolicy.REMOVE)
    before = files_but_log(tmp_path)
    found = wizard.verify(database, PASSPHRASE)
    assert (found.fingerprint, found.generation, found.opened_with) == (
        done.fingerprint,
        1,
        "passphrase",
    )
    assert found.rows >= 100
    assert before == files_but_log(tmp_path)


def test_missing_sidecar_is_damage_with_a_way_out(tmp_path):
    database = tmp_path / "a.db"
    protect(database, tmp_path)
    sidecar_path(database).unlink()
    found = inspect(database)
    assert found.state is State.DAMAGED
    assert isinstance(found.error, DamagedMetadata)
    assert any("recovery kit" in way for way in found.ways_out)


@pytest.mark.parametrize("point", ["publish", "replace"])
@pytest.mark.parametrize("existing", [True, False])
def test_killed_during_the_commit_is_interrupted_and_undone(tmp_path, point, existing):
    """SIGKILL just before the sidecar, and just before the database, takes its name."""
    database = tmp_path / "node.db"
    if existing:
        make_plain(database)
    before = database.read_bytes() if existing else None
    code = f"""
import os, signal, sys
from wizard.engine import KdfParams, pending, prepare_initialization
from wizard.engine.conversion import PlaintextSource
def die(*args, **kwargs):
    os.kill(os.getpid(), signal.SIGKILL)
count = [0]
real = pending.publish
def publish(staged, final):
    count[0] += 1
    if {point!r} == "publish" or count[0] == 2:
        die()
    real(staged, final)
pending.publish = publish
PlaintextSource.replace = die
with prepare_initialization({str(database)!r}, {PASSPHRASE!r}, params=KdfParams(19456, 2, 1)) as p:
    p.rehearse()
    p.commit()
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=False)
    assert done.returncode == -9, done.stderr
    found = inspect(database)
    assert found.state is State.INTERRUPTED, found
    assert found.ways_out
    with pytest.raises(wizard.WizardError):
        wizard.unlock(database, PASSPHRASE)
    said = undo_interrupted(database)
    assert "had not finished" in said
    assert undo_interrupted(database) is None
    assert list(files_but_log(tmp_path)) == (["node.db"] if existing else [])
    if existing:
        assert database.read_bytes() == before
    protect(database, tmp_path)
    wizard.unlock(database, PASSPHRASE).close()


def test_unfinished_run_is_cleared_away_by_the_next(tmp_path):
    database = make_plain(tmp_path / "node.db")
    (tmp_path / ".node.db.datafold-staged").write_bytes(os.urandom(4096))
    assert inspect(database).state is State.INTERRUPTED
    protect(database, tmp_path)
    assert not (tmp_path / ".node.db.datafold-staged").exists()
    assert inspect(database).state is State.PROTECTED


def test_second_initialization_names_the_first(tmp_path):
    database = make_plain(tmp_path / "node.db")
    with prepare_initialization(database, PASSPHRASE, params=CHEAP) as pending:
        found = inspect(database)
        assert str(os.getpid()) in str(found.error)
        with pytest.raises(wizard.WizardError, match=str(os.getpid())):
            prepare_initialization(database, PASSPHRASE, params=CHEAP)
        pending.rehearse()
        pending.commit()
    wizard.unlock(database, PASSPHRASE).close()


@pytest.mark.parametrize(
    "name", ["with space.db", "quo'te\".db", "naïve-数据.db", "a?b#c%20.db", "-x.db"]
)
def test_awkward_names(tmp_path, name):
    database = make_plain(tmp_path / name)
    protect(database, tmp_path)
    with wizard.unlock(database, PASSPHRASE) as opened:
        assert opened.connection.execute("SELECT count(*) FROM customers").get == 20


def test_passphrase_forms_are_the_same_passphrase(tmp_path):
    database = tmp_path / "a.db"
    composed = "Zoë mit-naïvem Kanarienvogel 42"
    decomposed = "Zoë mit-naïvem Kanarienvogel 42"
    wizard.initialize(database, lambda: composed, params=CHEAP, recovery=None, minimum_score=0)
    for form in (composed, decomposed, composed.encode(), wizard.Secret.copy_of(composed.encode())):
        wizard.unlock(database, form).close()


def test_sidecar_is_public_and_database_keeps_its_mode(tmp_path):
    database = make_plain(tmp_path / "node.db")
    database.chmod(0o640)
    done = protect(database, tmp_path)
    assert done.sidecar.stat().st_mode & 0o777 == 0o644
    assert database.stat().st_mode & 0o777 == 0o640


def test_symbolic_link_is_followed_once_to_the_real_file(tmp_path):
    real = tmp_path / "real"
    real.mkdir()
    make_plain(real / "node.db")
    link = tmp_path / "link.db"
    link.symlink_to(real / "node.db")
    done = protect(link, tmp_path)
    assert done.path == Path(os.path.realpath(link))
    assert link.is_symlink()
    wizard.unlock(link, PASSPHRASE).close()


def test_sidecar_that_is_a_link_is_not_followed(tmp_path):
    done = protect(tmp_path / "a.db", tmp_path)
    moved = tmp_path / "elsewhere.json"
    done.sidecar.rename(moved)
    done.sidecar.symlink_to(moved)
    assert inspect(tmp_path / "a.db").state is State.UNREADABLE
