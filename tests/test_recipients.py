"""Sheets encrypted to a public key: opened again by pyrage, and by the stock `age` program."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pyrage
import pytest

from tests.programs import needs
from wizard import engine
from wizard.engine.recipients import encrypt_to, recipients_from

SHEET = "DATAFOLD-WIZARD RECOVERY SHEET 1 OF 1\nÄ 1. academic\n".encode()
KINDS = ["age", *(pytest.param(kind, marks=needs("ssh-keygen")) for kind in ("ed25519", "rsa"))]


def make_key(directory: Path, kind: str) -> tuple[str, Path]:
    """Return a public key line and the file of its private half."""
    private = directory / f"id_{kind}"
    if kind == "age":
        identity = pyrage.x25519.Identity.generate()
        private.write_text(f"{identity}\n")
        return str(identity.to_public()), private
    size = ["-b", "2048"] if kind == "rsa" else []
    subprocess.run(
        ["ssh-keygen", "-q", "-t", kind, *size, "-N", "", "-C", "ada@work", "-f", private],
        check=True,
    )
    return private.with_suffix(".pub").read_text().strip(), private


def identity_in(private: Path) -> object:
    text = private.read_text()
    if text.startswith("AGE-SECRET-KEY"):
        return pyrage.x25519.Identity.from_str(text.strip())
    return pyrage.ssh.Identity.from_buffer(text.encode())


@pytest.mark.parametrize("kind", KINDS)
def test_the_holder_of_the_private_key_reads_the_sheet(kind, tmp_path):
    line, private = make_key(tmp_path, kind)
    (recipient,) = recipients_from(line)
    sealed = encrypt_to([recipient], SHEET)
    assert sealed.startswith(b"-----BEGIN AGE ENCRYPTED FILE-----\n")
    assert b"academic" not in sealed
    assert pyrage.decrypt(sealed, [identity_in(private)]) == SHEET
    (elsewhere := tmp_path / "elsewhere").mkdir()
    _line, other = make_key(elsewhere, kind)
    with pytest.raises(pyrage.DecryptError):
        pyrage.decrypt(sealed, [identity_in(other)])


@needs("age")
@pytest.mark.parametrize("kind", KINDS)
def test_the_stock_program_decrypts_it(kind, tmp_path):
    line, private = make_key(tmp_path, kind)
    file = tmp_path / "sheet.age"
    file.write_bytes(encrypt_to(recipients_from(line), SHEET))
    private.chmod(0o600)
    done = subprocess.run(
        ["age", "--decrypt", "--identity", private, file], capture_output=True, check=True
    )
    assert done.stdout == SHEET


@needs("ssh-keygen")
def test_a_file_may_hold_several_keys_and_comments(tmp_path):
    made = [make_key(tmp_path, kind) for kind in ("age", "ed25519")]
    file = tmp_path / "keys.txt"
    file.write_text("# who may read\n\n" + "\n".join(line for line, _private in made) + "\n")
    recipients = recipients_from(str(file))
    assert [recipient.kind for recipient in recipients] == ["age", "ssh-ed25519"]
    assert recipients[1].name == "ada@work"
    sealed = encrypt_to(recipients, SHEET)
    for _line, private in made:
        assert pyrage.decrypt(sealed, [identity_in(private)]) == SHEET


@pytest.mark.parametrize(
    ("content", "error", "said"),
    [
        ("-----BEGIN OPENSSH PRIVATE KEY-----\nAAAA\n", engine.InvalidInput, "private key"),
        ("# made\nAGE-SECRET-KEY-1QQQ\n", engine.InvalidInput, "private key"),
        ("ecdsa-sha2-nistp256 AAAA x\n", engine.InvalidInput, "line 1: this is not an age key"),
        ("\nssh-ed25519 AAAA x\n", engine.InvalidInput, "line 2: this ssh-ed25519 key cannot"),
        ("age1qqqq\n", engine.InvalidInput, "is it complete?"),
        ("# nothing\n", engine.InvalidInput, "no public key"),
        ("", engine.InvalidInput, "no public key"),
        (b"\xff\xfe", engine.InvalidInput, "not a text file"),
        ("x" * 70_000, engine.InvalidInput, "too long"),
        (None, engine.InvalidInput, "neither a file nor"),
    ],
)
def test_what_is_no_public_key_is_refused_in_a_sentence(content, error, said, tmp_path):
    file = tmp_path / "keys"
    if content is not None:
        file.write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(error, match=said):
        recipients_from(str(file))


@pytest.mark.parametrize("text", ["", "AGE-SECRET-KEY-1QQQ", "age1", "ssh-rsa AAAA"])
def test_a_typed_text_that_is_no_public_key_is_refused(text):
    with pytest.raises(engine.InvalidInput) as caught:
        recipients_from(text)
    assert "QQQ" not in str(caught.value)
