"""Changes of keys by command: exit codes, what is printed, and what a failure leaves."""

import pytest

from tests.test_cli import CHEAP, environment, files_in, plaintext, protected, run
from wizard import engine

__all__ = ["plaintext", "protected", "run"]

NEW = "another passphrase altogether 9"
OLD = ("--passphrase", "env:NODE_PASS")


@pytest.fixture
def both():
    """An environment with the old and the new passphrase."""
    return environment(NEW_PASS=NEW)


def test_passwd_changes_the_passphrase_and_says_what_it_does_not_reach(run, protected, both):
    done = run("passwd", "node.db", *OLD, "--new-passphrase", "env:NEW_PASS", env=both)
    assert done.code == 0, done.err
    assert "the old one is refused" in done.out
    assert "seen by 1 removed slot" in done.out
    assert "datafold-wizard rotate" in done.out
    assert NEW not in done.out + done.err
    assert run("verify", "node.db", *OLD).code == 3
    assert run("verify", "node.db", "--passphrase", "env:NEW_PASS", env=both).code == 0


def test_passwd_json_is_one_document(run, protected, both):
    arguments = ("--new-passphrase", "env:NEW_PASS", "--json", *CHEAP)
    done = run("passwd", "node.db", *OLD, *arguments, env=both)
    assert done.code == 0, done.err
    metadata = engine.inspect(protected).metadata
    assert done.document["generation"] == 2
    assert done.document["fingerprint"] == metadata.public_key.fingerprint
    assert done.document["data_key"]["retired_slots"] == 1
    assert (done.document["settled"], done.document["warnings"]) == (None, [])


def test_passwd_retune_keeps_the_passphrase(run, protected):
    done = run("passwd", "node.db", *OLD, "--retune", "--memory", "21MiB", "--passes", "3",
               "--lanes", "1", "--json")  # fmt: skip
    assert done.code == 0, done.err
    assert done.document["kdf"]["memory_kib"] == 21 * 1024
    assert done.document["data_key"]["retired_slots"] == 0
    assert run("verify", "node.db", *OLD).code == 0


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (("--new-passphrase", "env:NODE_PASS", "--passphrase", "env:NEW_PASS"), 3, "wrong"),
        (("--passphrase", "env:NODE_PASS", "--new-passphrase", "env:WEAK"), 18, "easy to guess"),
        (("--passphrase", "stdin", "--new-passphrase", "stdin"), 2, "source of its own"),
        (("--retune", "--new-passphrase", "env:NEW_PASS"), 2, "--retune keeps"),
        (("--new-keyfile", "a", "--no-keyfile"), 2, "not both"),
        (("--passphrase", "env:NODE_PASS"), 2, "terminal"),
        (("--passphrase", "env:NODE_PASS", "--new-passphrase", "env:NEW_PASS",
          "--memory", "1MiB"), 19, "at least"),
    ],
)  # fmt: skip
def test_passwd_refuses_in_words_and_changes_nothing(run, protected, arguments, code, said):
    before = files_in(protected.parent)
    env = environment(NEW_PASS=NEW, WEAK="password1")
    done = run("passwd", "node.db", *arguments, env=env)
    assert done.code == code, done.err
    assert said in done.err
    assert "Traceback" not in done.err
    assert files_in(protected.parent) == before


@pytest.mark.parametrize(("name", "code"), [("absent.db", 15), ("plain.db", 4)])
def test_passwd_needs_a_protected_database(run, plaintext, name, code):
    plaintext.rename(plaintext.with_name("plain.db"))
    done = run("passwd", name, *OLD, "--new-passphrase", "env:NODE_PASS")
    assert done.code == code


def test_operators_by_command(run, protected):
    env = environment(NEW_PASS=NEW)
    own = ("--passphrase", "env:NEW_PASS")
    added = run("operator", "add", "node.db", "--label", "Ada", *OLD,
                "--new-passphrase", "env:NEW_PASS", *CHEAP, env=env)  # fmt: skip
    assert added.code == 0, added.err
    assert "Operators now: Ada." in added.out
    listed = run("operator", "list", "node.db", "--json").document["operators"]
    assert [(each["label"], each["memory_kib"]) for each in listed] == [("Ada", 19456)]
    assert "Ada" in run("operator", "list", "node.db").out
    count = ("shell", "node.db", "--sql", "SELECT count(*) FROM item")
    assert run(*count, *own, "--operator", "Ada", env=env).out.strip().endswith("100")
    verified = run("verify", "node.db", *own, env=env)
    assert "the operator's passphrase opens it" in verified.out
    assert run("verify", "node.db", *OLD, "--operator", "Ada").code == 3
    assert run("verify", "node.db", *OLD, "--operator", "Eve").code == 29
    refused = run("passwd", "node.db", *own, "--new-passphrase", "env:NODE_PASS", env=env)
    assert refused.code == 36
    assert "operator Ada" in refused.err
    assert "Nothing was changed" in refused.err
    renamed = run("operator", "rename", "node.db", "--label", "Ada", "--to", "A. L.", *OLD)
    assert "A. L." in renamed.out
    removed = run("operator", "remove", "node.db", "--label", "A. L.", *OLD)
    assert removed.code == 0, removed.err
    assert "is unchanged" in removed.out
    assert run("verify", "node.db", *own, env=env).code == 3
    assert "No operators" in run("operator", "list", "node.db").out
