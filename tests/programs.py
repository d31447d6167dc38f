"""What tests need of the machine: where it is missing, a test says so and is skipped.

In continuous integration (CI is set) nothing is skipped for it: there `.ci/run` installs the
programs of others that this one is held against, and a test that finds one missing fails for it.
"""

from __future__ import annotations

import os
import shutil
from typing import NoReturn

import pytest

PACKAGES = {
    "age": "age",
    "ssh": "openssh-client",
    "ssh-keygen": "openssh-client",
    "sshd": "openssh-server",
    "strace": "strace",
    "systemd-analyze": "systemd",
    "tmux": "tmux",
}
"""The program, and the Debian package that has it."""

_ALSO_IN = ("/usr/sbin", "/usr/local/sbin", "/sbin")


def where(program: str) -> str:
    """The program's path, or its name where it is missing; servers are not on everybody's PATH."""
    directories = [*os.environ.get("PATH", os.defpath).split(os.pathsep), *_ALSO_IN]
    return shutil.which(program, path=os.pathsep.join(directories)) or program


def needs(*programs: str) -> pytest.MarkDecorator:
    """The mark of a test, or of a parameter, that runs these programs."""
    missing = [program for program in programs if where(program) == program]
    packages = sorted({PACKAGES[program] for program in programs if program in missing})
    why = f"missing: {', '.join(missing)}; install {' '.join(packages)}"
    return unless(why if missing else None)


def unless(why: str | None) -> pytest.MarkDecorator:
    """The mark of a test that cannot run here for this reason; None: it can."""
    return pytest.mark.skipif(why is not None and not os.environ.get("CI"), reason=why or "")


def cannot_run(why: str) -> NoReturn:
    """End a test, or a fixture, that finds out only then that it cannot run here."""
    assert not os.environ.get("CI"), why
    pytest.skip(why)
