"""Programs of others that tests hold this one against: missing, a test says so and is skipped.

In continuous integration (CI is set) nothing is skipped: there `.ci/run` installs them all, and a
test that finds one missing fails for it.
"""

from __future__ import annotations

import os
import shutil

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
    return pytest.mark.skipif(
        bool(missing) and not os.environ.get("CI"),
        reason=f"missing: {', '.join(missing)}; install {' '.join(packages)}",
    )
