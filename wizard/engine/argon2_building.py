"""The installed version of argon2-cffi-bindings is compiled once more, for a newer processor.

- Source and build are argon2-cffi's own, fetched by pip from where pip is told to fetch from, and of
  exactly the version that is installed. Nothing differs but the compiler's flags.
- The flags name one feature, never "this machine": so it is known what the result needs.
- pip's cache is left out: a wheel with these flags in it would be taken for an ordinary one later.
- Everything happens in a directory of the caller's, and nothing outside it is changed.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import sysconfig
import zipfile
from contextlib import suppress
from importlib.machinery import EXTENSION_SUFFIXES
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from wizard.engine.argon2_choice import FEATURE
from wizard.engine.errors import CannotBuild, NoSpace

if TYPE_CHECKING:
    from collections.abc import Mapping

    from wizard.engine.progress import CancelToken

DISTRIBUTION = "argon2-cffi-bindings"
FLAGS = f"-O3 -m{FEATURE}"

_COMPILERS = ("cc", "gcc", "clang")
_LOOK_SECONDS = 0.1
_LONGEST_REASON = 300
# Each would change what is compiled, or where pip puts it.
_LEFT_OUT = (
    *("CFLAGS", "CPPFLAGS", "CMAKE_ARGS", "ARGON2_CFFI_USE_SYSTEM", "ARGON2_CFFI_USE_SSE2"),
    *("PIP_CONFIG_SETTINGS", "PIP_GLOBAL_OPTION", "PIP_BUILD_OPTION"),
)
_OUT_OF_REACH = (
    *("No matching distribution", "Could not find a version", "ConnectionError", "ConnectTimeout"),
    *("Temporary failure in name resolution", "Max retries exceeded"),
)
_FULL = ("No space left on device", "Disk quota exceeded")


def installed_version() -> str:
    """Return the version of the binding that is installed. Raises `CannotBuild`."""
    try:
        return version(DISTRIBUTION)
    except PackageNotFoundError:
        raise CannotBuild(
            "version", f"It is not known which version of {DISTRIBUTION} is installed."
        ) from None


def check_tools() -> None:
    """Raise `CannotBuild` where pip, a compiler or Python's header files are missing."""
    if find_spec("pip") is None:
        raise CannotBuild("pip", f"There is no pip for {sys.executable}, which would fetch it.")
    named = os.environ.get("CC", "").split()[:1]
    if not any(shutil.which(name) for name in named or _COMPILERS):
        looked_for = named[0] if named else "cc, gcc or clang"
        raise CannotBuild("compiler", f"There is no C compiler here ({looked_for}).")
    header = Path(sysconfig.get_path("include"), "Python.h")
    if not header.is_file():
        raise CannotBuild("headers", f"Python's header files are not here ({header}).")


def compile_library(directory: Path, *, cancel: CancelToken) -> Path:
    """Compile it in ``directory``, and return the library there. Takes 5 to 60 seconds.

    Raises `CannotBuild`, `NoSpace` or `Cancelled`.
    """
    wheels = directory / "wheels"
    _run_pip(
        [
            *("wheel", "--no-deps", "--no-cache-dir", "--no-input", "--disable-pip-version-check"),
            *("--retries", "1", "--no-binary", DISTRIBUTION, "--wheel-dir", str(wheels)),
            f"{DISTRIBUTION}=={installed_version()}",
        ],
        directory,
        cancel=cancel,
    )
    names = {f"_argon2_cffi_bindings/_ffi{suffix}" for suffix in EXTENSION_SUFFIXES}
    for wheel in wheels.glob("*.whl"):
        with zipfile.ZipFile(wheel) as archive:
            for name in names & set(archive.namelist()):
                library = directory / Path(name).name
                library.write_bytes(archive.read(name))
                return library
    raise CannotBuild("build", "pip made no library that this Python could load.")


def run_module(
    words: list[str],
    directory: Path,
    *,
    answer: Path,
    errors: int,
    environment: Mapping[str, str] | None = None,
    cancel: CancelToken,
) -> int:
    """Run a module with its arguments in ``directory``; return its exit code.

    What it says goes to the file ``answer``, and ``errors`` is where `subprocess` sends the rest.
    Raises `Cancelled`, and however it is left nothing of it runs on.
    """
    with answer.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-P", "-m", *words],
            cwd=directory,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=errors,
            # A session of its own: Ctrl+C reaches us, and we end it whole.
            start_new_session=True,
        )
    try:
        while True:
            cancel.check()
            with suppress(subprocess.TimeoutExpired):
                return process.wait(_LOOK_SECONDS)
    finally:
        if process.returncode is None:
            _stop(process)


def _stop(process: subprocess.Popen[bytes]) -> None:
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def _run_pip(arguments: list[str], directory: Path, *, cancel: CancelToken) -> None:
    environment = {name: text for name, text in os.environ.items() if name not in _LEFT_OUT}
    # Temporary files too: where /tmp may not hold programs, this is the place that may.
    environment |= {"CFLAGS": FLAGS, "TMPDIR": str(directory), "LC_ALL": "C"}
    log = directory / "pip.log"
    if run_module(
        ["pip", *arguments],
        directory,
        answer=log,
        errors=subprocess.STDOUT,
        environment=environment,
        cancel=cancel,
    ):
        raise _refusal(log.read_text(encoding="utf-8", errors="replace"), directory)


def _refusal(said: str, directory: Path) -> Exception:
    if any(words in said for words in _FULL):
        free = shutil.disk_usage(directory).free
        return NoSpace(directory=directory.parent, needed=0, available=free, refused=28)
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    errors = [line for line in lines if "error" in line.lower()] or lines or ["it said nothing"]
    reason = next((line for line in errors if "error:" in line.lower()), errors[-1])
    reason = reason.removeprefix("ERROR: ")[:_LONGEST_REASON].rstrip(".")
    if any(words in said for words in _OUT_OF_REACH):
        return CannotBuild("fetch", f"pip could not fetch what is needed to build it: {reason}.")
    return CannotBuild("build", f"pip could not build it: {reason}.")
