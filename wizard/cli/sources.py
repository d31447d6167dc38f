"""Where a passphrase comes from when nobody types it: OpenSSL's grammar, never the value itself.

- ``env:NAME``, ``file:PATH``, ``fd:N``, ``stdin``, ``cmd:COMMAND`` and ``cred:NAME``.
- What does not fit the grammar is refused without being repeated: it may be the passphrase.
- Bytes go from the operating system straight into a `Secret`; no ``bytes`` or ``str`` is made.
- Exactly one line ending is removed from what files, descriptors and commands deliver, nothing
  from a variable. What the bytes mean is the engine's to judge.
"""

from __future__ import annotations

import os
import re
import shlex
import stat
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from wizard import engine
from wizard.cli.reading import MAXIMUM_BYTES, read_all, too_long, without_line_ending
from wizard.refusals import UsageProblem

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Sequence

GRAMMAR = "env:NAME, file:PATH, fd:NUMBER, stdin, cmd:COMMAND or cred:NAME"

_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*", re.ASCII)
_DESCRIPTOR = re.compile(r"[0-9]{1,9}", re.ASCII)
_READABLE_BY_OTHERS = stat.S_IRGRP | stat.S_IROTH


class SourceKind(StrEnum):
    """The word before the colon."""

    ENV = "env"
    FILE = "file"
    FD = "fd"
    STDIN = "stdin"
    CMD = "cmd"
    CRED = "cred"


@dataclass(frozen=True, slots=True)
class Source:
    """A place to read a passphrase from; public, unlike what it holds."""

    kind: SourceKind
    argument: str

    @classmethod
    def parse(cls, text: str) -> Source:
        """Read the grammar. Raises `UsageProblem`, which does not repeat ``text``."""
        word, colon, argument = text.partition(":")
        if word not in set(SourceKind) or bool(colon) == (word == SourceKind.STDIN):
            raise UsageProblem(
                f"A passphrase source is one of {GRAMMAR}. Never put the passphrase itself on the "
                "command line: other users can read it there, and the shell's history keeps it."
            )
        kind = SourceKind(word)
        _check_argument(kind, argument)
        return cls(kind, argument)

    def read(self) -> engine.Secret:
        """Return what the source delivers, less one line ending; the caller closes it.

        Raises `UsageProblem` when there is nothing to read or it may not be used, and
        `InvalidPassphrase` when it is longer than any passphrase. A variable is
        taken out of the environment, a descriptor is closed: neither is there for programs that
        are started later, and so a source is read once.
        """
        match self.kind:
            case SourceKind.ENV:
                return _from_variable(self.argument)
            case SourceKind.FILE:
                return _from_file(self.argument)
            case SourceKind.CRED:
                return _from_file(_credential(self.argument))
            case SourceKind.CMD:
                return _from_command(shlex.split(self.argument))
            case SourceKind.FD:
                return _from_descriptor(int(self.argument))
            case SourceKind.STDIN:
                return _from_descriptor(0)


def _check_argument(kind: SourceKind, argument: str) -> None:
    match kind:
        case SourceKind.ENV:
            # Not repeated: somebody may have put the value where the name belongs.
            fault = "env: is followed by the name of a variable, not by its value."
            sound = _VARIABLE.fullmatch(argument) is not None
        case SourceKind.FD:
            fault = "fd: is followed by the number of an open file descriptor."
            sound = _DESCRIPTOR.fullmatch(argument) is not None
        case SourceKind.CRED:
            fault = "cred: is followed by the name of a systemd credential, without slashes."
            sound = bool(argument) and "/" not in argument and argument not in {".", ".."}
        case SourceKind.CMD:
            fault = "cmd: is followed by a program and its arguments, quoted as for a shell."
            sound = _splits(argument)
        case _:
            fault = "file: is followed by the path of a file."
            sound = bool(argument) or kind is SourceKind.STDIN
    if not sound:
        raise UsageProblem(fault)


def _splits(command: str) -> bool:
    try:
        return bool(shlex.split(command))
    except ValueError:
        return False


def _from_variable(name: str) -> engine.Secret:
    value = os.environb.get(os.fsencode(name))
    if value is None:
        raise UsageProblem("The environment variable named in the passphrase source is not set.")
    # Programs started from here on (the shell's .shell, say) do not inherit it.
    del os.environb[os.fsencode(name)]
    if len(value) > MAXIMUM_BYTES:
        raise too_long()
    return engine.Secret.copy_of(value)


def _credential(name: str) -> str:
    directory = os.environ.get("CREDENTIALS_DIRECTORY")
    if not directory:
        raise UsageProblem(
            "cred: needs systemd's $CREDENTIALS_DIRECTORY, and it is not set here "
            "(LoadCredential= in the unit sets it)."
        )
    return os.path.join(directory, name)  # noqa: PTH118 - stays text, as in file:


def _from_file(path: str) -> engine.Secret:
    """Read a regular file that only its owner can read.

    A symbolic link is followed: the checks are made on what was opened, so nobody can exchange
    the file between check and use, and secret mounts of containers are links. O_NONBLOCK keeps a
    FIFO from blocking before it is refused.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK | os.O_NOCTTY)
    except OSError as error:
        raise UsageProblem(f"The passphrase file {path}: {error.strerror}.") from None
    except ValueError:
        raise UsageProblem("The path of the passphrase file holds a NUL character.") from None
    try:
        found = os.fstat(descriptor)
        if not stat.S_ISREG(found.st_mode):
            raise UsageProblem(f"The passphrase file {path} is not a regular file.")
        # An access control list that lets others read shows in the group bits: they are its mask.
        if found.st_mode & _READABLE_BY_OTHERS:
            raise UsageProblem(
                f"The passphrase file {path} can be read by others "
                f"(mode {stat.S_IMODE(found.st_mode):04o}); “chmod 600 {shlex.quote(path)}” ends that."
            )
        return without_line_ending(read_all(descriptor))
    finally:
        os.close(descriptor)


def _from_descriptor(number: int) -> engine.Secret:
    if os.isatty(number):
        raise UsageProblem(
            "A terminal would show the passphrase. Leave --passphrase out to be asked without echo."
        )
    try:
        return without_line_ending(read_all(number))
    except OSError as error:
        raise UsageProblem(f"File descriptor {number}: {error.strerror}.") from None
    finally:
        if number > 2:  # noqa: PLR2004 - the standard streams stay open
            _close_quietly(number)


def _close_quietly(descriptor: int) -> None:
    try:
        os.close(descriptor)
    except OSError:
        return


def _from_command(command: Sequence[str]) -> engine.Secret:
    """Run a program without a shell; its standard error and input stay the terminal's."""
    import subprocess  # noqa: PLC0415 - for this one source only

    ours, theirs = os.pipe()
    try:
        try:
            process = subprocess.Popen(command, stdout=theirs)
        except (OSError, ValueError) as error:
            reason = error.strerror if isinstance(error, OSError) else "not a command"
            raise UsageProblem(f"The passphrase command cannot be run: {reason}.") from None
        finally:
            os.close(theirs)
        return _from_process(process, ours)
    finally:
        os.close(ours)


def _from_process(process: subprocess.Popen[bytes], output: int) -> engine.Secret:
    try:
        secret = read_all(output)
    except BaseException:
        process.kill()
        process.wait()
        raise
    try:
        code = process.wait()
    except BaseException:
        secret.close()
        raise
    if code != 0:
        secret.close()
        ended = f"exit code {code}" if code > 0 else f"signal {-code}"
        raise UsageProblem(f"The passphrase command ended with {ended}.")
    return without_line_ending(secret)
