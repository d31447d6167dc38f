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


def test_recover_by_command(run, protected):
    env = environment(NEW_PASS=NEW)
    own = ("--passphrase", "env:NEW_PASS")
    done = run("recover", "node.db", "--recovery", "kit.txt", "--new-passphrase", "env:NEW_PASS",
               "--recovery-out", "new.txt", env=env)  # fmt: skip
    assert done.code == 0, done.err
    assert "are refused" in done.out
    assert "seen by 2 removed slots" in done.out
    assert run("verify", "node.db", *own, env=env).code == 0
    assert run("verify", "node.db", *OLD).code == 3
    assert run("verify", "node.db", "--recovery", "new.txt").code == 0
    refused = run("verify", "node.db", "--recovery", "kit.txt")
    assert refused.code == 22
    assert "replaced by another one in generation 2" in refused.err


def test_a_kit_is_renewed_proved_and_printed_by_command(run, protected):
    done = run("recovery", "new", "node.db", *OLD, "--recovery-out", "new", "--recovery-shares",
               "2of2", "--json")  # fmt: skip
    assert done.code == 0, done.err
    assert done.document["recovery"]["files"] == ["new-1of2", "new-2of2"]
    sheets = ("--recovery", "new-1of2", "--recovery", "new-2of2")
    proved = run("recovery", "rehearse", "node.db", *sheets, "--json")
    assert (proved.code, proved.document["lines_outdated"]) == (0, False)
    shown = run("recovery", "show-status", "node.db")
    assert "any 2 of 2" in shown.out
    assert "today" in shown.out
    assert run("recovery", "show-status", "node.db", "--json").document["proved_days_ago"] == 0
    printed = run("recovery", "lines", "node.db", "--qr")
    assert printed.code == 0, printed.err
    lines = printed.out
    assert run("recovery", "lines", "node.db", "--json").document["lines"][0] in lines
    assert (protected.parent / "new-1of2").read_text().count(lines.splitlines()[2]) == 1
    old = run("recovery", "rehearse", "node.db", "--recovery", "kit.txt")
    assert old.code in {21, 22}


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("recover", "node.db", "--recovery", "kit.txt"), 2),
        (("recover", "node.db", "--recovery", "absent", "--recovery-out", "new"), 15),
        (("recover", "node.db", "--recovery", "kit.txt", "--recovery-out", "kit.txt"), 24),
        (("recover", "node.db", "--recovery-out", "new"), 2),
        (("recover", "absent.db", "--recovery", "kit.txt", "--recovery-out", "new"), 15),
        (("recover", "node.db", "--recovery", "node.db", "--recovery-out", "new"), 21),
        (("recovery", "new", "node.db", *OLD), 2),
        (("recovery", "new", "node.db", "--passphrase", "env:WRONG", "--recovery-out", "n"), 3),
        (("recovery", "rehearse", "node.db"), 2),
    ],
)
def test_what_recovery_refuses_leaves_everything_as_it_was(run, protected, arguments, code):
    before = files_in(protected.parent)
    done = run(*arguments, env=environment(WRONG="not the passphrase"))
    assert done.code == code, done.err
    assert "Traceback" not in done.err
    assert files_in(protected.parent) == before


def test_decrypt_by_command(run, protected):
    without = run("decrypt", "node.db", "--to", "plain.db", *OLD)
    assert without.code == 40
    assert "node.db" in without.err
    done = run("decrypt", "node.db", "--to", "plain.db", "--confirm", "node.db", *OLD)
    assert done.code == 0, done.err
    assert "encrypted as before" in done.out
    assert (protected.parent / "plain.db").read_bytes().startswith(b"SQLite format 3")
    again = run("decrypt", "node.db", "--to", "plain.db", "--confirm", "node.db", *OLD, "--json")
    assert again.code == 24


def test_reinit_by_command(run, protected):
    env = environment(NEW_PASS=NEW)
    given = ("--passphrase", "env:NEW_PASS", "--recovery-out", "new.txt", *CHEAP)
    given = (*given, "--cipher", "chacha20")
    assert run("reinit", "node.db", *given, env=env).code == 40
    assert run("reinit", "node.db", "--confirm", "node", *given, env=env).code == 40
    done = run("reinit", "node.db", "--confirm", "node.db", *given, env=env)
    assert done.code == 0, done.err
    assert "Kept" in done.out
    (kept,) = protected.parent.glob("node.db.replaced-*Z")
    assert run("verify", kept.name, *OLD).code == 0
    assert run("verify", "node.db", "--passphrase", "env:NEW_PASS", env=env).code == 0
    assert run("verify", "node.db", "--recovery", "new.txt").code == 0
