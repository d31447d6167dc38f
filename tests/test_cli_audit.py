"""``audit``, ``sign`` and ``verify-signature`` as programs and people use them."""

import subprocess

import pytest

from tests.databases import PASSPHRASE
from tests.programs import needs
from tests.test_cli import environment, run, start  # noqa: F401 - run is a fixture
from tests.test_initialization import protect
from wizard.engine import audit_path


@pytest.fixture
def database(tmp_path):
    protect(tmp_path / "node.db", tmp_path)
    return tmp_path / "node.db"


WITH_PASSPHRASE = ("--passphrase", "env:SECRET")


@pytest.fixture
def told(run):  # noqa: F811
    """Run with the passphrase at hand."""
    return lambda *arguments: run(*arguments, env=environment(SECRET=PASSPHRASE))


def cut(database, lines):
    kept = audit_path(database).read_bytes().splitlines(keepends=True)[:lines]
    audit_path(database).write_bytes(b"".join(kept))


def test_show_prints_the_newest_oldest_first(told, database):
    assert told("verify", "node.db", *WITH_PASSPHRASE).code == 0
    done = told("audit", "show", "node.db", "--last", "2")
    assert done.code == 0, done.err
    first, second = done.out.splitlines()
    assert (first.split()[0], second.split()[0]) == ("3", "4")
    assert "kit_proved done" in first
    assert "verify done  by " in second
    assert " signed  [using passphrase]" in second
    assert "Not verified. That is: datafold-wizard audit verify node.db" in done.err
    document = told("audit", "show", "node.db", "--json").document
    assert [entry["number"] for entry in document["entries"]] == [1, 2, 3, 4]
    assert document["verified"] is False


def test_verify_says_what_it_compared(told, database):
    done = told("audit", "verify", "node.db")
    assert done.code == 0, done.err
    assert "Verified: nothing was removed, changed, reordered or cut off." in done.out
    assert "3, of which 2 signed" in done.out
    document = told("audit", "verify", "node.db", "--json", *WITH_PASSPHRASE).document
    assert (document["entries"], document["anchors"], document["findings"]) == (4, 2, [])


def test_verify_names_what_is_wrong_and_ends_with_33(told, database):
    cut(database, 0)
    done = told("audit", "verify", "node.db")
    assert done.code == 33
    assert done.out == "Entry 1 was cut off at the end.\n"
    assert "Copy the log away as it is" in done.err
    done = told("audit", "verify", "node.db", "--json")
    assert done.document["findings"] == ["Entry 1 was cut off at the end."]
    assert done.document["error"]["code"] == "audit_broken"


def test_what_the_database_remembers_needs_the_passphrase(told, database):
    statement = ("shell", "node.db", "--sql", "SELECT 1", *WITH_PASSPHRASE)
    assert told(*statement).code == 0
    cut(database, 2)
    assert told("audit", "verify", "node.db").code == 0
    done = told("audit", "verify", "node.db", *WITH_PASSPHRASE)
    assert (done.code, done.out) == (33, "Entry 4 was cut off at the end.\n")
    warned = told(*statement)
    assert warned.code == 0
    assert "Warning: Entries of the audit log that the database remembers" in warned.err


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        (("audit",), 2, "Usage"),
        (("audit", "show"), 2, "Missing argument"),
        (("audit", "show", "none.db"), 15, "There is no file"),
        (("audit", "verify", "none.db"), 34, "There is no audit log"),
        (("audit", "show", "node.db", "--last", "0"), 2, "0 is not in the range"),
        (("audit", "verify", "node.db", "--inside"), 2, "--passphrase"),
        (("audit", "verify", "node.db", "--passphrase", "env:NODE_PASS"), 3, "wrong"),
        (("sign", "node.db", "none.pdf"), 2, "none.pdf"),
        (("sign", "node.db", "sheet-1.txt", "--passphrase", "env:NODE_PASS"), 3, "wrong"),
        (("sign", "none.db", "sheet-1.txt"), 15, "There is no file"),
        (("verify-signature", "node.db", "sheet-1.txt", "sheet-1.txt"), 39, "no signature"),
        (("verify-signature", "none.db", "sheet-1.txt", "sheet-1.txt"), 15, "There is no file"),
    ],
)
def test_bad_input_is_a_sentence_and_a_code(told, database, arguments, code, says):
    done = told(*arguments)
    assert done.code == code, done.err
    assert says in done.out + done.err
    assert "Traceback" not in done.err


def test_sign_and_verify_signature(told, database, tmp_path):
    (tmp_path / "report.pdf").write_bytes(b"the report")
    done = told("sign", "node.db", "report.pdf", *WITH_PASSPHRASE)
    assert done.code == 0, done.err
    assert "verify-signature node.db report.pdf report.pdf.sig" in done.out
    again = told("sign", "node.db", "report.pdf", *WITH_PASSPHRASE)
    assert (again.code, "not overwritten" in again.err) == (24, True)
    held = told("verify-signature", "node.db", "report.pdf", "report.pdf.sig")
    assert held.code == 0, held.err
    assert "Verified:" in held.out
    document = told(
        "verify-signature", "node.db", "report.pdf", "report.pdf.sig", "--json"
    ).document
    assert document["allowed_signers"].startswith('datafold-wizard namespaces="file" ssh-ed25519 ')
    (tmp_path / "report.pdf").write_bytes(b"another")
    refused = told("verify-signature", "node.db", "report.pdf", "report.pdf.sig")
    assert refused.code == 39
    assert "do not use the file" in refused.err


@needs("ssh-keygen")
def test_what_sign_prints_works_in_a_shell(told, database, tmp_path):
    (tmp_path / "a file").write_bytes(b"the report")
    done = told("sign", "node.db", "a file", "--output", "out sig", *WITH_PASSPHRASE)
    lines = [
        line.split(None, 1)[1] if line[0] != " " else line.strip() for line in done.out.splitlines()
    ]
    at = next(n for n, line in enumerate(lines) if "ssh-keygen" in line)
    signers = lines[at + 2].removeprefix("is ").strip()
    (tmp_path / "SIGNERS").write_text(signers + "\n")
    command = f"{lines[at].split('stock', 1)[-1].strip()} {lines[at + 1]}"
    shell = subprocess.run(
        ["sh", "-c", command], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert shell.returncode == 0, (command, shell.stderr)
