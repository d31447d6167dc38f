"""``backup`` and ``restore`` as programs use them: exit codes, output, and what a failure leaves."""

# ruff: noqa: F811 - fixtures are named like what they give

from __future__ import annotations

import pytest

from tests.test_cli import files_in, plaintext, protected, run  # noqa: F401 - fixtures
from wizard import engine

SECRET = ("--passphrase", "env:NODE_PASS")


@pytest.fixture
def saved(run, protected, tmp_path):
    done = run("backup", "node.db", "--to", "b", *SECRET)
    assert done.code == 0, done.err
    return tmp_path / "b"


def test_the_way_round(run, protected, tmp_path):
    fingerprint = engine.inspect(protected).metadata.public_key.fingerprint
    done = run("backup", "node.db", "--to", "b", *SECRET)
    assert done.code == 0, done.err
    assert "read back and verified" in done.out
    assert f"{fingerprint}  (generation 1)" in done.out
    done = run("backup", "verify", "b")
    assert done.code == 0, done.err
    assert fingerprint in done.out
    done = run("restore", "b", "--to", "again.db")
    assert done.code == 0, done.err
    assert fingerprint in done.out
    assert "datafold-wizard verify" in done.out
    done = run("shell", "again.db", "--sql", "SELECT count(*) FROM item", *SECRET)
    assert (done.code, done.out) == (0, "100\n"), done.err


def test_json(run, saved, tmp_path):
    document = run("backup", "node.db", "--to", "c", *SECRET, "--json").document
    assert run("backup", "verify", "c", "--json").document == document | {"notes": []}
    assert document["kind"] == "database"
    assert document["size"] == (tmp_path / "c").stat().st_size
    done = run("restore", "c", "--to", "again.db", "--json").document
    assert done["path"] == str(tmp_path / "again.db")
    assert done["fingerprint"] == document["fingerprint"]
    assert run("backup", "node.db", "--metadata-only", "--to", "m", "--json").document["kind"] == (
        "metadata"
    )
    (tmp_path / "node.db.crypto.json").unlink()
    done = run("restore", "--metadata", "m", "node.db", "--json").document
    assert (done["generation"], done["kept"], done["proved"]) == (1, None, False)


def test_a_lost_sidecar_comes_back(run, saved, tmp_path):
    (tmp_path / "node.db.crypto.json").write_bytes(b"{}")
    done = run("status", "node.db")
    assert done.code == 6
    assert "restore --metadata FILE node.db" in done.out
    done = run("restore", "--metadata", "b", "node.db", *SECRET)
    assert done.code == 0, done.err
    assert "what was there before" in done.out
    assert run("verify", "node.db", *SECRET).code == 0


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (("backup", "node.db"), (2, "--to FILE")),
        (("backup", "node.db", "more", "--to", "x"), (2, "more arguments")),
        (("backup", "verify", "b", "--to", "x"), (2, "one FILE")),
        (("backup", "node.db", "--metadata-only", "--to", "x", *SECRET), (2, "no passphrase")),
        (("backup", "none.db", "--to", "x", *SECRET), (15, "no file")),
        (("backup", "node.db", "--to", "b", *SECRET), (24, "exists")),
        (("backup", "node.db", "--to", "none/x", *SECRET), (14, "does not exist")),
        (("backup", "node.db", "--to", "x"), (2, "no terminal")),
        (("backup", "verify", "none"), (15, "Check the path.")),
        (("backup", "verify", "node.db"), (35, "not a sound backup")),
        (("restore", "b"), (2, "--to PATH")),
        (("restore", "b", "x", "--to", "y"), (2, "--to PATH")),
        (("restore", "b", "--to", "x", "--allow-older"), (2, "--metadata")),
        (("restore", "b", "--to", "node.db"), (24, "exists")),
        (("restore", "cut", "--to", "x"), (35, "cut is not a sound backup")),
        (("restore", "kit.txt", "--to", "x"), (35, "not a sound backup")),
        (("restore", "node.db.crypto.json", "--to", "x"), (29, "metadata alone")),
        (("restore", "--metadata", "b"), (2, "which database")),
        (("restore", "--metadata", "b", "other"), (15, "no file")),
        (("restore", "--metadata", "b", "node.db", "--keyfile", "k"), (2, "--prove")),
        (("restore", "--metadata", "b", "node.db", "--prove"), (2, "no terminal")),
    ],
)
def test_bad_input_is_told_and_changes_nothing(run, saved, tmp_path, arguments, expected):
    code, said = expected
    (tmp_path / "cut").write_bytes(saved.read_bytes()[:-600])
    before = {
        name: data for name, data in files_in(tmp_path).items() if not name.endswith(".jsonl")
    }
    done = run(*arguments)
    assert done.code == code, done.err
    assert said in done.err
    assert "Traceback" not in done.err
    after = {name: data for name, data in files_in(tmp_path).items() if not name.endswith(".jsonl")}
    assert after == before


def test_an_older_sidecar_is_told_with_the_way_on(run, saved, tmp_path):
    run("backup", "node.db", "--metadata-only", "--to", "old")
    master = ("--passphrase", "env:NODE_PASS", "--memory", "19MiB", "--passes", "2", "--lanes", "1")
    done = run("passwd", "node.db", "--retune", *master)
    assert done.code == 0, done.err
    done = run("restore", "--metadata", "old", "node.db")
    assert done.code == 37
    assert "--allow-older --prove" in done.err
    done = run("restore", "--metadata", "old", "node.db", "--allow-older", *SECRET)
    assert done.code == 0, done.err
    assert run("verify", "node.db", *SECRET).code == 0


def test_a_wrong_passphrase_is_told(run, saved, tmp_path):
    (tmp_path / "wrong").write_text("not the passphrase")
    (tmp_path / "wrong").chmod(0o600)
    assert run("backup", "node.db", "--to", "x", "--passphrase", "file:wrong").code == 3
    assert not (tmp_path / "x").exists()


def test_help_shows_what_to_type(run, tmp_path):
    for command in ("backup", "restore"):
        done = run(command, "--help")
        assert done.code == 0
        assert "Example:" in done.out
