"""What fails, or is cut off, when a change of keys is in force already; and remains of such a run."""

from __future__ import annotations

import asyncio
import errno
import json
import os
import subprocess
import sys

import pytest

from tests.databases import make_plain
from tests.test_second_reading import PASSPHRASE, cut_off
from wizard import engine
from wizard.api import guard
from wizard.api.databases import DatabaseView
from wizard.engine import (
    audit_reading,
    audit_restarting,
    chain,
    decrypting,
    moving_aside,
    outputs,
    pending,
    putting_back,
    swap,
)
from wizard.engine.inspection import inspect
from wizard.engine.sidecar import replaced_path, sidecar_path, staged_path
from wizard.settings.model import CryptoSettings

CHEAP = engine.KdfParams(19 * 1024, 2, 1)
NEW = "drizzle Onyx kayak 7 lanterns"
OPERATOR = "an operator's own passphrase 7"


@pytest.fixture
def node(tmp_path):
    directory = tmp_path / "data"
    directory.mkdir()
    path = make_plain(directory / "node.db", rows=5)
    engine.initialize(path, PASSPHRASE, recovery=None, params=CHEAP, original="remove")
    return path


def ended(node, event):
    return next(each.outcome.value for each in audit_reading.read_log(node) if each.event == event)


def opens(node, passphrase=PASSPHRASE):
    with engine.unlock(node, passphrase) as database:
        return database.connection.execute("SELECT count(*) FROM customers").get == 5


# In force is not cancelled ------------------------------------------------------------------------


class LineDropped(SystemExit):
    """As the handler of SIGHUP ends a program."""


def dropped_at(monkeypatch, place):
    def drop(*_arguments, **_options):
        raise LineDropped

    monkeypatch.setattr(place, drop)


@pytest.mark.parametrize(
    ("place", "event", "verb"),
    [
        (
            "wizard.engine.sidecar.sync_directory",
            "change_passphrase",
            lambda node: engine.change_passphrase(node, PASSPHRASE, NEW),
        ),
        (
            "wizard.engine.changing.read_back",
            "add_operator",
            lambda node: engine.add_operator(
                node, PASSPHRASE, label="Ada", operator_passphrase=OPERATOR, params=CHEAP
            ),
        ),
        (
            "wizard.engine.rotation.open_database",
            "rotate",
            lambda node: engine.rotate(node, PASSPHRASE),
        ),
        ("wizard.engine.rotation.read_back", "rotate", lambda n: engine.rotate(n, PASSPHRASE)),
    ],
)
def test_what_a_signal_could_not_stop_is_recorded_as_done(node, monkeypatch, place, event, verb):
    before = inspect(node).metadata.revision
    with monkeypatch.context() as patched:
        if place.endswith("sidecar.sync_directory"):
            # The first is of the waiting file; the second comes right after the rename.
            real, calls = swap.sync_directory, []

            def second(directory):
                calls.append(directory)
                if len(calls) == 2:
                    raise LineDropped
                real(directory)

            patched.setattr(place, second)
        else:
            dropped_at(patched, place)
        with pytest.raises(LineDropped):
            verb(node)
    in_force = inspect(node).metadata.revision > before
    assert ended(node, event) == ("done" if in_force else "cancelled")
    assert in_force is (place != "wizard.engine.rotation.open_database")
    assert engine.verify_log(node).entries
    assert inspect(node).state is engine.State.PROTECTED


def test_an_exchange_that_cannot_be_undone_is_in_force_and_said_to_be(node, monkeypatch):
    """The disk takes the names and not the sync, and then refuses to give them back."""
    names, syncs = swap.exchange_names, swap.sync_path

    def only_once(one, other):
        monkeypatch.setattr(swap, "exchange_names", lambda _one, _other: 5)
        return names(one, other)

    def broken(path):
        if path == node.parent:
            raise OSError(5, "Input/output error")
        syncs(path)

    before = inspect(node).metadata.revision
    monkeypatch.setattr(swap, "exchange_names", only_once)
    monkeypatch.setattr(swap, "sync_path", broken)
    with pytest.raises(engine.Interrupted, match="has its new data key and opens"):
        engine.rotate(node, PASSPHRASE)
    assert inspect(node).metadata.revision == before + 1
    assert ended(node, "rotate") == "done"
    assert opens(node)


# Remains ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", [0, 1, 15, 16])
@pytest.mark.parametrize("name", [staged_path, replaced_path])
def test_a_remain_that_was_cut_short_is_removed_like_any_other(node, name, size):
    name(node).write_bytes(b"x" * size)
    assert inspect(node).state is engine.State.INTERRUPTED
    assert engine.retune(node, PASSPHRASE, params=CHEAP).settled
    assert not name(node).exists()


@pytest.mark.parametrize("size", [1, 15])
def test_a_database_that_was_cut_short_is_damaged_and_looking_at_it_raises_nothing(node, size):
    node.write_bytes(node.read_bytes()[:size])
    found = inspect(node)
    assert found.state is engine.State.DAMAGED
    assert "too short" in found.reason
    with pytest.raises(engine.DamagedDatabase):
        engine.unlock(node, PASSPHRASE)


@pytest.mark.parametrize("verb", ["init", "restore", "undo"])
def test_the_old_database_of_a_rotation_is_kept_where_everything_else_is_gone(node, tmp_path, verb):
    backup = engine.backup(node, PASSPHRASE, to=tmp_path / "saved").path
    cut_off(node, "after")
    old = replaced_path(node).read_bytes()
    node.unlink()
    sidecar_path(node).unlink()
    assert "A rotation of node.db did not finish" in inspect(node).reason
    match verb:
        case "init":
            engine.initialize(node, NEW, recovery=None, params=CHEAP)
        case "restore":
            engine.restore(backup, to=node)
        case "undo":
            assert ".replaced-" in engine.undo_interrupted(node)
    (kept,) = node.parent.glob("node.db.replaced-*")
    assert kept.read_bytes() == old


@pytest.mark.parametrize("step", ["before", "after"])
def test_sixteen_damaged_bytes_during_a_cut_off_rotation_lose_nothing(node, step):
    """The salt of the file names its document, and `aegis` uses it for nothing else."""
    cut_off(node, step)
    data = bytearray(node.read_bytes())
    data[:16] = os.urandom(16)
    node.write_bytes(data)
    assert inspect(node).state is engine.State.DAMAGED
    with engine.unlock(node, PASSPHRASE, readonly=True) as database:
        assert database.connection.execute("SELECT count(*) FROM customers").get == 5


# Refused in time, and in the right words ----------------------------------------------------------


@pytest.mark.parametrize("verb", ["change_passphrase", "retune", "rotate", "renewal"])
def test_a_full_chain_is_told_before_any_passphrase_is_asked_for(node, monkeypatch, verb):
    monkeypatch.setattr(chain, "MAXIMUM_LINKS", 1)
    monkeypatch.setattr("wizard.engine.succession.MAXIMUM_LINKS", 1)

    def never():
        raise AssertionError("asked")

    verbs = {
        "change_passphrase": lambda: engine.change_passphrase(node, never, never),
        "retune": lambda: engine.retune(node, never, params=CHEAP),
        "rotate": lambda: engine.rotate(node, never),
        "renewal": lambda: engine.prepare_renewal(node, never),
    }
    before = sidecar_path(node).read_bytes()
    with pytest.raises(engine.InvalidInput, match="as often as this format can hold"):
        verbs[verb]()
    assert sidecar_path(node).read_bytes() == before
    assert opens(node)


def test_signing_with_an_operators_passphrase_is_told_as_such(node, tmp_path):
    engine.add_operator(node, PASSPHRASE, label="Ada", operator_passphrase=OPERATOR, params=CHEAP)
    file = tmp_path / "file"
    file.write_text("x")
    with pytest.raises(engine.NotPermitted, match="operator Ada"):
        engine.sign_file(node, file, OPERATOR)
    with pytest.raises(engine.WrongPassphrase):
        engine.sign_file(node, file, "neither of the two")
    assert file.read_text() == "x"


def test_a_second_name_is_never_taken_for_the_finished_copy(node):
    """`replaced_path` in the way stops the exchange before anything has moved."""
    before = node.read_bytes()
    replaced_path(node).mkdir()
    with pytest.raises(engine.Unreadable):
        engine.rotate(node, PASSPHRASE)
    assert node.read_bytes() == before
    assert moving_aside.keep_replaced(node) is None
    replaced_path(node).rmdir()
    assert opens(node)


# A log that is gone for a good reason -------------------------------------------------------------


def test_a_log_that_was_deleted_is_warned_of_until_a_new_one_is_begun(node):
    log = engine.audit_path(node)
    log.unlink()
    with engine.unlock(node, PASSPHRASE) as database:
        assert "audit restart" in database.warnings[0]
    before = inspect(node).metadata.revision
    with pytest.raises(engine.NameNotConfirmed):
        engine.restart_log(node, PASSPHRASE, confirm="other.db")
    with pytest.raises(engine.WrongPassphrase):
        engine.restart_log(node, NEW, confirm="node.db")
    done = engine.restart_log(node, PASSPHRASE, confirm="node.db")
    assert done.warnings == ()
    assert done.kept.exists()
    assert inspect(node).metadata.revision == before + 1
    with engine.unlock(node, PASSPHRASE) as database:
        assert database.warnings == ()
    report = engine.verify_log(node, PASSPHRASE)
    assert report.anchors == 2
    first = list(audit_reading.read_log(node))[-1]
    assert (first.number, first.event, first.outcome.value) == (1, "restart_log", "done")
    assert first.signature
    assert first.details["entries"] >= 1


@pytest.mark.parametrize("can_be_renamed_back", [True, False])
def test_a_restart_that_fails_leaves_the_old_log_in_force_or_says_where_it_is(
    node, monkeypatch, can_be_renamed_back
):
    """Found by a disk that failed once: the old log stayed aside, and was told as unchanged."""
    log, lines = engine.audit_path(node), engine.audit_path(node).read_bytes()

    def broken(*_arguments):
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    def full(*_arguments, **_options):
        if not can_be_renamed_back:
            monkeypatch.setattr(audit_restarting.Path, "replace", broken)
        raise engine.NoSpace(directory=node.parent, needed=1, available=0)

    monkeypatch.setattr(audit_restarting, "publish", full)
    with pytest.raises(engine.NoSpace if can_be_renamed_back else engine.Interrupted) as caught:
        engine.restart_log(node, PASSPHRASE, confirm="node.db")
    monkeypatch.undo()
    kept = list(node.parent.glob("node.db.audit.jsonl.replaced-*"))
    if can_be_renamed_back:
        assert (kept, log.read_bytes().startswith(lines)) == ([], True)
        assert ended(node, "restart_log") == "failed"
    else:
        assert kept[0].read_bytes().startswith(lines)
        assert kept[0].name in str(caught.value)
        engine.restart_log(node, PASSPHRASE, confirm="node.db")
    assert engine.verify_log(node, PASSPHRASE).anchors == 2


@pytest.mark.parametrize("there", ["lost", "damaged"])
def test_a_sidecar_that_came_into_its_place_is_never_told_as_unchanged(
    node, tmp_path, monkeypatch, there
):
    """Found by a disk that failed once: the sidecar was back, and "Nothing was changed" was said."""
    saved = engine.backup_metadata(node, to=tmp_path / "saved").path
    sidecar = sidecar_path(node)
    right = sidecar.read_bytes()
    sidecar.unlink() if there == "lost" else sidecar.write_bytes(b"damaged")
    name = "publish" if there == "lost" else "replace_sidecar"
    real = getattr(putting_back, name)

    def then_fail(*arguments, **options):
        real(*arguments, **options)
        raise engine.Unreadable("data cannot be used: Input/output error.")

    def fail(*_arguments, **_options):
        raise engine.Unreadable("data cannot be used: Input/output error.")

    monkeypatch.setattr(putting_back, name, fail)
    with pytest.raises(engine.Unreadable):
        engine.restore_metadata(saved, node)
    assert list(node.parent.glob("*.replaced-*")) == []
    monkeypatch.setattr(putting_back, name, then_fail)
    with pytest.raises(engine.Interrupted, match="in their place"):
        engine.restore_metadata(saved, node)
    assert sidecar.read_bytes() == right
    assert ended(node, "restore_metadata") == "done"
    assert len(list(node.parent.glob("*.replaced-*"))) == (there == "damaged")


def test_a_plaintext_copy_that_cannot_be_removed_is_named(node, tmp_path, monkeypatch):
    copy = tmp_path / "copy.db"
    full = engine.NoSpace(directory=tmp_path, needed=1, available=0)

    def fail(*_arguments):
        raise full

    monkeypatch.setattr(decrypting, "give_name", fail)
    monkeypatch.setattr(decrypting, "discard_database", lambda _path: None)
    with pytest.raises(engine.Interrupted, match=r"\.copy\.db\.datafold-plaintext.*Remove it"):
        engine.decrypt(node, copy, PASSPHRASE, confirm="node.db")
    monkeypatch.undo()
    engine.decrypt(node, copy, PASSPHRASE, confirm="node.db")
    assert [each.name for each in tmp_path.iterdir() if "datafold" in each.name] == []


@pytest.mark.parametrize("can_be_removed", [True, False])
def test_an_output_that_the_disk_did_not_confirm_is_gone_or_named(
    node, tmp_path, monkeypatch, can_be_removed
):
    copy = tmp_path / "copy.db"

    def unconfirmed(made, output):
        made.rename(output)
        raise engine.Unreadable("Input/output error.")

    monkeypatch.setattr(outputs, "publish", unconfirmed)
    if not can_be_removed:
        monkeypatch.setattr(outputs, "tidy", lambda _path: None)
    with pytest.raises(engine.Unreadable if can_be_removed else engine.Interrupted) as caught:
        engine.decrypt(node, copy, PASSPHRASE, confirm="node.db")
    assert copy.exists() is not can_be_removed
    assert can_be_removed or str(copy) in str(caught.value)


def test_a_new_log_by_command(node, tmp_path):
    secret = tmp_path / "secret"
    secret.write_text(PASSPHRASE)
    secret.chmod(0o600)
    engine.audit_path(node).unlink()
    words = ["audit", "restart", str(node), "--passphrase", f"file:{secret}", "--json"]

    def run(*more):
        return subprocess.run(
            [sys.executable, "-m", "wizard", *words, *more],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )

    assert run("--confirm", "wrong").returncode == 40
    done = run("--confirm", "node.db")
    assert done.returncode == 0, done.stderr
    assert ".audit.jsonl.replaced-" in json.loads(done.stdout)["kept"]
    assert engine.verify_log(node).entries == 1


# At the HTTP API ----------------------------------------------------------------------------------


def test_a_burst_of_requests_is_overwritten_once_and_not_a_thousand_times(monkeypatch):
    """Each takes milliseconds, and needs no token: two of them answer any number of requests."""
    calls = []
    monkeypatch.setattr(guard.freed, "overwrite", lambda: calls.append(asked.again))
    asked = guard._Overwriting()

    async def burst():
        for _ in range(1000):
            asked.ask()
        await asyncio.sleep(3 * guard._LET_GO_SECONDS)

    asyncio.run(burst())
    assert len(calls) == 2, "one for the first, and one for all that came before it ran"


def test_the_api_refuses_a_sidecar_that_is_older_than_one_it_has_seen(node):
    older = sidecar_path(node).read_bytes()
    engine.add_operator(
        node, PASSPHRASE, label="Ada", operator_passphrase=OPERATOR, params=CHEAP, minimum_score=0
    )
    view = DatabaseView("node", node, CryptoSettings())
    assert view.look().inspection.error is None
    newer = sidecar_path(node).read_bytes()
    sidecar_path(node).write_bytes(older)
    found = view.look().inspection
    assert isinstance(found.error, engine.RolledBackMetadata)
    assert found.state is engine.State.DAMAGED
    assert b'"damaged"' in view.look().body
    sidecar_path(node).write_bytes(newer)
    assert view.look().inspection.error is None


# A new database in place that the disk does not confirm ------------------------------------------


def test_a_new_database_that_the_disk_does_not_confirm_is_told_as_in_force(tmp_path, monkeypatch):
    """Found with a full disk: "nothing was changed" was said of a database that was there."""
    path = tmp_path / "node.db"
    published = pending.publish

    def full(staged, final):
        published(staged, final)
        if final == path:
            raise engine.NoSpace(directory=tmp_path, needed=1, available=0, refused=errno.ENOSPC)

    monkeypatch.setattr(pending, "publish", full)
    with pytest.raises(engine.Interrupted, match=r"node\.db is encrypted, but the disk did not"):
        engine.initialize(path, PASSPHRASE, recovery=None, params=CHEAP)
    monkeypatch.undo()
    assert engine.inspect(path).state is engine.State.PROTECTED
    engine.unlock(path, PASSPHRASE).close()
    assert ended(path, "initialize") == "done"
