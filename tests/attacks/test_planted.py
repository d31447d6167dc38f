"""Symlinks, hard links, pipes, devices and directories in place of the files; cost bombs; swaps.

Refused or safe: a refusal is an error of the table, nothing outside is read, changed or waited for.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from itertools import product

import pytest

from tests.databases import make_plain
from wizard import engine
from wizard.engine import backup_reading
from wizard.engine.archive import END_BYTES, header
from wizard.engine.encoding import rendered

FLOOR = engine.KdfParams(19 * 1024, 2, 1)
FIRST, SECOND = "velvet Quokka ferment 1", "velvet Quokka ferment 2"
PLANTS = ("symlink", "dangling", "hardlink", "fifo", "device", "directory", "socket")
VERBS = ("status", "verify", "check", "passwd", "backup", "audit verify", "public-key")
STRANGER = "not of this program"


def plant(kind, place, elsewhere):
    """Put something else where a file of ours belongs."""
    if place.is_dir() and not place.is_symlink():
        shutil.rmtree(place)
    place.unlink(missing_ok=True)
    match kind:
        case "symlink":
            place.symlink_to(elsewhere)
        case "dangling":
            place.symlink_to(place.with_name("nowhere"))
        case "hardlink":
            place.hardlink_to(elsewhere)
        case "fifo":
            os.mkfifo(place)
        case "device":
            place.symlink_to("/dev/zero")
        case "directory":
            place.mkdir()
        case "socket":
            import socket

            with socket.socket(socket.AF_UNIX) as bound:
                os.chdir(place.parent)
                bound.bind(place.name)


@pytest.fixture(scope="module")
def pristine(tmp_path_factory):
    directory = tmp_path_factory.mktemp("pristine")
    path = make_plain(directory / "node.db", rows=2)
    engine.initialize(path, FIRST, recovery=None, params=FLOOR, minimum_score=0, original="remove")
    engine.backup(path, FIRST, to=directory / "saved.backup")
    return directory


def command(directory, *words):
    """Run one command with its passphrases; fails on a traceback or when it takes too long."""
    (directory / "first").write_text(FIRST)
    (directory / "second").write_text(SECOND)
    for name in ("first", "second"):
        (directory / name).chmod(0o600)
    done = subprocess.run(
        [sys.executable, "-m", "wizard", *words],
        cwd=directory,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert "Traceback" not in done.stderr + done.stdout
    assert done.returncode != 1, done.stderr
    assert FIRST not in done.stderr + done.stdout
    return done


WORDS = {
    "verify": ("verify", "node.db", "--passphrase", "file:first"),
    "passwd": (
        "passwd",
        "node.db",
        "--passphrase",
        "file:first",
        "--new-passphrase",
        "file:second",
    ),
    "restore": ("restore", "saved.backup", "--to", "again.db"),
}
PLACES = {
    "node.db": ("verify",),
    "node.db.crypto.json": ("verify", "passwd"),
    "node.db.audit.jsonl": ("passwd",),
    ".node.db.datafold-lock": ("passwd",),
    ".node.db.datafold-new.crypto.json": ("passwd",),
    "saved.backup": ("restore",),
    ".again.db.datafold-staged": ("restore",),
}
CASES = [(place, verb) for place, verbs in PLACES.items() for verb in verbs]


@pytest.mark.parametrize(("place", "verb"), CASES)
def test_what_was_planted_is_neither_written_nor_waited_for(pristine, tmp_path, place, verb):
    said = {}
    for kind in PLANTS:
        directory = tmp_path / kind
        shutil.copytree(pristine, directory)
        elsewhere = tmp_path / f"{kind} elsewhere"
        elsewhere.write_text(STRANGER)
        elsewhere.chmod(0o640)
        before = elsewhere.stat()
        plant(kind, directory / place, elsewhere)
        said[kind] = command(directory, *WORDS[verb]).returncode
        after = elsewhere.stat()
        assert elsewhere.read_text() == STRANGER
        assert (before.st_mode, before.st_uid, before.st_size) == (
            after.st_mode,
            after.st_uid,
            after.st_size,
        )
        assert not (directory / "nowhere").exists(), kind
    print(place, verb, said)


# Argon2 cost bombs ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    "cost",
    [(2**40, 3, 1), (4 * 2**20 + 1, 3, 1), (64 * 1024, 65, 1), (64 * 1024, 3, 255), (8, 1, 1)],
)
def test_a_cost_bomb_is_refused_before_any_work(pristine, tmp_path, cost):
    directory = tmp_path / "bomb"
    shutil.copytree(pristine, directory)
    sidecar = directory / "node.db.crypto.json"
    document = json.loads(sidecar.read_bytes())
    kdf = document["signed"]["slots"][0]["kdf"]
    kdf["memory_kib"], kdf["passes"], kdf["lanes"] = cost
    sidecar.write_bytes(rendered(document))
    started = time.process_time()
    with pytest.raises(engine.WizardError):
        engine.unlock(directory / "node.db", FIRST)
    assert time.process_time() - started < 0.5


def document_with(directory, change):
    """The sidecar with ``change`` made to it, signed again: what whoever has the key can write."""
    from wizard.engine.encoding import canonical
    from wizard.engine.masterkey import SigningKey
    from wizard.engine.metadata import _CONTEXT, read_metadata
    from wizard.engine.opening import open_root
    from wizard.engine.secret import Secret

    sidecar = directory / "node.db.crypto.json"
    data = sidecar.read_bytes()
    document = json.loads(data)
    change(document["signed"])
    metadata = read_metadata(data)
    with (
        Secret.copy_of(FIRST.encode()) as typed,
        open_root(metadata, typed, None) as root,
        SigningKey.master(root) as master,
    ):
        document["signature"] = master.sign(_CONTEXT + canonical(document["signed"])).hex()
    return rendered(document)


def costs(memory_kib, passes, lanes):
    def change(signed):
        for slot in signed["slots"]:
            if "kdf" in slot:
                slot["kdf"] |= {"memory_kib": memory_kib, "passes": passes, "lanes": lanes}

    return change


def only_operators(change):
    def changed(signed):
        change({"slots": [slot for slot in signed["slots"] if slot["kind"] == "operator"]})

    return changed


DEAR_OPERATOR = "an operator's, too dear to run unasked"
BOMBS = {
    "over the limit of the format": costs(4 * 2**20 + 1, 3, 1),
    "passes over the limit": costs(64 * 1024, 65, 1),
    "within the format, and too dear to run unasked": costs(4 * 2**20, 64, 1),
    "an operator's, over the limit": only_operators(costs(4 * 2**20 + 1, 3, 1)),
    DEAR_OPERATOR: only_operators(costs(4 * 2**20, 64, 1)),
}


@pytest.fixture(scope="module")
def with_operator(tmp_path_factory, pristine):
    directory = tmp_path_factory.mktemp("with operator")
    shutil.copytree(pristine, directory, dirs_exist_ok=True)
    engine.add_operator(
        directory / "node.db", FIRST, label="Ada", operator_passphrase=SECOND, params=FLOOR,
        minimum_score=0,
    )  # fmt: skip
    return directory


@pytest.mark.parametrize("bomb", BOMBS)
def test_a_cost_bomb_under_a_right_signature_is_refused_before_any_work(
    with_operator, tmp_path, monkeypatch, bomb
):
    """In a sidecar, in the one of a backup, and in the one that a token is verified under."""
    directory = tmp_path / "bomb"
    shutil.copytree(with_operator, directory)
    path = directory / "node.db"
    data = document_with(directory, BOMBS[bomb])
    sidecar = directory / "node.db.crypto.json"
    sidecar.write_bytes(data)
    saved = directory / "bomb.json"
    saved.write_bytes(data)

    def never(*_arguments, **_options):
        raise AssertionError("derived")

    # A machine on which 4 GiB are too much, whatever this one has.
    monkeypatch.setattr("wizard.engine.memory._memory", lambda _root: (2 * 2**20, 2 * 2**20))
    monkeypatch.setattr("wizard.engine.kdf._derive", never)

    verbs = {
        "unlock": lambda: engine.unlock(path, FIRST),
        "as operator": lambda: engine.unlock(path, SECOND, operator="Ada"),
        "as nobody": lambda: engine.unlock(path, SECOND, operator="Nobody"),
        "verify": lambda: engine.verify(path, FIRST),
        "rotate": lambda: engine.rotate(path, FIRST),
        "passwd": lambda: engine.change_passphrase(path, FIRST, SECOND),
        "backup": lambda: engine.backup(path, FIRST, to=directory / "new.backup"),
        "restore metadata": lambda: engine.restore_metadata(saved, path, passphrase=FIRST),
        "token": lambda: engine.issue_grant(
            path, FIRST, role="owner", subject="Ada", lifetime=timedelta(days=1),
            now=datetime.now(UTC),
        ),
    }  # fmt: skip
    for name, verb in verbs.items():
        if bomb == DEAR_OPERATOR and not name.startswith("as "):
            continue  # the master passphrase is tried first, at its own cost
        with pytest.raises(engine.WizardError):
            verb()


# A directory that others may write -----------------------------------------------------------


def test_in_a_directory_that_others_may_write_nothing_is_left_for_them(tmp_path):
    """What is written there at any moment is readable by its owner only, and nobody else's file."""
    directory = tmp_path / "shared"
    directory.mkdir()
    directory.chmod(0o777)
    path = make_plain(directory / "node.db", rows=2)
    path.chmod(0o600)
    seen = {}

    def look(_event):
        for each in directory.iterdir():
            if each.suffix not in {".json", ".jsonl"}:
                seen[each.name] = each.lstat().st_mode & 0o777

    engine.initialize(
        path, FIRST, recovery=None, params=FLOOR, minimum_score=0, original="remove", progress=look
    )
    engine.rotate(path, FIRST, progress=look)
    engine.backup(path, FIRST, to=directory / "saved.backup", progress=look)
    assert seen[".node.db.datafold-staged"] == 0o600
    assert {name: oct(mode) for name, mode in seen.items() if mode & 0o077} == {}


# Swaps ---------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def generations(tmp_path_factory):
    """Of one database generations 1 and 2, and another database: all their files."""
    directory = tmp_path_factory.mktemp("generations")
    one, other = directory / "one.db", directory / "other.db"
    for path in (one, other):
        make_plain(path, rows=2)
        engine.initialize(
            path, FIRST, recovery=None, params=FLOOR, minimum_score=0, original="remove"
        )

    def files(path):
        ends = ("", ".crypto.json", ".audit.jsonl")
        return {end: path.with_name(path.name + end).read_bytes() for end in ends}

    sets = {"one, 1": files(one), "other": files(other)}
    engine.change_passphrase(one, FIRST, SECOND, minimum_score=0)
    engine.unlock(one, SECOND).close()
    sets["one, 2"] = files(one)
    backups = {}
    for name, path, passphrase in (("one", one, SECOND), ("other", other, FIRST)):
        saved = directory / f"{name}.backup"
        engine.backup(path, passphrase, to=saved)
        backups[name] = saved.read_bytes()
    return sets, backups


NAMES = ("one, 1", "one, 2", "other")
WHOLE = {("one, 1", "one, 1"), ("one, 2", "one, 2"), ("other", "other"), ("one, 1", "one, 2")}


@pytest.mark.parametrize(("database", "sidecar"), list(product(NAMES, NAMES)))
def test_a_sidecar_of_elsewhere_or_of_before_opens_nothing(
    generations, tmp_path, database, sidecar
):
    """An older file under a newer sidecar is what a crash leaves, and opens; the reverse does not."""
    sets, _backups = generations
    path = tmp_path / "node.db"
    path.write_bytes(sets[database][""])
    path.with_name("node.db.crypto.json").write_bytes(sets[sidecar][".crypto.json"])
    opened = []
    for passphrase in (FIRST, SECOND):
        try:
            engine.unlock(path, passphrase, readonly=True).close()
        except (engine.NotVerified, engine.NotOpened):
            continue
        opened.append(passphrase)
    assert bool(opened) is ((database, sidecar) in WHOLE)


def test_backups_put_together_from_two_are_refused(generations, tmp_path):
    """Every mixture of manifest, metadata, log and database, each in a sound archive."""
    _sets, backups = generations
    parts = {}
    for name, data in backups.items():
        place = tmp_path / name
        place.write_bytes(data)
        with backup_reading.opened(place) as descriptor:
            contents = backup_reading.read_contents(descriptor)
            _claim, size = backup_reading._manifest(descriptor)
            members = backup_reading.members_of(contents.manifest, size)
        parts[name] = [(m.name, data[m.offset : m.offset + m.size]) for m in members]
    accepted = []
    for choice in product(parts, repeat=4):
        archive = b""
        for number, name in enumerate(choice):
            member, content = parts[name][number]
            padding = bytes(-len(content) % 512)
            archive += header(member, len(content)) + content + padding
        mixed = tmp_path / "mixed"
        mixed.write_bytes(archive + bytes(END_BYTES))
        try:
            engine.verify_backup(mixed)
        except engine.WizardError:
            continue
        accepted.append(choice)
    assert accepted == [("one",) * 4, ("other",) * 4]
