"""Signatures over files: ours before the real ssh-keygen, and the real one's before us."""

import base64
import re
import subprocess

import pytest

import wizard
from tests.databases import PASSPHRASE
from tests.programs import needs
from tests.test_initialization import CHEAP, protect
from wizard.engine import (
    Cancelled,
    CancelToken,
    NotProtected,
    TargetAbsent,
    Unreadable,
    WrongPassphrase,
    WrongSignature,
    audit_path,
    change_passphrase,
    inspect,
    read_log,
    sign_file,
    verify_log,
    verify_signature,
)
from wizard.engine.encoding import Malformed
from wizard.engine.sshsig import read_public_key, read_signature

stock = needs("ssh-keygen")


@pytest.fixture(scope="module")
def signed(tmp_path_factory):
    """A database, a file, and its signature file."""
    directory = tmp_path_factory.mktemp("signed")
    database = directory / "node.db"
    protect(database, directory)
    file = directory / "report.pdf"
    file.write_bytes(b"%PDF the report" * 1000)
    made = sign_file(database, file, PASSPHRASE)
    signature = directory / "report.pdf.sig"
    signature.write_text(made.text)
    (directory / "signers").write_text(made.allowed_signers + "\n")
    return directory, database, file, signature


def keygen(*arguments, given=b""):
    return subprocess.run(
        ["ssh-keygen", *map(str, arguments)], input=given, capture_output=True, check=False
    )


def stock_verify(directory, signature, content, *, identity="datafold-wizard"):
    return keygen(
        "-Y", "verify", "-f", directory / "signers", "-I", identity, "-n", "file", "-s", signature,
        given=content,
    )  # fmt: skip


@stock
def test_stock_ssh_keygen_accepts_ours_and_refuses_another_file(signed):
    directory, _database, file, signature = signed
    done = stock_verify(directory, signature, file.read_bytes())
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith(b'Good "file" signature for datafold-wizard with ED25519 key')
    assert stock_verify(directory, signature, file.read_bytes() + b"x").returncode != 0
    assert stock_verify(directory, signature, file.read_bytes(), identity="x").returncode != 0


@stock
def test_signature_of_an_empty_file(signed, tmp_path):
    directory, database, _file, _signature = signed
    (tmp_path / "empty").write_bytes(b"")
    made = sign_file(database, tmp_path / "empty", PASSPHRASE)
    (tmp_path / "empty.sig").write_text(made.text)
    assert stock_verify(directory, tmp_path / "empty.sig", b"").returncode == 0
    assert verify_signature(database, tmp_path / "empty", tmp_path / "empty.sig").generation == 1


@stock
@pytest.mark.parametrize("hash_name", ["sha512", "sha256"])
def test_signature_by_an_ordinary_key_is_judged_right(signed, tmp_path, hash_name):
    _directory, database, file, _signature = signed
    content = tmp_path / "report"
    content.write_bytes(file.read_bytes())
    assert keygen("-q", "-t", "ed25519", "-N", "", "-f", tmp_path / "key").returncode == 0
    done = keygen(
        "-Y", "sign", "-f", tmp_path / "key", "-n", "file", "-O", f"hashalg={hash_name}", content
    )
    assert done.returncode == 0, done.stderr
    found = verify_signature(tmp_path / "key.pub", content, tmp_path / "report.sig")
    assert (found.generation, found.current) == (0, 0)
    # Read and written again it is the same file: the encoding is the stock one.
    assert found.text == (tmp_path / "report.sig").read_text()
    with pytest.raises(WrongSignature, match="another key"):
        verify_signature(database, content, tmp_path / "report.sig")
    content.write_bytes(content.read_bytes() + b"x")
    with pytest.raises(WrongSignature, match="not what was signed"):
        verify_signature(tmp_path / "key.pub", content, tmp_path / "report.sig")


@stock
@pytest.mark.parametrize("kind", [("-t", "ecdsa"), ("-t", "rsa", "-b", "2048")])
def test_key_of_another_type_is_refused(tmp_path, kind):
    (tmp_path / "report").write_text("x")
    keygen("-q", *kind, "-N", "", "-f", tmp_path / "key")
    keygen("-Y", "sign", "-f", tmp_path / "key", "-n", "file", tmp_path / "report")
    with pytest.raises(Malformed, match="Ed25519"):
        read_signature((tmp_path / "report.sig").read_bytes())


@stock
def test_signature_for_another_purpose_is_refused(tmp_path):
    (tmp_path / "report").write_text("x")
    keygen("-q", "-t", "ed25519", "-N", "", "-f", tmp_path / "key")
    keygen("-Y", "sign", "-f", tmp_path / "key", "-n", "git", tmp_path / "report")
    with pytest.raises(WrongSignature, match="namespace"):
        verify_signature(tmp_path / "key.pub", tmp_path / "report", tmp_path / "report.sig")


def test_ours_before_us(signed, tmp_path):
    _directory, database, file, signature = signed
    found = verify_signature(database, file, signature)
    assert (found.generation, found.current, found.warnings) == (1, 1, ())
    assert found.key == inspect(database).metadata.public_key
    for text in (
        found.key.openssh("somebody"),
        found.allowed_signers,
        f"# a\n\n{found.key.openssh()}",
    ):
        (tmp_path / "key.pub").write_text(text + "\n")
        assert verify_signature(tmp_path / "key.pub", file, signature).key == found.key
    (tmp_path / "changed").write_bytes(file.read_bytes()[:-1])
    with pytest.raises(WrongSignature, match="not what was signed"):
        verify_signature(database, tmp_path / "changed", signature)


def test_signature_of_an_earlier_generation_counts_and_is_told(signed, tmp_path):
    _directory, _database, file, _signature = signed
    database = tmp_path / "a.db"
    wizard.initialize(database, PASSPHRASE, recovery=None, params=CHEAP)
    (tmp_path / "sig").write_text(sign_file(database, file, PASSPHRASE).text)
    change_passphrase(database, PASSPHRASE, new_passphrase="another horse battery staple-8")
    found = verify_signature(database, file, tmp_path / "sig")
    assert (found.generation, found.current) == (1, 2)
    assert "generation 1" in found.warnings[0]


def test_signing_is_recorded_and_signed(signed):
    _directory, database, file, _signature = signed
    with pytest.raises(WrongPassphrase):
        sign_file(database, file, PASSPHRASE + "x")
    newest, *_, first = [entry for entry in read_log(database) if entry.event == "sign"]
    assert (newest.outcome, newest.details["error"]) == ("failed", "wrong_passphrase")
    assert (first.outcome, first.details["file"], bool(first.signature)) == (
        "done",
        "report.pdf",
        True,
    )
    verify_log(database)


def bent(text, blob_change):
    body = "".join(text.split("\n")[1:-2])
    blob = blob_change(base64.b64decode(body))
    encoded = base64.b64encode(blob).decode()
    return f"-----BEGIN SSH SIGNATURE-----\n{encoded}\n-----END SSH SIGNATURE-----\n"


REFUSED = {
    "empty": lambda _text: "",
    "no end": lambda text: text.replace("-----END", "-----FIN"),
    "text before": lambda text: "hello\n" + text,
    "twice": lambda text: text + text,
    "not ASCII": lambda text: "é" + text,
    "base64 with a hole": lambda text: text.replace("A", "*", 1),
    "base64 not canonical": lambda text: re.sub(r"(\n-----END)", r"=\1", text),
    "too large": lambda text: text + " " * 70_000,
    "other magic": lambda text: bent(text, lambda b: b"SSHSIF" + b[6:]),
    "version 2": lambda text: bent(text, lambda b: b[:9] + b"\x02" + b[10:]),
    "cut short": lambda text: bent(text, lambda b: b[:-1]),
    "bytes left over": lambda text: bent(text, lambda b: b + b"\0"),
    "length of four gibibytes": lambda text: bent(text, lambda b: b[:10] + b"\xff" * 4 + b[14:]),
    "other namespace": lambda text: bent(text, lambda b: b.replace(b"\x04file", b"\x04fill")),
    "sha1": lambda text: bent(text, lambda b: b.replace(b"\x06sha512", b"\x04sha1")),
    "md5 of the same length": lambda text: bent(text, lambda b: b.replace(b"sha512", b"md5   ")),
    "changed signature": lambda text: bent(text, lambda b: b[:-1] + bytes([b[-1] ^ 1])),
    "changed key": lambda text: bent(text, lambda b: b[:40] + bytes([b[40] ^ 1]) + b[41:]),
}


@pytest.mark.parametrize("name", REFUSED)
def test_signature_file_that_is_refused(signed, tmp_path, name):
    _directory, database, file, signature = signed
    broken = REFUSED[name](signature.read_text())
    assert broken != signature.read_text()
    (tmp_path / "sig").write_text(broken, encoding="utf-8")
    with pytest.raises(WrongSignature):
        verify_signature(database, file, tmp_path / "sig")


@pytest.mark.parametrize(
    "line",
    [b"", b"ssh-rsa AAAA", b"ssh-ed25519", b"ssh-ed25519 !!!!", b"ssh-ed25519 AAAA", b"\xff"],
)
def test_what_is_no_public_key(line):
    with pytest.raises(Malformed):
        read_public_key(line)


def test_what_cannot_be_read_is_said(signed, tmp_path):
    directory, database, file, signature = signed
    (tmp_path / "plain.db").write_bytes(b"SQLite format 3\0" + b"\0" * 500)
    for arguments, error in [
        ((database, tmp_path / "none", signature), TargetAbsent),
        ((database, directory, signature), Unreadable),
        ((database, file, tmp_path / "none"), TargetAbsent),
        ((tmp_path / "none", file, signature), TargetAbsent),
        ((tmp_path / "plain.db", file, signature), NotProtected),
    ]:
        with pytest.raises(error):
            verify_signature(*arguments)


def test_long_file_is_read_in_pieces_and_can_be_stopped(signed, tmp_path):
    _directory, database, _file, _signature = signed
    with (tmp_path / "large").open("wb") as file:
        file.truncate(64 * 1024 * 1024)
    token = CancelToken()
    seen = []

    def progress(event):
        seen.append(event.done)
        if len(seen) == 3:
            token.cancel()

    with pytest.raises(Cancelled):
        sign_file(database, tmp_path / "large", PASSPHRASE, progress=progress, cancel=token)
    assert seen == [1 << 20, 2 << 20, 3 << 20]
    assert audit_path(database).exists()
