"""`--recovery-encrypt-to`: the kit leaves the program for one reader only, wherever one is made."""

from __future__ import annotations

import subprocess
import sys

import pyrage
import pytest

from tests.databases import make_plain
from tests.test_initialization import CHEAP, saved
from wizard import engine

PASSPHRASE = "Vermilion tügboat 93 quokka"
COST = ["--memory", "19MiB", "--passes", "2", "--lanes", "1"]


def init(path, *options):
    return subprocess.run(
        [
            sys.executable,
            "-m",
            "wizard",
            "init",
            str(path),
            "--passphrase",
            "stdin",
            *COST,
            *options,
        ],
        input=PASSPHRASE,
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_sheet_is_for_the_reader_alone_and_opens_the_database(tmp_path):
    identity = pyrage.x25519.Identity.generate()
    path, sheet = make_plain(tmp_path / "node.db", 20), tmp_path / "kit.age"
    done = init(
        path, "--recovery-out", str(sheet), "--recovery-encrypt-to", str(identity.to_public())
    )
    assert done.returncode == 0, done.stderr
    assert "proved from memory" in done.stderr
    assert b"RECOVERY SHEET" not in sheet.read_bytes()
    assert sheet.stat().st_mode & 0o777 == 0o600
    text = pyrage.decrypt(sheet.read_bytes(), [identity]).decode()
    engine.verify(path, recovery=[text])
    states = engine.checklist_of(engine.inspect(path))
    assert states[engine.Item.KIT_SAVED].state is engine.ItemState.DONE


@pytest.mark.parametrize(
    ("options", "code", "said"),
    [
        (["--recovery-encrypt-to", "age1x"], 2, "needs --recovery-out"),
        (["--recovery-out", "kit.age", "--recovery-encrypt-to", "age1x"], 29, "is it complete"),
        (["--recovery-out", "kit.age", "--recovery-encrypt-to", "nobody.pub"], 29, "neither"),
    ],
)
def test_a_key_that_cannot_be_used_is_refused_before_anything_is_done(
    tmp_path, options, code, said, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    path = make_plain(tmp_path / "node.db", 20)
    done = init(path, *options)
    assert done.returncode == code, done.stderr
    assert said in done.stderr
    assert "Traceback" not in done.stderr
    assert {each.name for each in tmp_path.iterdir()} == {"node.db"}


@pytest.mark.parametrize(
    "command",
    [
        ["recovery", "new", "PATH", "--passphrase", "stdin"],
        ["recover", "PATH", "--recovery", "SHEET", "--new-passphrase", "stdin"],
        ["reinit", "PATH", "--confirm", "node.db", "--passphrase", "stdin", *COST],
    ],
    ids=lambda words: words[0],
)
def test_every_command_that_makes_a_kit_encrypts_it(tmp_path, command):
    identity = pyrage.x25519.Identity.generate()
    path, kit = make_plain(tmp_path / "node.db", 20), tmp_path / "kit.age"
    engine.initialize(
        path,
        "not what it will be 3",
        params=CHEAP,
        original=engine.OriginalPolicy.REMOVE,
        confirm_kit=saved(tmp_path),
    )
    words = {"PATH": str(path), "SHEET": str(tmp_path / "sheet-1.txt")}
    typed = "not what it will be 3" if command[0] == "recovery" else PASSPHRASE
    done = subprocess.run(
        [
            *(sys.executable, "-m", "wizard"),
            *[words.get(word, word) for word in command],
            *("--recovery-out", str(kit), "--recovery-encrypt-to", str(identity.to_public())),
        ],
        input=typed,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "proved from memory" in done.stderr
    text = pyrage.decrypt(kit.read_bytes(), [identity]).decode()
    engine.verify(path, recovery=[text])
