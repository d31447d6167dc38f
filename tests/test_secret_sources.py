"""Passphrase sources: what each delivers, byte for byte, and everything that is refused."""

from __future__ import annotations

import os
import shlex
import sys
import threading
from pathlib import Path

import pytest

from wizard.cli import reading
from wizard.cli.reading import MAXIMUM_BYTES
from wizard.cli.sources import Source, SourceKind
from wizard.engine import errors
from wizard.refusals import UsageProblem

VALUE = b"hunter2-correct-horse"


def content(secret):
    with secret, secret.expose() as view:
        return bytes(view)


def open_descriptors():
    return sorted(Path("/proc/self/fd").iterdir())


def pipe_of(data):
    """A descriptor that delivers ``data``; written by a thread, for more than a pipe holds."""
    reading, writing = os.pipe()

    def write():
        try:
            with os.fdopen(writing, "wb") as file:
                file.write(data)
        except BrokenPipeError:
            return

    thread = threading.Thread(target=write, daemon=True)
    thread.start()
    return reading


# What parses ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "kind", "argument"),
    [
        ("env:PASS", SourceKind.ENV, "PASS"),
        ("file:/etc/a b:c", SourceKind.FILE, "/etc/a b:c"),
        ("fd:3", SourceKind.FD, "3"),
        ("stdin", SourceKind.STDIN, ""),
        ("cmd:pass show 'my db'", SourceKind.CMD, "pass show 'my db'"),
        ("cred:node.pass", SourceKind.CRED, "node.pass"),
    ],
)
def test_the_grammar(text, kind, argument):
    assert Source.parse(text) == Source(kind, argument)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "hunter2",
        "pass:hunter2",  # OpenSSL has it; the value would stand on the command line
        "ENV:hunter2",
        "env",
        "env:",
        "env:hunter2 horse",
        "env:2hunter",
        "env:hünter2",
        "file:",
        "file",
        "fd:",
        "fd:hunter2",
        "fd:-1",
        "fd:+1",
        "fd:1234567890",
        "stdin:",
        "stdin:hunter2",
        "cmd:",
        "cmd:   ",
        "cmd:'hunter2",
        "cred:",
        "cred:../hunter2",
        "cred:hunter2/x",
        "cred:..",
        ":hunter2",
    ],
)
def test_what_does_not_fit_is_refused_and_not_repeated(text):
    with pytest.raises(UsageProblem) as refused:
        Source.parse(text)
    assert "hunter2" not in str(refused.value)
    assert "nter2" not in str(refused.value)


def test_a_bare_word_is_told_why():
    with pytest.raises(UsageProblem, match="Never put the passphrase itself on the command line"):
        Source.parse("hunter2")


# What is delivered ----------------------------------------------------------------------------

ENDINGS = [
    (b"", b""),
    (b"\n", b""),
    (b"\r\n", b""),
    (b"\n\n", b"\n"),
    (b"\r\n\r\n", b"\r\n"),
    (b"\r", b"\r"),
    (b" \t", b" \t"),
]


@pytest.fixture(params=["file", "fd", "cmd", "cred"])
def deliver(request, tmp_path, monkeypatch):
    """Return a function that has ``data`` delivered by one kind of source."""

    def by_file(data):
        path = tmp_path / "secret file"
        path.write_bytes(data)
        path.chmod(0o600)
        return Source.parse(f"file:{path}").read()

    def by_descriptor(data):
        return Source.parse(f"fd:{pipe_of(data)}").read()

    def by_command(data):
        path = tmp_path / "it's public"
        path.write_bytes(data)
        return Source.parse(f"cmd:{shlex.join(['cat', str(path)])}").read()

    def by_credential(data):
        monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path))
        (tmp_path / "node").write_bytes(data)
        (tmp_path / "node").chmod(0o400)
        return Source.parse("cred:node").read()

    return {
        "file": by_file,
        "fd": by_descriptor,
        "cmd": by_command,
        "cred": by_credential,
    }[request.param]


@pytest.mark.parametrize(("ending", "left"), ENDINGS)
def test_exactly_one_line_ending_is_removed(deliver, ending, left):
    assert content(deliver(VALUE + ending)) == VALUE + left


def test_bytes_are_not_judged_here(deliver):
    assert content(deliver(b"\x00\xff\xfe")) == b"\x00\xff\xfe"


def test_nothing_is_delivered_as_nothing(deliver):
    assert content(deliver(b"")) == b""


def test_the_longest_passphrase_passes_and_one_byte_more_is_noticed(deliver):
    assert len(content(deliver(b"x" * MAXIMUM_BYTES))) == MAXIMUM_BYTES
    with pytest.raises(errors.InvalidPassphrase) as refused:
        deliver(b"x" * (MAXIMUM_BYTES + 1))
    assert refused.value.code == "too_long"


def test_an_endless_command_is_ended():
    with pytest.raises(errors.InvalidPassphrase):
        Source.parse("cmd:yes").read()


# Variables ------------------------------------------------------------------------------------


def test_nothing_is_removed_from_a_variable(monkeypatch):
    monkeypatch.setenv("NODE_PASS", "hunter2\n")
    assert content(Source.parse("env:NODE_PASS").read()) == b"hunter2\n"


def test_a_variable_is_not_inherited_by_later_programs(monkeypatch):
    monkeypatch.setenv("NODE_PASS", "hunter2")
    Source.parse("env:NODE_PASS").read().close()
    assert "NODE_PASS" not in os.environ


def test_a_variable_that_is_not_set_is_not_named():
    with pytest.raises(UsageProblem) as refused:
        Source.parse("env:hunter2").read()
    assert "hunter2" not in str(refused.value)


def test_a_variable_may_hold_bytes_that_are_not_text(monkeypatch):
    monkeypatch.setitem(os.environb, b"NODE_PASS", b"\xff")
    assert content(Source.parse("env:NODE_PASS").read()) == b"\xff"


def test_a_variable_is_capped(monkeypatch):
    monkeypatch.setenv("NODE_PASS", "x" * (MAXIMUM_BYTES + 1))
    with pytest.raises(errors.InvalidPassphrase):
        Source.parse("env:NODE_PASS").read()


# Files ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o644, 0o660, 0o666])
def test_a_file_that_others_can_read_is_refused_with_the_remedy(tmp_path, mode):
    path = tmp_path / "se cret"
    path.write_bytes(VALUE)
    path.chmod(mode)
    with pytest.raises(UsageProblem, match="can be read by others") as refused:
        Source.parse(f"file:{path}").read()
    assert f"chmod 600 '{path}'" in str(refused.value)


@pytest.mark.parametrize("mode", [0o600, 0o400, 0o700, 0o620, 0o611])
def test_a_file_that_only_its_owner_can_read_is_read(tmp_path, mode):
    path = tmp_path / "secret"
    path.write_bytes(VALUE)
    path.chmod(mode)
    assert content(Source.parse(f"file:{path}").read()) == VALUE


def test_a_link_is_followed_and_what_it_leads_to_is_checked(tmp_path):
    target = tmp_path / "target"
    target.write_bytes(VALUE)
    link = tmp_path / "link"
    link.symlink_to(target)
    target.chmod(0o644)
    with pytest.raises(UsageProblem, match="can be read by others"):
        Source.parse(f"file:{link}").read()
    target.chmod(0o600)
    assert content(Source.parse(f"file:{link}").read()) == VALUE


def test_other_kinds_of_files_are_refused_at_once(tmp_path):
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo, 0o600)
    for path in (fifo, tmp_path, "/dev/null"):
        with pytest.raises(UsageProblem, match="not a regular file"):
            Source.parse(f"file:{path}").read()


@pytest.mark.parametrize("name", ["missing", "missing/below", "x" * 300, "nul\x00name"])
def test_a_file_that_cannot_be_opened_is_a_usage_problem(tmp_path, name):
    with pytest.raises(UsageProblem):
        Source.parse(f"file:{tmp_path}/{name}").read()


def test_a_file_is_closed_again(tmp_path):
    path = tmp_path / "secret"
    path.write_bytes(VALUE)
    path.chmod(0o644)
    before = open_descriptors()
    with pytest.raises(UsageProblem):
        Source.parse(f"file:{path}").read()
    path.chmod(0o600)
    Source.parse(f"file:{path}").read().close()
    assert open_descriptors() == before


# Credentials, descriptors, commands -----------------------------------------------------------


def test_a_credential_needs_its_directory(monkeypatch):
    monkeypatch.delenv("CREDENTIALS_DIRECTORY", raising=False)
    with pytest.raises(UsageProblem, match="CREDENTIALS_DIRECTORY"):
        Source.parse("cred:node").read()


def test_a_descriptor_that_is_not_open_is_a_usage_problem():
    with pytest.raises(UsageProblem, match="Bad file descriptor"):
        Source.parse("fd:987654").read()


def test_a_descriptor_is_closed_after_reading():
    descriptor = pipe_of(VALUE)
    assert content(Source.parse(f"fd:{descriptor}").read()) == VALUE
    with pytest.raises(OSError, match="Bad file descriptor"):
        os.fstat(descriptor)


def test_a_terminal_is_refused_because_it_would_echo():
    ours, theirs = os.openpty()
    try:
        with pytest.raises(UsageProblem, match="would show the passphrase"):
            Source.parse(f"fd:{theirs}").read()
    finally:
        os.close(ours)


def test_a_descriptor_that_does_not_block_is_waited_for():
    reading, writing = os.pipe()
    os.set_blocking(reading, False)
    timer = threading.Timer(0.2, lambda: (os.write(writing, VALUE), os.close(writing)))
    timer.start()
    assert content(Source.parse(f"fd:{reading}").read()) == VALUE


def test_a_command_is_split_as_a_shell_does_but_no_shell_runs(tmp_path):
    marker = tmp_path / "made by a shell"
    delivered = content(Source.parse(f"cmd:echo a 'b  c' ; touch '{marker}' $HOME").read())
    assert delivered == f"a b  c ; touch {marker} $HOME".encode()
    assert not marker.exists()


@pytest.mark.parametrize(
    ("program", "said"),
    [("sys.exit(3)", "exit code 3"), ("os.kill(os.getpid(), 9)", "signal 9")],
)
def test_a_command_that_fails_is_an_error_even_after_output(program, said):
    program = f"import os, sys; print('hunter2', flush=True); {program}"
    with pytest.raises(UsageProblem, match=said) as refused:
        Source.parse(f"cmd:{shlex.join([sys.executable, '-c', program])}").read()
    assert "hunter2" not in str(refused.value)


def test_a_command_that_cannot_be_run_is_not_repeated():
    with pytest.raises(UsageProblem, match="cannot be run") as refused:
        Source.parse("cmd:hunter2-no-such-program").read()
    assert "hunter2" not in str(refused.value)


def test_a_commands_own_messages_pass_through(capfd):
    program = "import sys; sys.stderr.write('touch the key'); print('hunter2')"
    content(Source.parse(f"cmd:{shlex.join([sys.executable, '-c', program])}").read())
    captured = capfd.readouterr()
    assert captured.err == "touch the key"
    assert captured.out == ""


def test_no_copy_is_made_on_the_way(monkeypatch):
    """The bytes are read straight into the secret's own mapping."""
    seen = []
    read_some = reading._read_some

    def spy(descriptor, view):
        seen.append(type(view.obj).__name__)
        return read_some(descriptor, view)

    monkeypatch.setattr(reading, "_read_some", spy)
    Source.parse(f"fd:{pipe_of(VALUE)}").read().close()
    assert set(seen) == {"mmap"}
