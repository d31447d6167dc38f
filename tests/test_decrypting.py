"""A plaintext copy on purpose: equal, private, never over a file, and the original as it was."""

import hashlib
import shutil
import sqlite3
import stat

import pytest

import wizard
from tests.databases import PASSPHRASE, make_plain
from tests.killing import each_kill, needs_tracing
from tests.test_changing import OPERATOR
from tests.test_initialization import CHEAP, protect
from tests.test_passphrase_change import node
from wizard.engine import (
    Busy,
    Cancelled,
    CancelToken,
    Cipher,
    NameNotConfirmed,
    NotPermitted,
    OutputExists,
    WrongPassphrase,
    add_operator,
    decrypt,
)
from wizard.engine.sidecar import sidecar_path

__all__ = ["node"]


def rows_of(path):
    connection = sqlite3.connect(path)
    try:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        return connection.execute("SELECT id, name, photo FROM customers").fetchall()
    finally:
        connection.close()


@pytest.mark.parametrize("cipher", list(Cipher))
def test_the_stock_library_reads_the_copy_and_finds_everything(tmp_path, cipher):
    plain = make_plain(tmp_path / "node.db", rows=50)
    expected = rows_of(plain)
    protect(plain, tmp_path, cipher=cipher, original="remove")
    before = hashlib.sha256(plain.read_bytes()).digest()
    copy = tmp_path / "odd ?name#1.db"
    done = decrypt(plain, copy, PASSPHRASE, confirm="node.db")
    assert rows_of(copy) == expected
    assert stat.S_IMODE(copy.stat().st_mode) == 0o600
    assert done.rows >= 100
    connection = sqlite3.connect(copy)
    assert connection.execute("PRAGMA user_version").fetchone() == (7,)
    names = {name for (name,) in connection.execute("SELECT name FROM sqlite_master")}
    connection.close()
    assert "datafold_crypto" not in names
    assert hashlib.sha256(plain.read_bytes()).digest() == before
    wizard.unlock(plain, PASSPHRASE).close()


def test_the_kit_copies_a_database_whose_sidecar_is_lost(node, tmp_path):
    sheet = (tmp_path / "sheet-1.txt").read_text()
    sidecar_path(node).unlink()
    decrypt(node, tmp_path / "plain.db", confirm="node.db", recovery=[sheet])
    assert len(rows_of(tmp_path / "plain.db")) == 5


REFUSED = {
    "another name": (NameNotConfirmed, PASSPHRASE, {"confirm": "Node.db"}),
    "no name": (NameNotConfirmed, PASSPHRASE, {"confirm": ""}),
    "wrong passphrase": (WrongPassphrase, "wrong", {}),
    "an operator's": (NotPermitted, OPERATOR, {}),
}


@pytest.mark.parametrize("case", REFUSED.values(), ids=REFUSED)
def test_what_is_refused_leaves_no_file(node, tmp_path, case):
    error, passphrase, options = case
    add_operator(node, PASSPHRASE, "Ada", OPERATOR, params=CHEAP)
    to = tmp_path / "out"
    to.mkdir()
    with pytest.raises(error):
        decrypt(node, to / "plain.db", passphrase, **{"confirm": "node.db", **options})
    assert list(to.iterdir()) == []


def test_no_file_is_overwritten(node, tmp_path):
    (tmp_path / "plain.db").write_text("somebody's")
    with pytest.raises(OutputExists):
        decrypt(node, tmp_path / "plain.db", PASSPHRASE, confirm="node.db")
    assert (tmp_path / "plain.db").read_text() == "somebody's"


def test_a_writer_at_work_is_named_and_a_cancel_leaves_nothing(node, tmp_path, monkeypatch):
    monkeypatch.setattr("wizard.engine.keyed.WAIT_MILLISECONDS", 50)
    to = tmp_path / "out"
    to.mkdir()
    with wizard.unlock(node, PASSPHRASE) as application:
        application.connection.execute("BEGIN IMMEDIATE")
        with pytest.raises(Busy):
            decrypt(node, to / "plain.db", PASSPHRASE, confirm="node.db")
        application.connection.execute("ROLLBACK")
    token = CancelToken()
    token.cancel()
    with pytest.raises(Cancelled):
        decrypt(node, to / "plain.db", PASSPHRASE, confirm="node.db", cancel=token)
    assert list(to.iterdir()) == []


@needs_tracing
def test_killed_anywhere_the_copy_is_whole_or_has_no_name(node, tmp_path):
    pristine = tmp_path / "pristine"
    shutil.copytree(node.parent, pristine)
    copy = node.parent / "plain.db"

    def act():
        decrypt(node, copy, PASSPHRASE, confirm="node.db")

    ends = set()
    for operation in each_kill(act, node.parent, pristine, sample=16):
        ends.add(copy.exists())
        wizard.unlock(node, PASSPHRASE).close()
        if not copy.exists():
            act()
        assert len(rows_of(copy)) == 5, str(operation)
        left = [path.name for path in node.parent.iterdir() if "datafold-plaintext" in path.name]
        assert left == [], str(operation)
    assert ends == {True, False}
