"""The command line as programs use it: exit codes, output, files, and what a failure leaves."""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import stat
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import click
import pytest

from tests.databases import files_but_log
from tests.programs import needs
from wizard import engine
from wizard.cli import init as init_module
from wizard.cli.choose import PRESET_NAMES
from wizard.cli.names import COMMANDS
from wizard.cli.output import describe_bytes, printable
from wizard.cli.program import commands
from wizard.cli.progress import describe_progress

PASSPHRASE = "correct horse battery staple 77"
CHEAP = ("--memory", "19MiB", "--passes", "2", "--lanes", "1")


@dataclass(frozen=True)
class Ended:
    """How a run of the program ended."""

    code: int
    out: str
    err: str

    @property
    def document(self):
        return json.loads(self.out)


def environment(**extra):
    kept = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    return {**kept, "NODE_PASS": PASSPHRASE, "LC_ALL": "C.UTF-8", "COLUMNS": "200", **extra}


def start(*arguments, cwd, env=None, **options):
    return subprocess.Popen(
        [sys.executable, "-m", "wizard", *arguments],
        cwd=cwd,
        env=env or environment(),
        stdin=options.pop("stdin", subprocess.DEVNULL),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,  # no controlling terminal: what cron and systemd give
        **options,
    )


@pytest.fixture
def run(tmp_path):
    """Return a function that runs the program in the test's directory, without a terminal."""

    def run_here(*arguments, given=None, env=None, **options):
        process = start(
            *arguments,
            cwd=tmp_path,
            env=env,
            stdin=subprocess.DEVNULL if given is None else subprocess.PIPE,
            **options,
        )
        out, err = process.communicate(given, timeout=120)
        return Ended(process.returncode, out.decode(), err.decode())

    return run_here


@pytest.fixture
def plaintext(tmp_path):
    path = tmp_path / "node.db"
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE item(name TEXT, content BLOB)")
        connection.executemany(
            "INSERT INTO item VALUES (?, ?)", [(f"item {n}", bytes([n])) for n in range(100)]
        )
    connection.close()
    return path


@pytest.fixture
def protected(run, plaintext):
    done = run(
        "init", "node.db", "--passphrase", "env:NODE_PASS", "--recovery-out", "kit.txt", *CHEAP
    )
    assert done.code == 0, done.err
    return plaintext


def files_in(directory):
    """Every file with its content: what a failed command must leave as it was.

    But for the audit log: from where an initialization has begun, it keeps the attempt.
    """
    return files_but_log(directory)


# Init -----------------------------------------------------------------------------------------


def test_init_protects_and_says_how_to_go_on(run, plaintext, tmp_path):
    done = run(
        "init", "node.db", "--passphrase", "env:NODE_PASS", "--recovery-out", "kit.txt", *CHEAP
    )
    assert done.code == 0, done.err
    fingerprint = engine.inspect(plaintext).metadata.public_key.fingerprint
    assert fingerprint in done.out
    assert "datafold-wizard shell" in done.out
    assert "Still plaintext:" in done.out
    assert "same directory as the database" in done.err
    assert not plaintext.read_bytes().startswith(b"SQLite format 3")
    assert stat.S_IMODE((tmp_path / "kit.txt").stat().st_mode) == 0o600


def test_init_json_is_one_document(run, plaintext, tmp_path):
    done = run(
        "init", "node.db", "--json", "--passphrase", "stdin", "--recovery-out", "kit",
        "--recovery-shares", "2of3", "--recovery-holder", "Ada", "--recovery-holder", "Grace",
        "--recovery-holder", "Mary", "--cipher", "sqlcipher", "--original", "remove", *CHEAP,
        given=PASSPHRASE.encode() + b"\n",
    )  # fmt: skip
    assert done.code == 0, done.err
    document = done.document
    assert document["kdf"] == {"memory_kib": 19456, "passes": 2, "lanes": 1, "keyfile": False}
    assert document["cipher"] == "sqlcipher"
    assert document["recovery"]["holders"] == ["Ada", "Grace", "Mary"]
    assert document["recovery"]["files"] == ["kit-1of3", "kit-2of3", "kit-3of3"]
    assert (document["original_kept"], document["original_removed"]) == (None, True)
    assert document["plaintext_left"] == []
    names = {"node.db", "node.db.crypto.json", "kit-1of3", "kit-2of3", "kit-3of3"}
    assert set(files_in(tmp_path)) == names
    assert all((tmp_path / f"kit-{n}of3").stat().st_mode & 0o777 == 0o600 for n in (1, 2, 3))


def test_init_makes_a_new_database(run, tmp_path):
    done = run("init", "new.db", "--passphrase", "env:NODE_PASS", "--no-recovery", *CHEAP)
    assert done.code == 0, done.err
    assert "a lost passphrase is lost data" in done.out
    assert set(files_in(tmp_path)) == {"new.db", "new.db.crypto.json"}


def test_a_path_with_everything_in_it(run, tmp_path):
    name = 'it\'s a "näme" {with} 100 % $HOME.db'
    done = run("init", name, "--passphrase", "env:NODE_PASS", "--no-recovery", "--json", *CHEAP)
    assert done.code == 0, done.err
    assert done.document["path"] == str(tmp_path / name)
    shown = run("status", name)
    assert (shown.code, name in shown.out) == (0, True)


def test_a_path_that_is_not_text_is_shown_escaped(run, tmp_path):
    name = b"n\xffde.db"
    shown = run("status", name)
    assert shown.code == 15
    assert "\\udcff" in shown.out
    assert run("status", name, "--json").document["state"] == "absent"


def test_control_characters_in_a_name_do_not_reach_the_terminal(run):
    shown = run("status", "red\x1b[31m.db")
    assert "\x1b" not in shown.out + shown.err


def test_a_keyfile_is_needed_afterwards(run, plaintext, tmp_path):
    (tmp_path / "key").write_bytes(os.urandom(64))
    arguments = ("--passphrase", "env:NODE_PASS", "--keyfile", "key")
    assert run("init", "node.db", *arguments, "--no-recovery", *CHEAP).code == 0
    assert run("verify", "node.db", *arguments).code == 0
    without = run("verify", "node.db", "--passphrase", "env:NODE_PASS")
    assert without.code == 3
    assert "A keyfile belongs to this passphrase" in without.err


def test_a_target_time_is_measured(run, tmp_path):
    done = run(
        "init", "new.db", "--passphrase", "env:NODE_PASS", "--no-recovery", "--json",
        "--target-time", "250ms",
    )  # fmt: skip
    assert done.code == 0, done.err
    kdf = done.document["kdf"]
    assert kdf["memory_kib"] * kdf["passes"] > 2 * 19 * 1024


REFUSED = {
    "no kit chosen": ((), 2, "--recovery-out FILE, or do without one with --no-recovery"),
    "kit and no kit": (("--no-recovery", "--recovery-out", "kit"), 2, "--no-recovery makes no kit"),
    "no kit, shares": (("--no-recovery", "--recovery-shares", "2of3"), 2, "makes no kit"),
    "two costs": (("--no-recovery", "--preset", "balanced", "--memory", "64MiB"), 2, "one of the three"),
    "time and preset": (("--no-recovery", "--preset", "balanced", "--target-time", "1"), 2, "one of"),
    "absurd time": (("--no-recovery", "--target-time", "0"), 2, "is not a time"),
    "absurd memory": (("--no-recovery", "--memory", "much"), 2, "is not an amount"),
    "memory under the floor": (("--no-recovery", "--memory", "18MiB"), 19, ""),
    "memory over the format": (("--no-recovery", "--memory", "5GiB"), 19, ""),
    "too many passes": (("--no-recovery", "--memory", "19MiB", "--passes", "65"), 19, ""),
    "too many lanes": (("--no-recovery", "--lanes", "17"), 19, ""),
    "shares that cannot be": (("--recovery-out", "kit", "--recovery-shares", "3of2"), 2, "not possible"),
    "shares that are none": (("--recovery-out", "kit", "--recovery-shares", "two"), 2, "2of3"),
    "one holder of three": (
        ("--recovery-out", "kit", "--recovery-shares", "2of3", "--recovery-holder", "Ada"), 29, "holders",
    ),
    "a score that is none": (("--no-recovery", "--min-score", "5"), 2, "--min-score"),
    "a missing keyfile": (("--no-recovery", "--keyfile", "nowhere", *CHEAP), None, "nowhere"),
    "a kit in no directory": (("--recovery-out", "nowhere/kit", *CHEAP), 15, "nowhere"),
    "a kit over a file": (("--recovery-out", "/dev/null", *CHEAP), 24, "not overwritten"),
    "a kit with the sidecar's name": (("--recovery-out", "./node.db.crypto.json"), 2, "name"),
    "a cipher that is none": (("--no-recovery", "--cipher", "rot13"), 2, "--cipher"),
}  # fmt: skip


@pytest.mark.parametrize("case", REFUSED)
def test_what_init_refuses_changes_nothing(run, plaintext, tmp_path, case):
    options, code, said = REFUSED[case]
    before = files_in(tmp_path)
    done = run("init", "node.db", "--passphrase", "env:NODE_PASS", *options)
    assert done.code == code or (code is None and done.code not in {0, 1})
    assert said in done.err
    assert "Traceback" not in done.err
    assert done.out == ""
    assert files_in(tmp_path) == before


PASSPHRASES = {
    "weak": (b"password", 18, "score is 0 of 4"),
    "empty": (b"", 17, "empty"),
    "only a line ending": (b"\n", 17, "empty"),
    "two line endings": (PASSPHRASE.encode() + b"\n\n", 17, "control"),
    "NUL": (b"nul\x00" + PASSPHRASE.encode(), 17, "control"),
    "not UTF-8": (b"\xff" + PASSPHRASE.encode(), 17, "UTF-8"),
    "1,025 characters": ("ä".encode() * 1025, 17, "longer than 1,024"),
    "a flood": (b"x" * 100_000, 17, "more than any passphrase"),
}


@pytest.mark.parametrize("case", PASSPHRASES)
def test_a_passphrase_that_is_refused_changes_nothing(run, plaintext, tmp_path, case):
    given, code, said = PASSPHRASES[case]
    before = files_in(tmp_path)
    done = run("init", "node.db", "--passphrase", "stdin", "--no-recovery", *CHEAP, given=given)
    assert done.code == code
    assert said in done.err
    assert PASSPHRASE not in done.err
    assert files_in(tmp_path) == before


def test_1024_characters_are_taken(run, tmp_path):
    long = ("correct horse battery staple " * 36)[:1024]
    given = long.encode()
    made = run("init", "new.db", "--passphrase", "stdin", "--no-recovery", *CHEAP, given=given)
    assert made.code == 0, made.err
    assert run("verify", "new.db", "--passphrase", "stdin", given=given).code == 0


def test_a_minimum_score_of_zero_takes_a_weak_one(run):
    options = ("--passphrase", "stdin", "--no-recovery", "--min-score", "0", *CHEAP)
    assert run("init", "new.db", *options, given=b"password").code == 0


def test_the_kit_is_removed_again_if_the_commit_fails(plaintext, tmp_path, monkeypatch):
    """The kit's file must not outlive a database that never came to be."""
    from wizard.cli import program

    def fail(_self, *_arguments, **_options):
        raise engine.VerificationFailed("Something differs.")

    monkeypatch.setattr(engine.PendingInitialization, "commit", fail)
    monkeypatch.setenv("NODE_PASS", PASSPHRASE)
    before = files_in(tmp_path)
    kit = str(tmp_path / "kit")
    code = program.run(
        ["init", str(plaintext), "--passphrase", "env:NODE_PASS", "--recovery-out", kit, *CHEAP]
    )
    assert code == 26
    assert files_in(tmp_path) == before


def test_the_kit_is_kept_if_the_database_is_in_place_after_all(plaintext, tmp_path, monkeypatch):
    from wizard.cli import program

    commit = engine.PendingInitialization.commit

    def commit_and_fail(self, *arguments, **options):
        commit(self, *arguments, **options)
        raise OSError(5, "the disk went away")

    monkeypatch.setattr(engine.PendingInitialization, "commit", commit_and_fail)
    monkeypatch.setenv("NODE_PASS", PASSPHRASE)
    kit = tmp_path / "kit"
    code = program.run(
        [
            "init",
            str(plaintext),
            "--passphrase",
            "env:NODE_PASS",
            "--recovery-out",
            str(kit),
            *CHEAP,
        ]
    )
    assert code == 14
    assert "RECOVERY WORDS" in kit.read_text()


def test_a_database_in_use_is_refused(run, plaintext):
    holder = sqlite3.connect(plaintext)
    holder.execute("BEGIN IMMEDIATE")
    done = run("init", "node.db", "--passphrase", "env:NODE_PASS", "--no-recovery", *CHEAP)
    holder.close()
    assert done.code == 10
    assert "Stop the program that uses the database" in done.err


def test_init_of_a_protected_database_is_refused_before_a_secret_is_read(run, protected, tmp_path):
    before = files_in(tmp_path)
    done = run("init", "node.db", "--passphrase", "cmd:touch asked", "--no-recovery", *CHEAP)
    assert done.code == 5
    assert engine.inspect(protected).metadata.public_key.fingerprint in done.err
    assert files_in(tmp_path) == before


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_while_it_works_leaves_the_state_of_before(plaintext, tmp_path, number, code):
    started = tmp_path.parent / f"{tmp_path.name}-started"
    before = files_in(tmp_path)
    process = start(
        "init", "node.db", "--recovery-out", "kit", "--memory", "64MiB", "--passes", "64",
        "--passphrase", f"cmd:sh -c 'touch {started}; echo {PASSPHRASE}'", cwd=tmp_path,
    )  # fmt: skip
    while not started.exists():
        time.sleep(0.01)
    time.sleep(0.5)
    assert process.poll() is None
    process.send_signal(number)
    out, err = process.communicate(timeout=60)
    assert process.returncode == code
    assert (b"Cancelled. Nothing was changed." in err) == (number == signal.SIGINT)
    assert b"Traceback" not in err
    assert out == b""
    assert files_in(tmp_path) == before


# Status, public-key ---------------------------------------------------------------------------


def test_status_names_what_a_person_compares(run, protected):
    shown = run("status", "node.db")
    assert shown.code == 0
    fingerprint = engine.inspect(protected).metadata.public_key.fingerprint
    for said in (
        fingerprint,
        "protected",
        "any 1 of 1",
        "19.0 MiB, 2 passes, 1 lane",
        "Plaintext beside it",
    ):
        assert said in shown.out


def test_status_json_says_the_same(run, protected):
    document = run("status", "node.db", "--json").document
    assert document["state"] == "protected"
    assert document["error"] is None
    assert document["metadata"]["generation"] == 1


def make_plaintext(path):
    sqlite3.connect(path).execute("CREATE TABLE t(a)").connection.close()


def make_foreign(path):
    path.write_bytes(os.urandom(8192))


STATES = {
    "absent": (lambda _path: None, 15),
    "plaintext": (make_plaintext, 4),
    "foreign": (make_foreign, 13),
    "directory": (lambda path: path.mkdir(), 13),
    "sidecar is not JSON": (lambda path: (make_foreign(path), broken_sidecar(path)), 6),
}


def broken_sidecar(path):
    Path(f"{path}.crypto.json").write_text("{}")


@pytest.mark.parametrize("state", STATES)
def test_the_exit_code_of_status_tells_the_state(run, tmp_path, state):
    make, code = STATES[state]
    make(tmp_path / "target.db")
    for arguments in (("status",), ("status", "--json")):
        shown = run(arguments[0], "target.db", *arguments[1:])
        assert shown.code == code
    for verb in ("verify", "shell", "public-key"):
        arguments = ("--passphrase", "cmd:touch asked") if verb != "public-key" else ()
        assert run(verb, "target.db", *arguments).code == code
    assert not (tmp_path / "asked").exists()


def test_the_public_key_in_its_forms(run, protected):
    key = engine.inspect(protected).metadata.public_key
    words = run("public-key", "node.db", "--format", "words").out.split()
    assert tuple(words) == engine.fingerprint_words(key)
    drawn = run("public-key", "node.db", "--format", "randomart").out.splitlines()
    assert tuple(drawn) == engine.randomart(key)
    assert run("public-key", "node.db", "--format", "hex").out.strip() == key.hex
    assert run("public-key", "node.db").out.startswith("ssh-ed25519 AAAA")
    pem = run("public-key", "node.db", "--format", "pem").out
    assert pem == key.pem()
    document = run("public-key", "node.db", "--format", "pem", "--json").document
    assert document["public_key"] == pem.rstrip("\n")
    assert document["fingerprint"] == key.fingerprint


# Verify, shell --------------------------------------------------------------------------------


def test_verify_by_passphrase_and_by_kit(run, protected):
    by_passphrase = run("verify", "node.db", "--passphrase", "env:NODE_PASS", "--json")
    assert by_passphrase.code == 0, by_passphrase.err
    assert by_passphrase.document["opened_with"] == "passphrase"
    assert by_passphrase.document["rows"] >= 100
    by_kit = run("verify", "node.db", "--recovery", "kit.txt")
    assert by_kit.code == 0, by_kit.err
    assert "the recovery kit opens it" in by_kit.out


def test_the_kit_opens_it_without_the_sidecar(run, protected, tmp_path):
    (tmp_path / "node.db.crypto.json").unlink()
    assert run("verify", "node.db", "--passphrase", "env:NODE_PASS").code == 6
    done = run("verify", "node.db", "--recovery", "kit.txt")
    assert done.code == 0, done.err
    assert "Warning:" in done.err


def test_a_wrong_passphrase_shows_the_fingerprint(run, protected):
    done = run("verify", "node.db", "--passphrase", "stdin", "--json", given=b"wrong horse\n")
    assert done.code == 3
    fingerprint = engine.inspect(protected).metadata.public_key.fingerprint
    assert fingerprint in done.err
    assert done.document["error"]["code"] == "wrong_passphrase"
    assert fingerprint in done.document["error"]["message"]
    assert "wrong horse" not in done.out + done.err


def test_a_wrong_word_is_located(run, protected, tmp_path):
    kit = tmp_path / "kit.txt"
    first = kit.read_text().split(" 1. ")[1].split()[0]
    other = "academic" if first != "academic" else "acid"
    kit.write_text(kit.read_text().replace(f" 1. {first}", f" 1. {other}"))
    done = run("verify", "node.db", "--recovery", "kit.txt")
    assert done.code == 21
    assert "ord" in done.err


@pytest.mark.parametrize("content", [b"", b"\xff\xfe", b"x" * 100_000, b"academic acid"])
def test_a_file_that_is_no_sheet(run, protected, tmp_path, content):
    (tmp_path / "sheet").write_bytes(content)
    assert run("verify", "node.db", "--recovery", "sheet").code == 21
    assert run("verify", "node.db", "--recovery", "missing").code == 15


@pytest.mark.parametrize(
    "options",
    [
        ("--recovery", "kit.txt", "--passphrase", "env:NODE_PASS"),
        ("--recovery", "kit.txt", "--keyfile", "kit.txt"),
        ("--recovery", "kit.txt", "--recovery", "-"),
        ("--recovery", "-"),
        (),
    ],
)
def test_secrets_that_contradict_or_cannot_be_asked_for(run, protected, options):
    done = run("verify", "node.db", *options)
    assert done.code == 2
    assert "Traceback" not in done.err


def test_a_statement_prints_its_rows(run, protected):
    sql = "SELECT name, content FROM item WHERE rowid < 3 ORDER BY rowid"
    done = run("shell", "node.db", "--passphrase", "env:NODE_PASS", "--sql", sql, "--json")
    assert done.code == 0, done.err
    assert done.document == {
        "columns": ["name", "content"],
        "rows": [["item 0", {"blob": "00"}], ["item 1", {"blob": "01"}]],
    }
    plain = run("shell", "node.db", "--passphrase", "env:NODE_PASS", "--sql", "SELECT 1, 'two'")
    assert plain.out == "1|two\n"


@pytest.mark.parametrize(
    ("sql", "rows"),
    [
        ("SELECT 1 AS a WHERE 0", []),
        (
            "SELECT 9e999, -9e999, NULL, 1.5, 'ä'",
            [[{"real": "inf"}, {"real": "-inf"}, None, 1.5, "ä"]],
        ),
        ("CREATE TABLE more(a)", []),
        ("INSERT INTO item(name) VALUES ('new') RETURNING name", [["new"]]),
        ("", []),
    ],
)
def test_every_kind_of_statement_has_json(run, protected, sql, rows):
    done = run("shell", "node.db", "--passphrase", "env:NODE_PASS", "--sql", sql, "--json")
    assert done.code == 0, done.err
    assert done.document["rows"] == rows


def test_a_statement_that_fails_is_an_error_of_its_own(run, protected):
    for options in ((), ("--json",)):
        done = run(
            "shell", "node.db", "--passphrase", "env:NODE_PASS", "--sql", "SELEC 1", *options
        )
        assert done.code == 28
        assert "syntax error" in done.err
        assert "Traceback" not in done.err


def test_a_script_on_standard_input(run, protected, tmp_path):
    home = tmp_path / "home"
    home.mkdir()
    options = ("shell", "node.db", "--passphrase", "env:NODE_PASS")
    env = environment(HOME=str(home))
    done = run(*options, given=b"SELECT count(*) FROM item;\n", env=env)
    assert (done.code, done.out) == (0, "100\n")
    assert run(*options, given=b"SELEC 1;\n", env=env).code == 28
    assert list(home.iterdir()) == []


# Usage ----------------------------------------------------------------------------------------


def test_without_a_terminal_the_wizard_names_init(run):
    for arguments in ((), ("node.db",), ("--", "node.db")):
        done = run(*arguments)
        assert done.code == 2
        assert "datafold-wizard init" in done.err
        assert done.out == ""


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("stauts", "node.db"), "Did you mean status?"),
        (("stauts",), "Did you mean status?"),
        (("node.db", "other.db"), "takes one path"),
        (("--verbose",), "--verbose"),
        (("status",), "Missing argument"),
        (("status", "a", "hunter2"), "more arguments"),
        (("public-key", "a", "--format", "jpeg"), "--format"),
        (("shell", "a", "--json"), "--json goes with --sql"),
        (("verify", "a", "--passphrase", "hunter2"), "Never put the passphrase itself"),
        (("verify", "a", "--passphrase", "pass:hunter2"), "Never put the passphrase itself"),
        (("init", "a", "--passphrase", "env:hunter2 horse", "--no-recovery"), "not by its value"),
    ],
)
def test_usage_errors_are_2_and_repeat_no_secret(run, arguments, said):
    for options in ((), ("--json",)):
        done = run(*arguments, *options)
        assert done.code == 2
        assert said in done.err
        assert "hunter2" not in done.out + done.err
        assert "Traceback" not in done.err
        if "--json" in [*arguments, *options]:
            assert done.document["error"]["code"] == "usage"


def test_help_of_every_command_ends_with_an_example(run):
    for name in COMMANDS:
        command = commands.get_command(None, name)
        shown = run(name, "--help")
        assert shown.code == 0
        assert f"  datafold-wizard {name} " in shown.out[shown.out.index("Example:") :]
        documented = {option for parameter in command.params for option in parameter.opts}
        assert all(option in shown.out for option in documented if option.startswith("-"))


def test_a_benchmark_measures_everything(monkeypatch, capsys):
    from wizard.cli import program

    measured = engine.Measurement(engine.KdfParams(19456, 2, 1), 0.25, 0.25, 0.25, 1)

    def refuse(_params):
        raise engine.ResourceLimit(needed_kib=2048, allowed_kib=1024, limit="cgroup limit")

    monkeypatch.setattr(engine, "presets", lambda **_options: {"interactive": measured})
    monkeypatch.setattr(engine, "check_unattended", refuse)
    assert program.run(["benchmark", "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert [row["name"] for row in document["key_derivation"]] == [
        "interactive",
        *engine.RFC_9106_SETS,
    ]
    assert [row["seconds"] for row in document["key_derivation"]] == [0.25, None, None]
    assert [row["cipher"] for row in document["ciphers"]] == list(engine.Cipher)
    assert all(row["write_bytes_per_second"] > 1_000_000 for row in document["ciphers"])
    assert sum(row["recommended"] for row in document["ciphers"]) == 1
    assert document["machine"]["processors"] >= 1
    assert document["machine"]["available_kib"] <= document["machine"]["total_kib"]
    # Whichever runs here: both are shown below.
    in_use = engine.Argon2InUse("26.2.0", "", "avx2")
    assert document["argon2"].keys() == {
        "argon2_cffi_bindings",
        "built_for",
        "could_be_built_for",
    }
    monkeypatch.setattr(engine, "argon2_in_use", lambda: in_use)
    assert program.run(["benchmark"]) == 0
    shown = capsys.readouterr().out
    assert "Argon2 is as argon2-cffi-bindings 26.2.0 came, for any processor." in shown
    assert "datafold-wizard accelerate" in " ".join(shown.split())
    assert "19.0 MiB       2      1  0.25 s" in shown
    assert "was not measured: This needs 2 MiB of memory" in shown
    in_use = engine.Argon2InUse("26.2.0", "avx2", "")
    assert program.run(["benchmark"]) == 0
    shown = capsys.readouterr().out
    assert shown.endswith("Argon2 was built for AVX2 from argon2-cffi-bindings 26.2.0.\n")


def every_command(group):
    """Those of a group, and of the groups in it."""
    for command in group.commands.values():
        yield from every_command(command) if isinstance(command, click.Group) else (command,)


def test_every_command_takes_json():
    for command in every_command(commands):
        assert any("--json" in parameter.opts for parameter in command.params), command.name


def test_the_version(run):
    import wizard

    assert run("--version").out == f"datafold-wizard, version {wizard.__version__}\n"


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_scripts_call_the_program(run, shell):
    done = run("completion", shell)
    assert done.code == 0
    assert "_DATAFOLD_WIZARD_COMPLETE" in done.out
    assert run("completion", shell, "--json").document["script"] in done.out


def test_completion_offers_commands_options_and_files(run):
    def complete(*words):
        env = environment(
            _DATAFOLD_WIZARD_COMPLETE="bash_complete",
            COMP_WORDS=" ".join(["datafold-wizard", *words]),
            COMP_CWORD=str(len(words)),
        )
        return run(env=env).out.splitlines()

    assert "plain,status" in complete("stat")
    assert any(line.startswith("file,") for line in complete("nod"))
    assert "plain,--recovery-out" in complete("init", "--recovery-o")
    assert "plain,chacha20" in complete("init", "--cipher", "ch")


@needs("bash")
@pytest.mark.parametrize(
    ("begun", "offered"),
    [("re", "recover recovery reinit restore"), ("stat", "status"), ("nod", "")],
)
def test_a_real_bash_offers_the_commands(run, tmp_path, begun, offered):
    (tmp_path / "completion").write_text(run("completion", "bash").out)
    program = tmp_path / "datafold-wizard"
    program.write_text(f'#!/bin/sh\nexec {sys.executable} -m wizard "$@"\n')
    program.chmod(0o755)
    script = (
        f"source {tmp_path}/completion; COMP_WORDS=(datafold-wizard {begun}); COMP_CWORD=1; "
        f'_datafold_wizard_completion {program}; echo "${{COMPREPLY[@]}}"'
    )
    done = subprocess.run(
        ["bash", "--norc", "-c", script],
        capture_output=True,
        text=True,
        check=True,
        env=environment(),
        timeout=60,
    )
    assert done.stdout.strip() == offered


def test_a_reader_that_goes_away_is_no_error(protected, tmp_path):
    process = start("status", "node.db", cwd=tmp_path)
    process.stdout.close()
    err = process.stderr.read()
    assert process.wait(timeout=30) == 141
    assert err == b""
    process.stderr.close()


def test_an_unexpected_error_is_one_line_without_locals(capsys, monkeypatch):
    from wizard.cli import program

    def fail(_path):
        raise ZeroDivisionError("hunter2")

    monkeypatch.setattr(engine, "inspect", fail)
    assert program.run(["status", "node.db"]) == 1
    captured = capsys.readouterr()
    assert "ZeroDivisionError at " in captured.err
    assert "hunter2" not in captured.err
    assert "Traceback" not in captured.err


def test_the_choices_that_help_lists_are_the_engines():
    assert tuple(init_module.CIPHERS) == tuple(engine.Cipher)
    assert set(PRESET_NAMES) == {*engine.PRESETS, *engine.RFC_9106_SETS}


@pytest.mark.parametrize(
    ("count", "text"),
    [
        (0, "0 bytes"),
        (1023, "1023 bytes"),
        (1024, "1.0 KiB"),
        (1536 * 1024, "1.5 MiB"),
        (2**40, "1024.0 GiB"),
    ],
)
def test_sizes_for_people(count, text):
    assert describe_bytes(count) == text


@pytest.mark.parametrize("stage", engine.Stage)
def test_progress_has_words_for_every_stage(stage):
    assert describe_progress(engine.Progress(stage, 0, 0)).isprintable()


@pytest.mark.parametrize(
    ("event", "shown"),
    [
        (engine.Progress(engine.Stage.DERIVE, 1, 0, detail="64 MiB"), "Deriving the key 64 MiB"),
        (engine.Progress(engine.Stage.CHECK, 1, 2), "Checking [############------------]"),
        (
            engine.Progress(engine.Stage.ENCRYPT, 1536, 2048, unit="bytes"),
            "Encrypting [##################------]  75%  1.5 KiB of 2.0 KiB",
        ),
        (
            engine.Progress(engine.Stage.VERIFY, 5000, 4000, unit="rows", detail="ta\nble"),
            "Comparing with the original [########################] 100%  5,000 of 4,000 rows ta\\nble",
        ),
    ],
)
def test_progress_in_words(event, shown):
    assert describe_progress(event) == shown


def test_printable_keeps_what_people_read():
    assert printable("näme 数据 ✓") == "näme 数据 ✓"
    assert printable("\x1b[2J\n\u202e\udcff") == "\\x1b[2J\\n\\u202e\\udcff"


@pytest.mark.parametrize(
    ("text", "kib"), [("65536", 65536), ("64MiB", 65536), ("1gib", 1048576), (" 19 MiB ", 19456)]
)
def test_amounts_of_memory(text, kib):
    from wizard.cli.options import memory_value

    assert memory_value(text) == kib


@pytest.mark.parametrize("text", ["", "MiB", "64MB", "1.5GiB", "-1", "٣MiB", "1e3", "9" * 13])
def test_amounts_that_are_none(text):
    from wizard.cli.options import memory_value

    with pytest.raises(click.BadParameter):
        memory_value(text)


@pytest.mark.parametrize(("text", "seconds"), [("1", 1.0), ("0.5s", 0.5), ("250ms", 0.25)])
def test_times(text, seconds):
    from wizard.cli.options import seconds_value

    assert seconds_value(text) == seconds
