"""Every check there is, in one command: `python -m tests`."""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PROGRAMS = Path(sys.executable).parent
# One more than processors, since many a test waits for a terminal; but key derivations take memory.
PROCESSES = str(min(4, len(os.sched_getaffinity(0)) + 1))
CHECKS = (
    (sys.executable, "-m", "ruff", "check", "."),
    (sys.executable, "-m", "ruff", "format", "--check", "."),
    (sys.executable, "-m", "mypy"),
    (str(PROGRAMS / "lint-imports"), "--no-cache", "--no-logo"),
    (sys.executable, "-m", "pytest", "-n", PROCESSES, "--dist", "worksteal", *sys.argv[1:]),
)


def main():
    failed = []
    for command in CHECKS:
        name = " ".join(Path(part).name for part in command if part != "-m")
        print(f"== {name}", flush=True)
        if subprocess.run(command, cwd=ROOT, check=False).returncode:
            failed.append(name)
    if failed:
        print(f"Failed: {'; '.join(failed)}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
