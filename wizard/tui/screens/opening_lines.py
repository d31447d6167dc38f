"""The exact lines that open a database: for a shell, for a program, for a service. None is secret."""

from __future__ import annotations

import re
import shlex
import shutil
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

PROGRAM = "datafold-wizard"


def installed() -> str | None:
    """Where the program is, or None: on the PATH, or beside the Python that runs it (a venv)."""
    beside = Path(sys.executable).with_name(PROGRAM)
    return shutil.which(PROGRAM) or (str(beside) if beside.is_file() else None)


def shell_lines(path: str) -> tuple[str, ...]:
    """What to type in a shell: open, look, prove."""
    found = installed()
    program = PROGRAM if found is None or shutil.which(PROGRAM) else shlex.quote(found)
    quoted = shlex.quote(path)
    return (
        f"{program} shell {quoted}",
        f"{program} status {quoted}",
        f"{program} verify {quoted}",
    )


def python_lines(path: str) -> tuple[str, ...]:
    """What to write in a program."""
    return (
        "from getpass import getpass",
        "import wizard",
        f"with wizard.unlock({path!r}, getpass) as database:",
        '    print(database.connection.execute("SELECT * FROM sqlite_schema").get)',
    )


def systemd_lines(path: str) -> tuple[str, ...]:
    """How a service gets the passphrase, sealed to this machine, and proves it before it starts."""
    name = credential_name(path)
    sealed = f"/etc/credstore.encrypted/{name}"
    program = installed() or f"/usr/local/bin/{PROGRAM}"
    return (
        "# As root, once: seal the passphrase to this machine.",
        "systemd-ask-password -n |",
        f"  systemd-creds encrypt --name={name} - {sealed}",
        "",
        "# In the service's unit file:",
        "[Service]",
        f"LoadCredentialEncrypted={name}:{sealed}",
        f"ExecStartPre={_unit_word(program)} verify \\",
        f"  {_unit_word(path)} --passphrase cred:{name}",
        "",
        "# In its program, where os and pathlib.Path are imported:",
        f'passphrase = Path(os.environ["CREDENTIALS_DIRECTORY"], "{name}").read_bytes()',
    )


def credential_name(path: str) -> str:
    """A name that systemd takes, from the database's own."""
    return re.sub(r"[^A-Za-z0-9_.-]", "-", Path(path).stem).strip(".-") or "database"


def _unit_word(text: str) -> str:
    """One word of a unit file's command line: systemd.service(5) and systemd.syntax(7)."""
    text = text.replace("%", "%%").replace("$", "$$")
    if re.search(r"[\s\"'\\;]", text):
        escaped = text.replace("\\", "\\\\").replace('"', '\\"')
        return f'"{escaped}"'
    return text


LINES: Mapping[str, Callable[[str], tuple[str, ...]]] = {
    "shell": shell_lines,
    "python": python_lines,
    "systemd": systemd_lines,
}
